package dispatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// MissingError says that a plugin names a service or an event of another plugin
// which the tenant does not have.
type MissingError struct {
	Plugin string   // which names it
	Use    string   // how: "calls the service" or "has a hook on"
	Name   string   // full name of what it names
	Has    []string // what the other plugin has of the sort, by full name
	There  bool     // the other plugin is enabled
}

// Error says which plugin lacks, and what to do.
func (e *MissingError) Error() string {
	owner, _, _ := pluginapi.SplitName(e.Name)
	what := fmt.Sprintf("plugin %q %s %q, ", e.Plugin, e.Use, e.Name)
	switch {
	case !e.There:
		return what + fmt.Sprintf("but the plugin %q is not enabled; enable it, or disable %q", owner, e.Plugin)
	case len(e.Has) == 0:
		return what + fmt.Sprintf("but the plugin %q has none; use versions of the two that fit, or disable %q", owner, e.Plugin)
	}
	return what + fmt.Sprintf("which the plugin %q does not have; it has %s. Use versions of the two that fit, or disable %q", owner, strings.Join(e.Has, ", "), e.Plugin)
}

// Link checks that everything which plugins name of one another is there. A
// service or an event that no plugin of the set has is a *MissingError.
func (s *Set) Link() error {
	for _, p := range s.plugins {
		c, _ := p.Capability(pluginapi.CapPlugins)
		for _, name := range c.Services {
			if s.services[name] == nil {
				return s.missing(p, "calls the service", name, slices.Sorted(maps.Keys(s.services)))
			}
		}
		for i := range p.Manifest.Handlers {
			if err := s.linkHook(p, &p.Manifest.Handlers[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Set) linkHook(p *Plugin, h *pluginapi.Handler) error {
	if _, _, ofPlugin := pluginapi.SplitName(h.Event); !ofPlugin {
		return nil
	}
	e := s.events[h.Event]
	if e == nil {
		return s.missing(p, "has a hook on", h.Event, slices.Sorted(maps.Keys(s.events)))
	}
	if err := h.CheckHook(e.PluginEvent); err != nil {
		return fmt.Errorf("plugin %q: %w", p.ID, err)
	}
	return nil
}

// missing says that a name is not among those which the plugins have.
func (s *Set) missing(p *Plugin, use, name string, all []string) error {
	owner, _, _ := pluginapi.SplitName(name)
	e := &MissingError{Plugin: p.ID, Use: use, Name: name}
	e.There = slices.ContainsFunc(s.plugins, func(other *Plugin) bool { return other.ID == owner })
	for _, has := range all {
		if plugin, _, _ := pluginapi.SplitName(has); plugin == owner {
			e.Has = append(e.Has, has)
		}
	}
	return e
}
