package httpapi_test

import (
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// TestRedirects: a plugin leads browsers to sites that the tenant trusts, and
// with the permission to any.
func TestRedirects(t *testing.T) {
	const refused = `{"message":"Invalid redirectURL","code":"INVALID_REDIRECT_URL"}`
	for name, tt := range map[string]struct {
		target  string
		granted bool
		ok      bool
	}{
		"a path":                     {target: "/welcome?x=a:b#c", ok: true},
		"the tenant's own site":      {target: "http://localhost:3000/x", ok: true},
		"a trusted site":             {target: "https://app.example/x", ok: true},
		"the site of the error page": {target: "https://errors.example/?error=X", ok: true},
		"another site":               {target: "https://evil.example/"},
		"another site, granted":      {target: "https://evil.example/", granted: true, ok: true},
		"another site as a path":     {target: "//evil.example/"},
		"with a backslash":           {target: `/\evil.example/`},
		"a script":                   {target: "javascript:alert(1)"},
		"nowhere":                    {target: "evil.example"},
	} {
		for header, set := range map[string]w.Step{"redirect": w.Set("response.redirect", tt.target), "location": w.Set("response.headers.location", tt.target)} {
			guest := plugin("leader", endpoint(1, "GET", "/lead")).Handler(1, set, w.SetKind("response.status", pluginapi.KindNumber, "302"))
			if tt.granted {
				guest.Manifest().ABI, guest.Manifest().Permissions = "1.1", []pluginapi.Permission{{Name: "redirects"}}
			}
			s := newServer(t, realmtest.Config{Guests: []*w.Guest{guest}}, httpapi.Config{TrustedOrigins: []string{"https://app.example"}, ErrorURL: "https://errors.example/"})
			rec := s.do("GET", "/api/auth/lead", "")
			if tt.ok && (rec.Code != 302 || rec.Header().Get("Location") != tt.target) {
				t.Errorf("%s, %s: got %d to %q", name, header, rec.Code, rec.Header().Get("Location"))
			}
			if !tt.ok {
				expect(t, rec, 403, refused)
			}
			if off := newServer(t, realmtest.Config{Guests: []*w.Guest{guest}}, httpapi.Config{DisableOrigin: true}); off.do("GET", "/api/auth/lead", "").Code != 302 {
				t.Errorf("%s, %s: refused although origins are not checked", name, header)
			}
		}
	}
}
