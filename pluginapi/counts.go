package pluginapi

import "fmt"

// Most members of a manifest: many times what plugins have. A server checks
// manifests when it starts and reloads, for each tenant again.
const (
	MaxHandlers     = 1000
	MaxCapabilities = 64
	MaxPermissions  = 64
	MaxModels       = 100
	MaxFields       = 200 // of a model, or added to one
	MaxIndexes      = 50  // of a model
	MaxCookies      = 100
	MaxNamed        = 500 // errors, mails, messages, events and imports, of each
	MaxEntries      = 500 // of a list in a capability or handler
)

// validateCounts reports lists with too many members.
func (m *Manifest) validateCounts(r *report) {
	r.most("handlers", len(m.Handlers), MaxHandlers)
	r.most("capabilities", len(m.Capabilities), MaxCapabilities)
	r.most("permissions", len(m.Permissions), MaxPermissions)
	r.most("models", len(m.Models), MaxModels)
	r.most("cookies", len(m.Cookies), MaxCookies)
	r.most("errors", len(m.Errors), MaxNamed)
	r.most("mails", len(m.Mails), MaxNamed)
	r.most("messages", len(m.Messages), MaxNamed)
	r.most("events", len(m.Events), MaxNamed)
	r.most("imports", len(m.Imports), MaxNamed)
	if r.errs != nil {
		return
	}
	for name, model := range m.Models {
		r.most("models."+name+".fields", len(model.Fields), MaxFields)
		r.most("models."+name+".indexes", len(model.Indexes), MaxIndexes)
	}
	for name, fields := range m.Fields {
		r.most("fields."+name, len(fields), MaxFields)
	}
	for i, c := range m.Capabilities {
		most := max(len(c.Read), len(c.Write), len(c.Keys), len(c.Purposes), len(c.Hosts), len(c.Services))
		r.most(fmt.Sprintf("capabilities[%d]", i), most, MaxEntries)
	}
	for i := range m.Handlers {
		h := &m.Handlers[i]
		most := max(len(h.Before), len(h.After), len(h.Errors), len(h.MediaTypes), len(h.RequiredUnless), len(h.Dialects))
		if x := h.Match; x != nil {
			most = max(most, len(x.Paths), len(x.Methods), len(x.Phases), len(x.Headers))
		}
		r.most(fmt.Sprintf("handlers[%d]", i), most, MaxEntries)
	}
}

// most reports a count above a bound.
func (r *report) most(at string, n, bound int) {
	if n > bound {
		r.add(at, "%d are more than the %d that are allowed", n, bound)
	}
}
