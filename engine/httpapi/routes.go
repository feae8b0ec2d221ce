package httpapi

import (
	"strings"
	"sync"
)

// Tables are the route tables of tenants. Those that serve the same routes,
// because they have the same plugins, share one. It is safe for concurrent use;
// a nil Tables makes a table for each.
type Tables struct {
	mu     sync.Mutex
	tables map[string]*table
}

// of returns the table of a list of endpoints.
func (t *Tables) of(endpoints []*endpoint) *table {
	if t == nil {
		return newTable(endpoints)
	}
	var key strings.Builder
	for _, e := range endpoints {
		key.WriteString(routeKey(e.Method, e.Path))
		if e.root {
			key.WriteByte('^')
		}
		key.WriteByte('\n')
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	shared, ok := t.tables[key.String()]
	if !ok {
		shared = newTable(endpoints)
		if t.tables == nil {
			t.tables = map[string]*table{}
		}
		t.tables[key.String()] = shared
	}
	return shared
}

// table finds the endpoint of a request by its place in a list, of which it
// holds the routes alone.
type table struct {
	below, root routes // the base path, and outside of it
}

// routes are looked up in a map, but for those with parameters: they are tried
// in order.
type routes struct {
	static   map[string]int // by routeKey
	patterns []routePattern
}

// routePattern is a route with parameters.
type routePattern struct {
	method   string
	segments []string // ":name" is a parameter
	at       int
}

func newTable(endpoints []*endpoint) *table {
	t := &table{below: routes{static: map[string]int{}}, root: routes{static: map[string]int{}}}
	for at, e := range endpoints {
		to := &t.below
		if e.root {
			to = &t.root
		}
		to.add(e.Method, e.Path, at)
	}
	return t
}

func routeKey(method, path string) string { return method + " " + path }

// add adds a route; of two that are the same the first counts.
func (r *routes) add(method, path string, at int) {
	if strings.Contains(path, "/:") {
		r.patterns = append(r.patterns, routePattern{method, strings.Split(path[1:], "/"), at})
		return
	}
	key := routeKey(method, path)
	if _, taken := r.static[key]; !taken {
		r.static[key] = at
	}
}

// find returns the place of the endpoint for a path, as it was sent, and the
// values of the route's parameters, still encoded.
func (r *routes) find(method, path string) (at int, params map[string]string, ok bool) {
	if at, ok := r.static[routeKey(method, path)]; ok {
		return at, nil, true
	}
	for i := range r.patterns {
		p := &r.patterns[i]
		if p.method != method {
			continue
		}
		if params, ok := p.match(path); ok {
			return p.at, params, true
		}
	}
	return 0, nil, false
}

// match compares a path, segment by segment. A parameter stands for one that is
// not empty.
func (p *routePattern) match(path string) (params map[string]string, ok bool) {
	rest, left := strings.CutPrefix(path, "/")
	for i, want := range p.segments {
		if !left {
			return nil, false
		}
		var have string
		have, rest, left = strings.Cut(rest, "/")
		name, isParam := strings.CutPrefix(want, ":")
		switch {
		case !isParam && have != want, isParam && have == "":
			return nil, false
		case isParam:
			if params == nil {
				params = make(map[string]string, len(p.segments)-i)
			}
			params[name] = have
		}
	}
	return params, !left
}

// locate returns the endpoint for a request's path, and the values of its
// parameters.
func (a *API) locate(method, path string) (e *endpoint, params map[string]string, ok bool) {
	r := &a.table.root
	if below, is := strings.CutPrefix(path, a.Realm.BasePath); is && strings.HasPrefix(below, "/") {
		r, path = &a.table.below, below
	}
	at, params, ok := r.find(method, path)
	if !ok {
		return nil, nil, false
	}
	return a.served[at], params, true
}
