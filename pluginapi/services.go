package pluginapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Separator stands between the id of a plugin and the name of a service or an
// event that it declares. No name of the host's own has it.
const Separator = "/"

// FullName is how others name a service or an event of a plugin:
// "organization/hasPermission".
func FullName(plugin, name string) string { return plugin + Separator + name }

// SplitName divides the full name of a service or an event into the id of the
// plugin that declares it and its name there. ok is false for names of the
// host's own.
func SplitName(full string) (plugin, name string, ok bool) {
	return strings.Cut(full, Separator)
}

// PluginEvent is an event that a plugin raises with the function plugins.raise.
type PluginEvent struct {
	Description string `json:"description,omitempty"`
	// Record is a JSON Schema, of the subset of Schema, of what the event is
	// about; none: any object.
	Record json.RawMessage `json:"record,omitempty"`
	// When is WhenBefore (default) or WhenAfter.
	When string `json:"when,omitempty"`
}

// When the hooks on an event of a plugin's are called.
const (
	// WhenBefore: within the unit of work that raises it, to give a verdict.
	// Their one failure policy is FailDeny.
	WhenBefore = "before"
	// WhenAfter: when the unit of work is committed, to be told of it. They may
	// declare FailSkip, and may ask for durable delivery.
	WhenAfter = "after"
)

// Event returns the declaration as the contract describes its own events.
func (e PluginEvent) Event(full string) *Event {
	if cmp.Or(e.When, WhenBefore) == WhenAfter {
		return &Event{Name: full, Failures: observer, Durable: true, Sees: []string{"record"}}
	}
	return &Event{Name: full, Failures: verdict, Sees: []string{"record", "event.plugin"}, May: "refuse"}
}

var (
	eventPattern   = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,30}\.[a-z][A-Za-z0-9]{0,30}$`)
	servicePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?/[a-z][A-Za-z0-9]{0,62}$`)
)

// PluginGrant reports whether a name is that of a service or an event of a
// plugin's, as operators grant them.
func PluginGrant(name string) bool {
	plugin, event, ok := SplitName(name)
	return ok && (servicePattern.MatchString(name) || idPattern.MatchString(plugin) && eventPattern.MatchString(event))
}

// Uses lists the services and events of other plugins that the manifest names,
// by their full names: what operators grant one by one.
func (m *Manifest) Uses() []string {
	var names []string
	add := func(name string) {
		plugin, _, ofPlugin := SplitName(name)
		if ofPlugin && plugin != m.ID && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if c, ok := m.Capability(CapPlugins); ok {
		for _, name := range c.Services {
			add(name)
		}
	}
	for _, h := range m.Handlers {
		add(h.Event)
	}
	return names
}

// validateServices checks the services that a manifest asks for.
func (m *Manifest) validateServices(r *report, at string, services []string) {
	if len(services) == 0 && len(m.Events) == 0 {
		r.add(at, "the capability %q needs services to call, or events of the manifest to raise", CapPlugins)
	}
	for i, name := range services {
		r.want(at+".services", name, servicePattern)
		if slices.Contains(services[:i], name) {
			r.add(at+".services", "%q is asked for twice", name)
		}
		if plugin, service, _ := SplitName(name); plugin == m.ID && m.service(service) == nil {
			r.add(at+".services", "this manifest has no service %q", service)
		}
	}
}

// service returns the handler of a service of the manifest's own, or nil.
func (m *Manifest) service(name string) *Handler {
	for i := range m.Handlers {
		if h := &m.Handlers[i]; h.Kind == KindService && h.Service == name {
			return h
		}
	}
	return nil
}

// validateService checks handlers[i], which is a service.
func (m *Manifest) validateService(r *report, at string, i int) {
	h := &m.Handlers[i]
	r.want(at+".service", h.Service, handlerPattern)
	for n := range m.Handlers[:i] {
		other := &m.Handlers[n]
		if other.Kind == KindService && other.Service == h.Service && slices.ContainsFunc(Dialects(), func(d string) bool { return other.In(d) && h.In(d) }) {
			r.add(at+".service", "%q is also the service of handlers[%d]", h.Service, n)
		}
	}
	if before(m.ABI, 1, 1) {
		r.add(at+".kind", `services need "abi": "1.1" or later`)
	}
	h.refuseEndpointMembers(r, at)
	h.refuseHookMembers(r, at)
	h.refuseScheduleMembers(r, at)
	checkSchema(r, at+".input", h.Input)
	checkSchema(r, at+".output", h.Output)
}

// refuseServiceMembers reports what only services have.
func (h *Handler) refuseServiceMembers(r *report, at string) {
	if h.Service != "" || h.Input != nil || h.Output != nil {
		r.add(at, "service, input and output are for services")
	}
}

// validateRaised checks the events that a manifest declares.
func (m *Manifest) validateRaised(r *report) {
	for name, e := range m.Events {
		at := "events." + name
		r.want(at, name, eventPattern)
		r.oneOf(at+".when", e.When, "", WhenBefore, WhenAfter)
		checkSchema(r, at+".record", e.Record)
	}
	if len(m.Events) == 0 {
		return
	}
	if before(m.ABI, 1, 1) {
		r.add("events", `events of plugins need "abi": "1.1" or later`)
	}
	if _, asked := m.Capability(CapPlugins); !asked {
		r.add("events", `events are raised with the capability %q; add {"name": %q} to "capabilities"`, CapPlugins, CapPlugins)
	}
}

// eventsLike lists the events about what a name is about, or all if it is about
// something else.
func eventsLike(name string) []string {
	about, _, _ := strings.Cut(name, ".")
	like := slices.DeleteFunc(Events(), func(event string) bool { return !strings.HasPrefix(event, about+".") })
	if len(like) == 0 {
		return Events()
	}
	return like
}

// hookedEvent finds the event that a hook names, and reports one that there is
// not. known is false of an event of another plugin's: whether there is one, and
// which failures its hooks may have, is seen where that plugin is.
func (m *Manifest) hookedEvent(r *report, at, name string) (e *Event, known bool) {
	plugin, event, ofPlugin := SplitName(name)
	if !ofPlugin {
		if e, known = FindEvent(name); !known {
			r.add(at+".event", "%q is not an event of ABI %d.%d; there are %s", name, Major, Minor, quoted(eventsLike(name)))
		}
		return e, known
	}
	if before(m.ABI, 1, 1) {
		r.add(at+".event", `events of plugins need "abi": "1.1" or later`)
	}
	if !idPattern.MatchString(plugin) || !eventPattern.MatchString(event) {
		r.add(at+".event", "%q is not the id of a plugin, a slash and an event such as member.added", name)
	}
	if plugin != m.ID {
		return nil, false
	}
	declared, ok := m.Events[event]
	if !ok {
		r.add(at+".event", "%q is not in the events of this manifest", event)
		return nil, false
	}
	return declared.Event(name), true
}

// CheckHook reports what a hook has that it cannot have on an event of another
// plugin's, given that plugin's declaration of it.
func (h *Handler) CheckHook(e PluginEvent) error {
	of := e.Event(h.Event)
	switch {
	case h.Failure == FailSkip && !slices.Contains(of.Failures, FailSkip):
		return fmt.Errorf(`a hook on %q gives a verdict and must fail closed; remove "failure": %q from its manifest`, h.Event, FailSkip)
	case h.Durable() && !of.Durable:
		return fmt.Errorf(`%q cannot be delivered later, since its hooks give a verdict; remove "delivery" from the manifest`, h.Event)
	}
	return nil
}
