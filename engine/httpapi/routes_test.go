package httpapi

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

func listOf(routes ...string) []*endpoint {
	var out []*endpoint
	for _, r := range routes {
		method, path, _ := strings.Cut(r, " ")
		path, root := strings.CutPrefix(path, "^")
		out = append(out, &endpoint{Route: Route{Method: method, Path: path}, root: root})
	}
	return out
}

// The table finds what mux finds with a route for each endpoint, whatever the
// path.
func TestTableIsLikeMux(t *testing.T) {
	endpoints := listOf("GET /a", "POST /a", "GET /a/", "GET /a/b", "GET /a/:x", "GET /a/:x/c", "GET /:y/b", "POST /:y/:z", "GET /d/:x/:y/e", "GET ^/.well-known/:file", "GET ^/r")
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	for at, e := range endpoints {
		path := "/base" + muxPath(e.Path)
		if e.root {
			path = muxPath(e.Path)
		}
		router.Methods(e.Method).Path(path).Name(fmt.Sprint(at))
	}
	found := newTable(endpoints)
	parts := []string{"a", "b", "c", "d", "e", "base", "x%2Fy", "%20", "", "A", ".well-known", "r", "..", ":x"}
	r := rand.New(rand.NewPCG(1, 2))
	matched := 0
	for range 20_000 {
		path := ""
		if r.IntN(4) > 0 {
			path = "/base"
		}
		for range 1 + r.IntN(4) {
			path += "/" + parts[r.IntN(len(parts))]
		}
		method := []string{"GET", "POST", "PUT"}[r.IntN(3)]
		req := httptest.NewRequest(method, "http://localhost"+path, http.NoBody)
		var match mux.RouteMatch
		want, vars := "", map[string]string{}
		if router.Match(req, &match) && match.MatchErr == nil {
			want, vars = match.Route.GetName(), match.Vars
			matched++
		}
		routes, below := &found.root, req.URL.EscapedPath()
		if rest, ok := strings.CutPrefix(below, "/base"); ok && strings.HasPrefix(rest, "/") {
			routes, below = &found.below, rest
		}
		at, params, ok := routes.find(method, below)
		got := ""
		if ok {
			got = fmt.Sprint(at)
		}
		if got != want || len(params) != len(vars) {
			t.Fatalf("%s %s: endpoint %q %v, mux finds %q %v", method, path, got, params, want, vars)
		}
		for name, v := range vars {
			if params[name] != v {
				t.Errorf("%s: %s is %q, mux finds %q", path, name, params[name], v)
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d paths matched", matched)
	}
}

func TestTablesAreShared(t *testing.T) {
	var tables Tables
	a, b := tables.of(listOf("GET /a", "GET ^/b")), tables.of(listOf("GET /a", "GET ^/b"))
	if a != b {
		t.Error("the same routes have two tables")
	}
	if other := tables.of(listOf("GET /a", "GET /b")); other == a {
		t.Error("other routes have the same table")
	}
}
