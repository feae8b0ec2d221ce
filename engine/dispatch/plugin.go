package dispatch

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/recent"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/pluginapi"
)

// Plugin is a module together with its configuration and grants in one
// tenant. It is immutable once its Set serves; Module and Limits may be set
// until then.
type Plugin struct {
	ID       string
	Manifest *pluginapi.Manifest
	Module   *sandbox.Module
	Config   document.Value // the plugin's configuration as it may read it, defaults filled in
	Secrets  document.Value // the same with the secrets that are only for the host
	Limits   sandbox.Limits // per handler call
	// May is what the plugin sees and changes of the document besides what
	// every plugin does.
	May pluginapi.PermissionSet
	// Fields say which fields of records its hooks see and set.
	Fields grants.Rules
	// Subjects are the fields of users by which its tokens name them, besides
	// their id.
	Subjects []string

	config encoded       // Config, with its text
	told   atomic.Uint32 // the permissions that the log has been told of
}

// Capability returns the manifest's request for a capability, and whether
// there is one. The engine refuses to load a module whose requests were not
// granted, so a request that is here is granted.
func (p *Plugin) Capability(name string) (pluginapi.Capability, bool) {
	return p.Manifest.Capability(name)
}

// Setting returns a value of the plugin's settings, secrets included: it is for
// the host alone.
func (p *Plugin) Setting(path []string) document.Value { return walk(p.Secrets, path) }

// Allows reports whether the first of settings that is set is true.
func (p *Plugin) Allows(settings []string) bool {
	for _, setting := range settings {
		if v := walk(p.Config, strings.Split(setting, ".")); !v.IsNullish() {
			return v.Bool()
		}
	}
	return false
}

// Cookie returns the plugin's declaration of a cookie.
func (p *Plugin) Cookie(name string) (pluginapi.Cookie, bool) {
	return covering(p.Manifest.Cookies, name)
}

// covering returns the declaration that a cookie falls under.
func covering(declared []pluginapi.Cookie, name string) (pluginapi.Cookie, bool) {
	for _, c := range declared {
		if c.Covers(name) {
			return c, true
		}
	}
	return pluginapi.Cookie{}, false
}

// Entry is one handler of one plugin.
type Entry struct {
	Plugin  *Plugin
	Handler *pluginapi.Handler
}

func (e Entry) name() string { return fmt.Sprintf("%s#%d", e.Plugin.ID, e.Handler.Number) }

// Set holds the plugins of a tenant: their endpoints, and their hooks in the
// order in which they run.
type Set struct {
	plugins   []*Plugin
	endpoints []Entry
	hooks     map[string][]Entry
	cookies   []pluginapi.Cookie     // of all plugins
	sealed    []session.SealedCookie // those of them that are sealed
	services  map[string]*service    // by full name
	schedules []Entry
	appointed map[string]appointed // those of them without cron, by full name
	events    map[string]*raisable // that plugins raise, by full name
	memos     *recent.Cache[memoKey, *memo]
}

// NewSet orders plugins and checks that they can live together. Plugins run
// in the given order unless a hook's before and after say otherwise; an
// ordering cycle, two plugins with one id, one route or one cookie are
// errors that name both sides. Whether what they name of one another is there is
// for Link to say.
func NewSet(plugins []*Plugin) (*Set, error) {
	s := &Set{plugins: plugins, hooks: map[string][]Entry{}, memos: recent.New[memoKey, *memo](maxMemos), services: map[string]*service{}, appointed: map[string]appointed{}, events: map[string]*raisable{}}
	ids, routes := map[string]bool{}, map[string]string{}
	for _, p := range plugins {
		if ids[p.ID] {
			return nil, fmt.Errorf("plugin %q is enabled twice", p.ID)
		}
		ids[p.ID] = true
		p.config.value = p.Config
		p.config.json()
		if err := s.addCookies(p); err != nil {
			return nil, err
		}
		if err := s.addEvents(p); err != nil {
			return nil, err
		}
		for _, h := range p.Manifest.Handlers {
			if err := s.addHandler(p, h, routes); err != nil {
				return nil, err
			}
		}
	}
	for event, entries := range s.hooks {
		ordered, err := order(entries)
		if err != nil {
			return nil, fmt.Errorf("hooks on %s: %w", event, err)
		}
		s.hooks[event] = ordered
	}
	return s, nil
}

// addHandler notes a handler of a plugin. routes has whose the routes are.
func (s *Set) addHandler(p *Plugin, h pluginapi.Handler, routes map[string]string) error {
	if err := p.place(&h); err != nil {
		return err
	}
	e := Entry{Plugin: p, Handler: &h}
	switch h.Kind {
	case pluginapi.KindHook:
		s.hooks[h.Event] = append(s.hooks[h.Event], e)
		return nil
	case pluginapi.KindService:
		return s.addService(e)
	case pluginapi.KindSchedule:
		return s.addSchedule(e)
	}
	key := routeKey(h)
	if other, taken := routes[key]; taken {
		return fmt.Errorf("plugins %q and %q both serve %s %s; enable only one of them", other, p.ID, h.Method, h.Path)
	}
	routes[key] = p.ID
	s.endpoints = append(s.endpoints, e)
	return nil
}

// addCookies notes what cookies a plugin declares; no other may declare them.
func (s *Set) addCookies(p *Plugin) error {
	for _, c := range p.Manifest.Cookies {
		for _, other := range s.plugins {
			if other == p {
				break
			}
			for _, theirs := range other.Manifest.Cookies {
				if theirs.Name == c.Name || theirs.Covers(member(c)) || c.Covers(member(theirs)) {
					return fmt.Errorf("plugins %q and %q both declare the cookie %q; enable only one of them", other.ID, p.ID, c.Name)
				}
			}
		}
	}
	s.cookies = append(s.cookies, p.Manifest.Cookies...)
	for _, c := range p.Manifest.Cookies {
		if c.Sealed {
			s.sealed = append(s.sealed, session.SealedCookie{
				Name: c.Name, Salt: secret.CookieSalt(p.ID, c.Name),
				Attributes: session.Attributes{MaxAge: c.MaxAge, SameSite: c.SameSite, Path: c.Path},
			})
		}
	}
	return nil
}

// member is one name that a declaration covers.
func member(c pluginapi.Cookie) string {
	return strings.Replace(c.Name, pluginapi.CookieFamily, "0", 1)
}

// cookie returns the declaration of a cookie, whichever plugin's it is.
func (s *Set) cookie(name string) (pluginapi.Cookie, bool) { return covering(s.cookies, name) }

// sealedCookie returns the sealed cookie of that name, whichever plugin's it is.
func (s *Set) sealedCookie(name string) (session.SealedCookie, bool) {
	i := slices.IndexFunc(s.sealed, func(b session.SealedCookie) bool { return b.Name == name })
	if i < 0 {
		return session.SealedCookie{}, false
	}
	return s.sealed[i], true
}

// place gives a handler the paths that the plugin's configuration has for it.
func (p *Plugin) place(h *pluginapi.Handler) error {
	if h.Match != nil && h.Match.PathsFrom != "" {
		match := *h.Match
		match.Paths = slices.Clone(match.Paths)
		for _, path := range walk(p.Config, strings.Split(match.PathsFrom, ".")).Items() {
			match.Paths = append(match.Paths, path.Str())
		}
		h.Match = &match
	}
	if h.PathFrom == "" {
		return nil
	}
	v := walk(p.Config, strings.Split(h.PathFrom, "."))
	if v.IsNullish() {
		return nil
	}
	if err := pluginapi.CheckRoute(v.Str()); err != nil {
		return fmt.Errorf("plugin %q: config.%s: %w", p.ID, h.PathFrom, err)
	}
	h.Path = v.Str()
	return nil
}

// routeKey makes routes comparable: the names of parameters do not matter.
func routeKey(h pluginapi.Handler) string {
	segments := strings.Split(h.Path, "/")
	for i, seg := range segments {
		if strings.HasPrefix(seg, ":") {
			segments[i] = ":"
		}
	}
	return fmt.Sprint(h.Root, " ", h.Method, " ", strings.Join(segments, "/"))
}

// order sorts hooks so that every before and after holds, keeping the given
// order otherwise.
func order(entries []Entry) ([]Entry, error) {
	must := func(a, b Entry) bool { // a runs before b
		return slices.Contains(a.Handler.Before, b.Plugin.ID) || slices.Contains(b.Handler.After, a.Plugin.ID)
	}
	rest := slices.Clone(entries)
	out := make([]Entry, 0, len(entries))
	for len(rest) > 0 {
		next := slices.IndexFunc(rest, func(e Entry) bool {
			return !slices.ContainsFunc(rest, func(other Entry) bool { return other.Plugin != e.Plugin && must(other, e) })
		})
		if next < 0 {
			names := make([]string, len(rest))
			for i, e := range rest {
				names[i] = e.name()
			}
			return nil, fmt.Errorf("before and after of %s form a cycle", strings.Join(names, ", "))
		}
		out = append(out, rest[next])
		rest = slices.Delete(rest, next, next+1)
	}
	return out, nil
}

// Plugins returns the plugins in their configured order.
func (s *Set) Plugins() []*Plugin { return s.plugins }

// Endpoints returns the endpoints of all plugins.
func (s *Set) Endpoints() []Entry { return s.endpoints }

// Owner returns the plugin that serves a method and path below the base path,
// nil if none does.
func (s *Set) Owner(method, path string) *Plugin {
	segments := strings.Split(path, "/")
	i := slices.IndexFunc(s.endpoints, func(e Entry) bool {
		return !e.Handler.Root && e.Handler.Method == method && slices.EqualFunc(strings.Split(e.Handler.Path, "/"), segments, func(want, got string) bool {
			return want == got || strings.HasPrefix(want, ":") && got != ""
		})
	})
	if i < 0 {
		return nil
	}
	return s.endpoints[i].Plugin
}

// Has reports whether any plugin listens to an event.
func (s *Set) Has(event string) bool { return len(s.hooks[event]) > 0 }

// Delivers reports whether any plugin has events delivered durably, or makes
// appointments.
func (s *Set) Delivers() bool {
	if len(s.appointed) > 0 {
		return true
	}
	for _, entries := range s.hooks {
		if slices.ContainsFunc(entries, func(e Entry) bool { return e.Handler.Durable() }) {
			return true
		}
	}
	return false
}

// matching reports whether a hook wants this exchange.
func matching(m *pluginapi.Match, ex *Exchange, phase string) bool {
	if m == nil {
		return true
	}
	if len(m.Methods) > 0 && !slices.Contains(m.Methods, ex.Request.Method) {
		return false
	}
	if len(m.Phases) > 0 && !slices.Contains(m.Phases, phase) {
		return false
	}
	if len(m.Headers) > 0 && !slices.ContainsFunc(m.Headers, func(h string) bool { return len(ex.Request.Headers.Values(h)) > 0 }) {
		return false
	}
	return len(m.Paths) == 0 && m.PathsFrom == "" || slices.ContainsFunc(m.Paths, func(p string) bool { return matchPath(p, ex.Request.Path) })
}

func matchPath(pattern, path string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(path, prefix+"/")
	}
	return pattern == path
}
