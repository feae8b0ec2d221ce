package engine_test

import (
	"net/url"
	"testing"
)

// TestHostPatterns: a request to a host that a pattern stands for is answered
// with links to that host, and comes from a trusted origin there; other hosts
// get the main URL.
func TestHostPatterns(t *testing.T) {
	needPlugins(t, "email-password", "social")
	s := serve(t, `
tenants:
  - id: main
    baseURL: https://main.example
    baseURLs: ["http://localhost:*", "https://preview-*.example.com"]
    hosts: [main.example, "localhost:*", "preview-*.example.com", "*.other.example"]
    passwords: {algorithm: argon2id}
    plugins: [{id: email-password}, {id: social, config: {providers: {github: {clientId: app, clientSecret: hidden}}}}]
`)
	for _, tt := range []struct{ host, origin, base string }{
		{"main.example", "https://main.example", "https://main.example"},
		{"localhost:5173", "http://localhost:5173", "http://localhost:5173"},
		{"preview-7.example.com", "https://preview-7.example.com", "https://preview-7.example.com"},
		{"preview-7.example.com", "http://localhost:3000", "https://preview-7.example.com"},
		{"x.other.example", "https://main.example", "https://main.example"},
		{"main.example", "https://preview-7.evil.example.com", ""},
		{"main.example", "http://localhost:3000.evil.example", ""},
		{"localhost:5173", "https://localhost:5173", ""},
	} {
		a := s.do(request{method: "POST", host: tt.host, path: "/api/auth/sign-in/social", origin: tt.origin,
			body: `{"provider":"github","callbackURL":"` + tt.origin + `/in"}`})
		if tt.base == "" {
			a.want(t, 403, "INVALID_CALLBACK_URL")
			continue
		}
		to, err := url.Parse(a.want(t, 200, "").get("url"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := to.Query().Get("redirect_uri"), tt.base+"/api/auth/callback/github"; got != want {
			t.Errorf("%s: %s, want %s", tt.host, got, want)
		}
	}
}
