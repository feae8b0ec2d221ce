package plugintest

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// Service stands in for a service of another plugin. Its error, an *sdk.Error or
// one that sdk.HostError wraps a status in, is what the caller gets.
type Service func(input Object) (Object, error)

// Raised is an event that the plugin raised.
type Raised struct {
	Event  string // as the manifest has it
	Record Object
}

// OnService plays a service of another plugin, such as
// "organization/hasPermission".
func (h *Host) OnService(name string, f Service) { h.services[name] = f }

// Raised returns the events that the plugin raised, oldest first.
func (h *Host) Raised() []Raised { return h.state.Raised }

// CallService calls a service of the plugin, as another plugin does. A service
// that refuses gives an *sdk.Error; one that fails, or is not called with what
// it takes, an *sdk.HostError.
func (h *Host) CallService(name string, input Object) (Object, error) {
	h.t.Helper()
	x := h.service(name)
	if x == nil {
		h.t.Fatalf("plugintest: the manifest has no service %q", name)
	}
	h.begin(Request{Path: "/"}, "/", Object{})
	h.kept = nil
	var output Object
	refused := try(func() { output = h.runService(x, clone(input), "caller") })
	if refused == nil {
		h.observe()
		return output, nil
	}
	if refused.sdk == sdk.Denied {
		return nil, &sdk.Error{Status: refused.status, Code: refused.code, Message: refused.message}
	}
	return nil, &sdk.HostError{Status: refused.sdk, Function: pluginapi.FullName(h.manifest.ID, name), Code: refused.code, Message: refused.message}
}

// service returns the handler of a service of the plugin, or nil.
func (h *Host) service(name string) *pluginapi.Handler {
	i := slices.IndexFunc(h.manifest.Handlers, func(x pluginapi.Handler) bool { return x.Kind == pluginapi.KindService && x.Service == name })
	if i < 0 {
		return nil
	}
	return &h.manifest.Handlers[i]
}

// callService is plugins.call.
func (h *Host) callService(a Object) Object {
	h.t.Helper()
	full := text(a["service"])
	plugin, name, _ := pluginapi.SplitName(full)
	if plugin == h.manifest.ID {
		return Object{"output": h.runService(h.service(name), object(a["input"]), plugin)}
	}
	play := h.services[full]
	if play == nil {
		h.t.Errorf("plugintest: the plugin calls %s; say with OnService what it gives", full)
		refuse(sdk.Unsupported, "there is no service "+full)
	}
	output, err := play(object(a["input"]))
	if err != nil {
		panic(played(err))
	}
	if output == nil {
		output = Object{}
	}
	return Object{"output": clone(output)}
}

// played is the error of a service that a test plays, as its caller gets it.
func played(err error) *refusal {
	if verdict, ok := errors.AsType[*sdk.Error](err); ok {
		return &refusal{sdk: sdk.Denied, code: verdict.Code, message: verdict.Message, status: cmp.Or(verdict.Status, pluginapi.DefaultErrorStatus)}
	}
	if refused, ok := errors.AsType[*sdk.HostError](err); ok {
		return &refusal{sdk: refused.Status, code: refused.Code, message: refused.Message}
	}
	return &refusal{sdk: sdk.Internal, message: "internal error"}
}

// runService runs a service of the plugin inside the open unit of work, on an
// answer of its own.
func (h *Host) runService(x *pluginapi.Handler, input Object, caller string) Object {
	fits("input", x.Input, input, sdk.Invalid)
	if slices.Contains(h.running, x) {
		refuse(sdk.Limit, tooDeep)
	}
	ex := h.exchange
	before := *ex
	ex.response = newResponse()
	c := h.newCall(Event{Cause: caller})
	c.service, c.root["input"] = true, input
	h.last = c
	var output Object
	refused := h.attempt(func() *refusal {
		if _, r := h.run(x, c); r != nil {
			return r
		}
		output = outputOf(c)
		return try(func() { fits("output", x.Output, output, sdk.Internal) })
	})
	own := ex.response
	if refused != nil {
		*ex = before
		panic(ofPlugin(refused))
	}
	ex.response = before.response
	h.addAnswer(own)
	return output
}

// outputOf is what a service gives.
func outputOf(c *call) Object {
	if output := object(c.root["output"]); output != nil {
		return output
	}
	return Object{}
}

// raiseEvent is plugins.raise.
func (h *Host) raiseEvent(a Object) Object {
	name, record := text(a["event"]), object(a["record"])
	e, declared := h.manifest.Events[name]
	if !declared {
		refuse(sdk.Denied, "the manifest does not declare the event "+name)
	}
	fits("record", e.Record, record, sdk.Invalid)
	full := pluginapi.FullName(h.manifest.ID, name)
	h.state.Raised = append(h.state.Raised, Raised{name, clone(record)})
	if e.When == pluginapi.WhenAfter {
		h.exchange.happened = append(h.exchange.happened, Event{Name: full, Record: clone(record)})
		return nil
	}
	if refused := try(func() { h.verdict(full, record, nil) }); refused != nil {
		panic(ofPlugin(refused))
	}
	return nil
}

// tooDeep is what the caller of a service is told that waits for itself.
const tooDeep = "plugins call one another too deeply, or in a circle"

// ofPlugin is the error of another handler as a caller sees it: a verdict, what
// may pass if it is tried again, or a fault that is no business of the caller's.
func ofPlugin(r *refusal) *refusal {
	switch r.sdk {
	case sdk.Denied, sdk.Limit, sdk.Timeout, sdk.Unavailable:
		return r
	}
	return &refusal{sdk: sdk.Internal, message: "internal error"}
}

// fits refuses a value that is not what a schema of the manifest says.
func fits(place string, raw json.RawMessage, v Object, status sdk.Status) {
	if len(raw) == 0 {
		return
	}
	schema, err := pluginapi.ParseSchema(raw)
	if err == nil {
		err = schema.Check(place, v)
	}
	if err != nil {
		refuse(status, err.Error())
	}
}
