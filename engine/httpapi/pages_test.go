package httpapi_test

import (
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// TestPages: an endpoint answers with what its manifest says, under a policy of
// the host's that neither it nor a hook can change.
func TestPages(t *testing.T) {
	const strict = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
	for name, tt := range map[string]struct {
		answer      *pluginapi.Answer
		steps       []w.Step
		status      int
		body        string
		contentType string
		policy      string
	}{
		"a page": {
			&pluginapi.Answer{Type: "text/html"}, []w.Step{w.Set("response.body", "<p>Grüße"), w.Set("response.headers.content-security-policy", "script-src *")},
			200, "<p>Grüße", "text/html", strict,
		},
		"a text":      {&pluginapi.Answer{Type: "text/plain"}, []w.Step{w.Set("response.body", "1")}, 200, "1", "text/plain; charset=utf-8", strict},
		"bytes":       {&pluginapi.Answer{Type: "image/png"}, []w.Step{w.Set("response.body", "iVBORw==")}, 200, "\x89PNG", "image/png", strict},
		"no bytes":    {&pluginapi.Answer{Type: "image/png"}, []w.Step{w.Set("response.body", "<p>")}, 500, "", "application/json", ""},
		"JSON":        {&pluginapi.Answer{Type: "text/html"}, []w.Step{w.Set("response.body.a", "<p>")}, 200, `{"a":"<p>"}`, "application/json", ""},
		"a refusal":   {&pluginapi.Answer{Type: "text/html"}, []w.Step{w.Set("response.body", "<p>"), w.Deny("400", "NO", "<p>")}, 400, `{"message":"<p>","code":"NO"}`, "application/json", ""},
		"undeclared":  {nil, []w.Step{w.Set("response.headers.content-type", "text/html"), w.Set("response.body", "<p>")}, 200, `"<p>"`, "application/json", ""},
		"of ABI 1.0":  {nil, []w.Step{w.Set("response.headers.content-type", "text/html"), w.Set("response.body", "<p>")}, 200, "<p>", "text/html", ""},
		"other types": {nil, []w.Step{w.Set("response.headers.content-type", "application/scim+json"), w.SetKind("response.body", pluginapi.KindJSON, "{}")}, 200, "{}", "application/scim+json", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := endpoint(1, "GET", "/page")
			h.Answer = tt.answer
			guest := plugin("pages", h).Handler(1, tt.steps...)
			guest.Manifest().ABI = "1.1"
			if name == "of ABI 1.0" {
				guest.Manifest().ABI, guest.Manifest().Permissions = "1.0", nil
			}
			rec := newServer(t, realmtest.Config{Guests: []*w.Guest{guest}}, httpapi.Config{}).do("GET", "/api/auth/page", "")
			if rec.Code != tt.status || tt.body != "" && rec.Body.String() != tt.body || rec.Header().Get("Content-Type") != tt.contentType {
				t.Errorf("got %d %s %q", rec.Code, rec.Header().Get("Content-Type"), rec.Body)
			}
			if policies := rec.Header().Values("Content-Security-Policy"); tt.policy == "" && len(policies) > 0 || tt.policy != "" && (len(policies) != 1 || policies[0] != tt.policy || rec.Header().Get("X-Content-Type-Options") != "nosniff") {
				t.Errorf("headers %v", rec.Header())
			}
		})
	}
}
