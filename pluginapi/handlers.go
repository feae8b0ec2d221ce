package pluginapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// DefaultErrorStatus is the HTTP status of an error whose declaration has none.
const DefaultErrorStatus = http.StatusBadRequest

// ErrorAnswer is an error that a plugin's handlers refuse with. In a manifest
// it is an object, or the message alone.
type ErrorAnswer struct {
	Code    *string `json:"code,omitempty"`   // default: the name under which it stands; "": the answer has none
	Status  int     `json:"status,omitempty"` // of HTTP; default DefaultErrorStatus
	Message string  `json:"message"`          // "": the answer has none; without a code, too, it has no body
}

// UnmarshalJSON reads an object, or a message.
func (e *ErrorAnswer) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &e.Message)
	}
	type plain ErrorAnswer
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode((*plain)(e))
}

// Error returns an error of the manifest with its defaults filled in, and
// whether there is one of that name.
func (m *Manifest) Error(name string) (ErrorAnswer, bool) {
	e, ok := m.Errors[name]
	if e.Code == nil {
		e.Code = &name
	}
	if e.Status == 0 {
		e.Status = DefaultErrorStatus
	}
	return e, ok
}

// numberHandlers gives handlers with a name their numbers.
func (m *Manifest) numberHandlers() {
	numbers := m.numbers()
	for i := range m.Handlers {
		if h := &m.Handlers[i]; h.Name != "" && h.Number == 0 {
			h.Number = numbers[h.Name]
		}
	}
}

// numbers returns the numbers of the handlers that have names: the place of the
// first of each name.
func (m *Manifest) numbers() map[string]int32 {
	out := map[string]int32{}
	for i := range m.Handlers {
		if name := m.Handlers[i].Name; name != "" {
			if _, taken := out[name]; !taken {
				out[name] = int32(i)
			}
		}
	}
	return out
}

// validateNumbers checks that a module knows each handler by one number.
func (m *Manifest) validateNumbers(r *report) {
	names := m.numbers()
	numbers := map[int32]int{}
	for i := range m.Handlers {
		h, at := &m.Handlers[i], fmt.Sprintf("handlers[%d]", i)
		if len(names) > 0 {
			m.validateName(r, at, h, names)
			continue
		}
		if h.Number < 0 {
			r.add(at+".number", "%d is negative", h.Number)
		}
		if other, taken := numbers[h.Number]; taken {
			r.add(at+".number", "%d is also the number of handlers[%d]", h.Number, other)
		}
		numbers[h.Number] = i
	}
}

func (m *Manifest) validateName(r *report, at string, h *Handler, numbers map[string]int32) {
	switch {
	case h.Name == "":
		r.add(at+".handler", "other handlers of this manifest have names, so this one needs one, too")
		return
	case h.Number != numbers[h.Name]:
		r.add(at+".number", "a handler with a name has no number; remove it")
	}
	r.want(at+".handler", h.Name, handlerPattern)
	if before(m.ABI, 1, 1) {
		r.add(at+".handler", `names of handlers need "abi": "1.1" or later`)
	}
}

// validateErrors checks the manifest's errors, and those that endpoints name.
func (m *Manifest) validateErrors(r *report) {
	for name := range m.Errors {
		r.want("errors", name, codePattern)
		e, _ := m.Error(name)
		if *e.Code != "" && *e.Code != name {
			r.want("errors."+name+".code", *e.Code, codePattern)
		}
		if e.Status < 400 || e.Status > 599 {
			r.add("errors."+name+".status", "%d is not from 400 to 599", e.Status)
		}
	}
	for i := range m.Handlers {
		for _, name := range m.Handlers[i].Errors {
			if _, ok := m.Errors[name]; !ok {
				r.add(fmt.Sprintf("handlers[%d].errors", i), "%q is not in the errors of the manifest", name)
			}
		}
	}
}

// MayBeginSessions reports whether the plugin has a way to sign users in: it asks
// for sessions, and has an endpoint that is open to whoever is not signed in.
func (m *Manifest) MayBeginSessions() bool {
	_, asks := m.Capability(CapSession)
	return asks && slices.ContainsFunc(m.Handlers, func(h Handler) bool {
		return h.Kind == KindEndpoint && h.Access == "" && h.Session != SessionRequired && h.Session != SessionFresh
	})
}
