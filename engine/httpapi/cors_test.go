package httpapi

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/pluginapi"
)

func corsAPI(t *testing.T, on bool, manifests ...*pluginapi.Manifest) *API {
	t.Helper()
	var plugins []*dispatch.Plugin
	for _, m := range manifests {
		plugins = append(plugins, &dispatch.Plugin{ID: m.ID, Manifest: m})
	}
	set, err := dispatch.NewSet(plugins)
	if err != nil {
		t.Fatal(err)
	}
	return &API{Config: Config{CORS: on, Logger: slog.New(slog.DiscardHandler), Plugins: set, Realm: &dispatch.Realm{BaseURL: "http://localhost:3000", BasePath: "/api/auth"}}, origins: testOrigins()}
}

func TestCORS(t *testing.T) {
	const app = "https://app.example"
	tests := []struct {
		name, method, path, origin string
		allowed                    string // Access-Control-Allow-Origin
		outside                    bool   // no CORS at all
	}{
		{name: "no origin", method: "GET"},
		{name: "own origin", method: "GET", origin: "http://localhost:3000"},
		{name: "trusted", method: "GET", origin: app, allowed: app},
		{name: "trusted by a wildcard", method: "POST", origin: "https://a.trusted.example", allowed: "https://a.trusted.example"},
		{name: "evil", method: "GET", origin: "https://e.co"},
		{name: "suffix", method: "GET", origin: app + ".e.co"},
		{name: "null", method: "GET", origin: "null"},
		{name: "two origins", method: "GET", origin: app + ", https://e.co"},
		{name: "preflight", method: "OPTIONS", origin: app, allowed: app},
		{name: "preflight of evil", method: "OPTIONS", origin: "https://e.co"},
		{name: "preflight of null", method: "OPTIONS", origin: "null"},
		{name: "OPTIONS without origin", method: "OPTIONS"},
		{name: "outside the base path", method: "GET", path: "/.well-known/openid-configuration", origin: app, outside: true},
		{name: "path with the same beginning", method: "GET", path: "/api/authx", origin: app, outside: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := corsAPI(t, true, &pluginapi.Manifest{ID: "p", CORS: &pluginapi.CORS{AllowHeaders: []string{"X-Mine", "authorization"}, ExposeHeaders: []string{"x-answer"}}})
			passed := false
			h := a.cors(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true }))
			path := tt.path
			if path == "" {
				path = "/api/auth/get-session"
			}
			r := httptest.NewRequest(tt.method, path, nil)
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := w.Header()
			if got.Get("Access-Control-Allow-Origin") != tt.allowed {
				t.Errorf("allowed %q, want %q", got.Get("Access-Control-Allow-Origin"), tt.allowed)
			}
			if passed == (tt.method == "OPTIONS") {
				t.Errorf("passed on: %v", passed)
			}
			if tt.outside {
				if len(got) > 0 {
					t.Errorf("headers %v", got)
				}
				return
			}
			if got.Get("Vary") != "Origin" || got.Get("Access-Control-Expose-Headers") != "x-answer" {
				t.Errorf("headers %v", got)
			}
			if !passed && (w.Code != 204 || got.Get("Access-Control-Allow-Headers") != "Content-Type, X-Mine, authorization" || got.Get("Access-Control-Allow-Methods") != "GET, POST") {
				t.Errorf("preflight: %d %v", w.Code, got)
			}
		})
	}
}

// TestCORSHeaders: requests may carry what the tenant names, each once.
func TestCORSHeaders(t *testing.T) {
	a := corsAPI(t, true)
	a.CORSHeaders = []string{"x-app-version", "traceparent", "content-type"}
	r := httptest.NewRequest("OPTIONS", "/api/auth/get-session", nil)
	r.Header.Set("Origin", "https://app.example")
	w := httptest.NewRecorder()
	a.cors(http.HandlerFunc(notFound)).ServeHTTP(w, r)
	if got := w.Header().Get("Access-Control-Allow-Headers"); got != "Content-Type, Authorization, x-app-version, traceparent" {
		t.Errorf("allowed are %q", got)
	}
}

func TestCORSOff(t *testing.T) {
	r := httptest.NewRequest("GET", "/api/auth/ok", nil)
	r.Header.Set("Origin", "https://app.example")
	w := httptest.NewRecorder()
	corsAPI(t, false).cors(http.HandlerFunc(notFound)).ServeHTTP(w, r)
	if w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("answers CORS that is off")
	}
}
