package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// noteDurable puts an event aside for every hook that must not miss it, and
// for each of its targets.
func (ex *Exchange) noteDurable(event string, record *store.Record, previous *document.Object) {
	for _, e := range ex.set.hooks[event] {
		if !e.Handler.Durable() || !matching(e.Handler.Match, ex, "") {
			continue
		}
		o := outbox.Event{
			Plugin: e.Plugin.ID, Handler: e.Handler.Number, Hook: e.Handler.Name, Name: event, Subject: subject(event, record),
			Version: record.Version, Record: storable(event, record.Fields), Previous: storable(event, previous), Time: ex.Now,
		}
		if e.Handler.DeliverTo == "" {
			ex.durable = append(ex.durable, o)
			continue
		}
		for _, o.Target = range e.Plugin.targets(e.Handler.DeliverTo, event) {
			ex.durable = append(ex.durable, o)
		}
	}
}

// noteRaised puts an event that a plugin raises aside likewise.
func (ex *Exchange) noteRaised(event string, record *document.Object) {
	ex.noteDurable(event, &store.Record{Fields: record}, nil)
}

// subject is the user that a record is about: events of one are in order.
func subject(event string, record *store.Record) string {
	if strings.HasPrefix(event, "user.") {
		return record.ID
	}
	return record.Str("userId")
}

// storable is a record as it may be kept beside its own table for a while:
// without the token that is as good as a password.
func storable(event string, record *document.Object) *document.Object {
	if record == nil {
		return nil
	}
	c := record.Clone()
	if strings.HasPrefix(event, "session.") {
		c.Delete("token")
	}
	return c
}

// targets lists the members of the configuration's object that want an event:
// those with a list "events" want what is in it, others everything.
func (p *Plugin) targets(member, event string) []string {
	var out []string
	for name, target := range walk(p.Config, strings.Split(member, ".")).Object().All() {
		wanted := target.Get("events")
		if wanted.Kind() != document.Array || slices.ContainsFunc(wanted.Items(), func(v document.Value) bool { return v.Str() == event }) {
			out = append(out, name)
		}
	}
	return out
}

// enqueue writes the durable events of the open unit of work into it, and forgets
// the appointments that it has cancelled. It is the last thing that the unit does.
func (ex *Exchange) enqueue(ctx context.Context) error {
	if len(ex.cancelled) > 0 {
		if err := outbox.Forget(ctx, ex.Tx(), ex.cancelled); err != nil {
			return err
		}
	}
	if len(ex.durable) == 0 {
		return nil
	}
	lanes, err := outbox.Append(ctx, ex.Tx(), ex.Realm.Store, ex.durable, ex.Now)
	if err == nil {
		ex.onCommitted(lanes)
	}
	return err
}

// onCommitted has the outbox told of lanes when the open unit of work is
// committed.
func (ex *Exchange) onCommitted(lanes []string) {
	if ex.Realm.Outbox != nil {
		ex.Tx().OnCommit(func() { ex.Realm.Outbox.Committed(lanes) })
	}
}

// Deliver hands an entry of the outbox to the hook that it was written for, or an
// appointment to its schedule. What the handler writes and the end of the entry
// are one unit of work. A handler that denies refuses the entry for good; that
// and every other error is for the outbox.
func (ex *Exchange) Deliver(ctx context.Context, e *outbox.Entry, finish outbox.Finish) error {
	handler, err := ex.set.durable(e)
	if err != nil {
		return err
	}
	var call *Call
	var result pluginapi.Result
	err = ex.Unit(ctx, func(ctx context.Context) error {
		if call, err = ex.delivered(ctx, e); err != nil {
			return err
		}
		if result, err = ex.run(ctx, handler, call); err != nil {
			return err
		}
		return finish(ctx, ex.Tx())
	})
	switch {
	case err == nil:
		ex.RunObservers(ctx)
	case result == pluginapi.Deny:
		return &outbox.Refused{Reason: call.denial.message}
	case call.denial.message != "" && !errors.Is(err, outbox.ErrTaken):
		return errors.New(call.denial.message)
	}
	return err
}

// delivered makes the call for an entry. An appointment is over when its handler
// runs, so that it can make another one.
func (ex *Exchange) delivered(ctx context.Context, e *outbox.Entry) (*Call, error) {
	if e.Schedule == "" {
		return &Call{event: e.Name, record: e.Record, previous: e.Previous, delivery: e}, nil
	}
	return &Call{due: e.Time, appointment: e, input: document.Obj(e.Record)}, outbox.Claim(ctx, ex.Tx(), e, ex.Now)
}

// written reports whether an entry was written for a hook on its event. Numbers
// of handlers with a name change with the manifest, so the name counts; an
// entry from before the handler had one is for the plugin's first.
func written(h *pluginapi.Handler, e *outbox.Entry) bool {
	if h.Name == "" {
		return h.Number == e.Handler
	}
	return e.Hook == "" || e.Hook == h.Name
}

// durable finds the handler that an entry was written for.
func (s *Set) durable(e *outbox.Entry) (Entry, error) {
	if e.Schedule != "" {
		if to, ok := s.appointed[pluginapi.FullName(e.Plugin, e.Schedule)]; ok {
			return to.Entry, nil
		}
		return Entry{}, fmt.Errorf("plugin %q is not enabled any more, or has no schedule %q for appointments", e.Plugin, e.Schedule)
	}
	for _, p := range s.plugins {
		if p.ID != e.Plugin {
			continue
		}
		for _, hook := range s.hooks[e.Name] {
			if hook.Plugin != p || !hook.Handler.Durable() || !written(hook.Handler, e) {
				continue
			}
			if to := hook.Handler.DeliverTo; to != "" && !walk(p.Config, strings.Split(to, ".")).Object().Has(e.Target) {
				return Entry{}, fmt.Errorf("plugin %q is not configured with the target %q any more", e.Plugin, e.Target)
			}
			return hook, nil
		}
		return Entry{}, fmt.Errorf("plugin %q does not take %s with handler %d any more", e.Plugin, e.Name, e.Handler)
	}
	return Entry{}, fmt.Errorf("plugin %q is not enabled any more", e.Plugin)
}
