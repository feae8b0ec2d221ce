package httpapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/internal/realmtest"
)

// TestErrorPage: what failed ends on a page of the server's, which explains the
// codes that it knows, leads back and shows nothing of the request.
func TestErrorPage(t *testing.T) {
	themed := httpapi.ErrorPage{
		Title: "Oh <no>", HomeURL: "https://app.example/start?a=b&c=d", Style: "body{color:#123456}",
		Messages: map[string]string{"state_mismatch": "Noch einmal, bitte.", "": "Hoppla."},
	}
	for _, tt := range []struct {
		name  string
		page  httpapi.ErrorPage
		sites []string
		query string
		has   []string
		hides string
	}{
		{"a code", httpapi.ErrorPage{}, nil, "?error=state_mismatch", []string{"That did not work", "Please go back and begin again", "<code>state_mismatch</code>", `href="http://localhost:3000/"`}, ""},
		{"a code with a quote", httpapi.ErrorPage{}, nil, "?error=email_doesn%27t_match", []string{"<code>email_doesn&#39;t_match</code>", "another e-mail address"}, ""},
		{"the refusal of a provider", httpapi.ErrorPage{}, nil, "?error=access_denied&error_description=No+way", []string{"You did not allow"}, "No way"},
		{"no code", httpapi.ErrorPage{}, nil, "", []string{"Something went wrong"}, "<code>"},
		{"an unknown code", httpapi.ErrorPage{}, nil, "?error=CALL_0800", []string{"Something went wrong"}, "CALL_0800"},
		{"markup", httpapi.ErrorPage{}, nil, "?error=%3Csvg+onload%3E&error_description=%3Cb%3E", []string{"Something went wrong"}, "svg"},
		{"two codes", httpapi.ErrorPage{}, nil, "?error=signup_disabled&error=x", []string{"<code>signup_disabled</code>"}, ""},
		{"a site", httpapi.ErrorPage{}, []string{"*.app.example", "myapp://", "https://app.example"}, "", []string{`href="https://app.example"`}, "myapp"},
		{"a theme", themed, nil, "?error=state_mismatch", []string{"<h1>Oh &lt;no&gt;</h1>", "Noch einmal, bitte.", `href="https://app.example/start?a=b&amp;c=d"`, "body{color:#123456}"}, "Please"},
		{"a theme and an unknown code", themed, nil, "?error=x", []string{"Hoppla."}, "Please"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, realmtest.Config{}, httpapi.Config{ErrorPage: tt.page, TrustedOrigins: tt.sites})
			rec := s.do("GET", base+"/error"+tt.query, "")
			body := rec.Body.String()
			if rec.Code != 200 || rec.Header().Get("Content-Type") != "text/html" || rec.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("got %d %v", rec.Code, rec.Header())
			}
			for _, want := range tt.has {
				if !strings.Contains(body, want) {
					t.Errorf("the page does not have %q:\n%s", want, body)
				}
			}
			if tt.hides != "" && strings.Contains(body, tt.hides) {
				t.Errorf("the page has %q:\n%s", tt.hides, body)
			}
			_, style, _ := strings.Cut(body, "<style>")
			style, _, _ = strings.Cut(style, "</style>")
			sum := sha256.Sum256([]byte(style))
			policy := rec.Header().Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("the policy %q does not have %q", policy, want)
				}
			}
		})
	}
}

// FuzzErrorPage: whatever a link says, the page shows nothing of it but codes
// that the server explains.
func FuzzErrorPage(f *testing.F) {
	for _, code := range []string{"state_mismatch", "<svg onload=alert(1)>", "email_doesn't_match", "", "UNKNOWN", "\x00\xff"} {
		f.Add(code, "The user said <b>no</b>")
	}
	s := newServer(f, realmtest.Config{}, httpapi.Config{})
	plain := s.do("GET", base+"/error", "").Body.String()
	f.Fuzz(func(t *testing.T, code, description string) {
		query := "?error=" + url.QueryEscape(code) + "&error_description=" + url.QueryEscape(description)
		without := s.do("GET", base+"/error?error="+url.QueryEscape(code), "").Body.String()
		body := s.do("GET", base+"/error"+query, "").Body.String()
		if body != without {
			t.Errorf("the description %q changes the page", description)
		}
		if body != plain && !strings.Contains("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_'", code[:1]) {
			t.Errorf("the code %q changes the page", code)
		}
	})
}
