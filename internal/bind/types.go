package bind

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// inputs writes the types of bodies, queries and inputs of services and
// schedules. Their members are read one by one, when they are asked for: a
// password that is only handed on stays in the host.
func (w *writer) inputs(m *pluginapi.Manifest) error {
	done := map[string]bool{}
	for i := range m.Handlers {
		h := &m.Handlers[i]
		if done[h.Name] {
			continue
		}
		done[h.Name] = true
		for _, p := range partsOf(h) {
			if err := w.input(h, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// inputPart is a part of the document that a handler's schema describes.
type inputPart struct {
	name  string // "body"
	of    string // of what, for people: "POST /visits"
	holds string // what the generated type embeds
	read  string // what reads a member of it, by name or, of input, by path
	path  string // of the part
	raw   json.RawMessage
}

// partsOf lists what a handler takes.
func partsOf(h *pluginapi.Handler) []inputPart {
	route := h.Method + " " + h.Path
	called := "the service " + h.Service
	if h.Kind == pluginapi.KindSchedule {
		called = "the schedule " + h.Schedule
	}
	return []inputPart{
		{"body", route, "sdk.Request", "x.Request.Body", "request.body", h.Body},
		{"query", route, "sdk.Request", "x.Request.Query", "request.query", h.Query},
		{"input", called, "*sdk.Call", "x.Call.Get", "input", h.Input},
	}
}

func (w *writer) input(h *pluginapi.Handler, part inputPart) error {
	if len(part.raw) == 0 {
		return nil
	}
	var s schema
	if err := json.Unmarshal(part.raw, &s); err != nil {
		return fmt.Errorf("%s of %s: %w", part.name, h.Name, err)
	}
	properties, required := s.Properties, s.Required
	for _, further := range s.AllOf {
		properties, required = append(properties, further.Properties...), append(required, further.Required...)
	}
	if len(properties) == 0 {
		return nil
	}
	name := h.Name + exported(part.name)
	w.line("// %s is the %s of %s.", name, part.name, part.of)
	w.line("type %s struct{ %s }\n", name, part.holds)
	for _, p := range properties {
		w.inputMember(name, part, p, slices.Contains(required, p.name))
	}
	return nil
}

func (w *writer) inputMember(name string, part inputPart, p member, required bool) {
	goType := p.goType(required)
	if goType == "" {
		goType = "sdk.Value"
	}
	method := exported(p.name)
	doc := p.Description
	path := part.path + "." + pluginapi.EscapeName(p.name)
	value := fmt.Sprintf("%s(%q)", part.read, p.name)
	if part.name == "input" {
		value = fmt.Sprintf("%s(%q)", part.read, path)
	}
	if p.Format == pluginapi.FormatPassword {
		goType, value = "sdk.Value", fmt.Sprintf("sdk.Copy(%q)", path)
		doc = strings.TrimSuffix(doc, ".") + ". It stays in the host: the value is for handing it on"
	}
	w.comment("", method+" is the member "+p.name+". "+doc)
	w.line("func (x %s) %s() %s { return %s }\n", name, method, goType, readInput(goType, value, p.Default))
}

// readInput is read for bodies and queries, which come as they were sent: the
// host fills in defaults of the configuration alone.
func readInput(goType, v string, fallback json.RawMessage) string {
	switch {
	case len(fallback) == 0:
	case goType == "bool" && string(fallback) == "true":
		return "!" + v + ".IsFalse()"
	case goType == "string":
		return v + ".StringOr(" + string(fallback) + ")"
	case goType == "int64":
		return v + ".Int(" + string(fallback) + ")"
	}
	return read(goType, v)
}

// comment writes a comment in lines of at most 77 characters, nothing for "".
func (w *writer) comment(indent, text string) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "`", ""))
	if text == "" {
		return
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	line := indent + "//"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 77 {
			w.line("%s", line)
			line = indent + "//"
		}
		line += " " + word
	}
	w.line("%s", line)
}

// initialisms are words that Go writes in capitals.
var initialisms = map[string]string{
	"id": "ID", "oauth": "OAuth", "pkce": "PKCE", "url": "URL", "uri": "URI", "ip": "IP", "jwks": "JWKS", "jwt": "JWT", "otp": "OTP", "totp": "TOTP", "html": "HTML", "http": "HTTP",
}

// exported is a name of the manifest as an exported name in Go: user_not_found
// is UserNotFound, userId is UserID, totp-secret is TOTPSecret.
func exported(name string) string {
	var out strings.Builder
	for _, word := range words(name) {
		if capital, ok := initialisms[strings.ToLower(word)]; ok {
			out.WriteString(capital)
			continue
		}
		out.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return out.String()
}

// unexported is a name of the manifest as an unexported name in Go:
// verify-email is verifyEmail.
func unexported(name string) string {
	first := words(name)[0]
	return strings.ToLower(first) + strings.TrimPrefix(exported(name), exported(first))
}

// words splits camelCase, snake_case, kebab-case and the parts of full names. Capitals in a row are one
// word.
func words(name string) []string {
	var out []string
	word := ""
	end := func() {
		if word != "" {
			out = append(out, word)
		}
		word = ""
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch upper := c >= 'A' && c <= 'Z'; {
		case c == '_' || c == '-' || c == '.' || c == '/':
			end()
		case upper && i > 0 && !(name[i-1] >= 'A' && name[i-1] <= 'Z'):
			end()
			word = string(c)
		default:
			word += string(c)
		}
	}
	end()
	return out
}
