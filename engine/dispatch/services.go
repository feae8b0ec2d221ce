package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/validate"
	"github.com/authhost/authhost/pluginapi"
)

// service is a handler that other plugins call, with what it takes and gives;
// a nil schema is any object.
type service struct {
	Entry
	input, output *pluginapi.Schema
}

// raisable is an event that a plugin raises.
type raisable struct {
	pluginapi.PluginEvent
	record *pluginapi.Schema // nil: any object
}

func (s *Set) addService(e Entry) error {
	at := "the service " + pluginapi.FullName(e.Plugin.ID, e.Handler.Service)
	input, err := optionalSchema(at, e.Handler.Input)
	if err != nil {
		return err
	}
	output, err := optionalSchema(at, e.Handler.Output)
	if err != nil {
		return err
	}
	s.services[pluginapi.FullName(e.Plugin.ID, e.Handler.Service)] = &service{e, input, output}
	return nil
}

// addEvents notes the events that a plugin raises.
func (s *Set) addEvents(p *Plugin) error {
	for name, e := range p.Manifest.Events {
		full := pluginapi.FullName(p.ID, name)
		record, err := optionalSchema("the event "+full, e.Record)
		if err != nil {
			return err
		}
		s.events[full] = &raisable{e, record}
	}
	return nil
}

func optionalSchema(at string, raw json.RawMessage) (*pluginapi.Schema, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	schema, err := pluginapi.ParseSchema(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return schema, nil
}

// CallService calls a service for the plugin whose host call c makes, within the
// open unit of work. The service has the grants of its own plugin. Its fuel and
// time come out of those of the caller. Of a service that does not end well
// nothing is kept, and its caller may go on. The error is a *Refusal with what
// the caller may know, or the *Denied of the service.
func (ex *Exchange) CallService(ctx context.Context, name string, input *document.Object) (*document.Object, error) {
	s, ok := ex.set.services[name]
	if !ok {
		return nil, &Refusal{Status: pluginapi.StatusUnsupported, Message: "there is no service " + name}
	}
	call := &Call{service: s, input: document.Obj(input)}
	if err := fits("input", s.input, call.input); err != nil {
		return nil, err
	}
	if err := ex.nested(ctx, s.Entry, call); err != nil {
		return nil, ofPlugin(name, err)
	}
	return call.output.Object(), nil
}

// checkOutput checks what a service gives; of other handlers there is nothing to
// check.
func (c *Call) checkOutput() error {
	if c.service == nil {
		return nil
	}
	if c.output.IsAbsent() {
		c.output = document.Obj(document.NewObject(0))
	}
	if err := validate.Check("output", c.service.output, c.output); err != nil {
		return apierror.Internal(fmt.Errorf("plugin %s: what it gives is not as its manifest says: %w", c.service.name(), err))
	}
	return nil
}

// Raise raises an event of a plugin's. If its hooks give a verdict they run
// within the open unit of work, and the first that does not let it happen ends
// it; else they are called when that is committed. Errors are as those of
// CallService.
func (ex *Exchange) Raise(ctx context.Context, plugin, event string, record *document.Object) error {
	name := pluginapi.FullName(plugin, event)
	e, ok := ex.set.events[name]
	if !ok {
		return &Refusal{Status: pluginapi.StatusDenied, Message: "the manifest does not declare the event " + event}
	}
	if err := fits("record", e.record, document.Obj(record)); err != nil {
		return err
	}
	if e.When == pluginapi.WhenAfter {
		ex.raised(name, record)
		return nil
	}
	if err := ex.Verdict(ctx, name, record, nil); err != nil {
		return ofPlugin(name, err)
	}
	return nil
}

// raised lets the hooks on an event be called when the open unit of work is
// committed.
func (ex *Exchange) raised(name string, record *document.Object) {
	if !ex.set.Has(name) {
		return
	}
	ex.noteRaised(name, record)
	ex.Tx().OnCommit(func() { ex.observed = append(ex.observed, observation{name, record.Clone(), nil}) })
}

// fits refuses a value that is not what a schema says, in the words of the
// schema.
func fits(place string, schema *pluginapi.Schema, v document.Value) error {
	err := validate.Check(place, schema, v)
	if err == nil {
		return nil
	}
	return &Refusal{Status: pluginapi.StatusInvalid, Message: apierror.From(err).Message}
}

// ofPlugin is the error of another plugin's handler as a caller sees it: a
// verdict, what may pass if it is tried again, or a fault that is no business of
// the caller's.
func ofPlugin(name string, err error) error {
	var denied *Denied
	var nesting *sandbox.NestingError
	switch {
	case errors.As(err, &denied):
		return err
	case errors.As(err, &nesting):
		return &Refusal{Status: pluginapi.StatusLimit, Message: "plugins call one another too deeply, or in a circle", Cause: err}
	}
	r := asRefusal(err)
	switch r.Status {
	case pluginapi.StatusLimit, pluginapi.StatusTimeout, pluginapi.StatusUnavailable:
		return &Refusal{Status: r.Status, Message: r.Message, Cause: err}
	}
	return &Refusal{Status: pluginapi.StatusInternal, Message: "internal error", Cause: fmt.Errorf("%s: %w", name, err)}
}
