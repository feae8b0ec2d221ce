package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
)

// lines sends a request whose headers come in several lines.
func (s *server) lines(method, path string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost:3000"+path, nil)
	r.RemoteAddr, r.Header = "203.0.113.7:1234", header
	rec := httptest.NewRecorder()
	s.api.ServeHTTP(rec, r)
	return rec
}

// TestCookieLines: a session is found, renewed and ended whichever line its
// cookie is in.
func TestCookieLines(t *testing.T) {
	s := newServer(t, realmtest.Config{}, httpapi.Config{})
	const before, after = "theme=dark; better-auth.other=1", "lang=de"
	for name, place := range map[string]func(cookie string) []string{
		"second":      func(c string) []string { return []string{before, c} },
		"between":     func(c string) []string { return []string{before, c, after} },
		"after empty": func(c string) []string { return []string{"", " ", c} },
		"ends in ;":   func(c string) []string { return []string{before + ";", c + ";", after} },
	} {
		t.Run(name, func(t *testing.T) {
			cookie, _ := s.signIn("ada", session.CreateParams{})
			header := http.Header{"Cookie": place(cookie), "Origin": {"http://localhost:3000"}}
			if got := s.lines("GET", base+"/get-session", header); !strings.Contains(got.Body.String(), "ada@example.com") {
				t.Errorf("get-session: %s", got.Body)
			}
			expect(t, s.lines("POST", base+"/sign-out", header), 200, `{"success":true}`)
			expect(t, s.do("GET", base+"/get-session", "", "Cookie", cookie), 200, "null")
		})
	}
}

// TestHeaderLines: what several lines say is what one says; where only one
// value makes sense, a second is no way around a check.
func TestHeaderLines(t *testing.T) {
	s := newServer(t, realmtest.Config{}, httpapi.Config{})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	for name, tt := range map[string]struct {
		header http.Header
		status int
		code   string
	}{
		"two origins":                 {http.Header{"Origin": {"http://localhost:3000", "https://evil.example"}}, 403, "INVALID_ORIGIN"},
		"two origins, the other way":  {http.Header{"Origin": {"https://evil.example", "http://localhost:3000"}}, 403, "INVALID_ORIGIN"},
		"an empty origin in front":    {http.Header{"Origin": {"", "https://evil.example"}}, 403, "INVALID_ORIGIN"},
		"the first referrer counts":   {http.Header{"Referer": {"https://evil.example/", "http://localhost:3000/"}}, 403, "INVALID_ORIGIN"},
		"the session in another line": {http.Header{"Origin": {"https://evil.example"}, "Cookie": {"a=1", cookie}}, 403, "INVALID_ORIGIN"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.header.Get("Cookie") == "" {
				tt.header["Cookie"] = []string{cookie}
			}
			if got := s.lines("POST", base+"/sign-out", tt.header); got.Code != tt.status || !strings.Contains(got.Body.String(), tt.code) {
				t.Errorf("%d %s", got.Code, got.Body)
			}
		})
	}
}

// FuzzHeaderLines cuts a Cookie header into lines at any of its semicolons: the
// answer is the same as to one line.
func FuzzHeaderLines(f *testing.F) {
	f.Add("a=1", "b=2; c=3", uint8(1))
	f.Add("", ";;", uint8(7))
	f.Add("better-auth.session_token=x.y", "z", uint8(0xff))
	s := newServer(f, realmtest.Config{}, httpapi.Config{})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	f.Fuzz(func(t *testing.T, before, after string, cuts uint8) {
		whole := before + ";" + cookie + ";" + after
		lines := []string{""}
		for i, pair := range strings.Split(whole, ";") {
			if i > 0 && cuts>>(i%8)&1 == 1 {
				lines = append(lines, pair)
			} else {
				lines[len(lines)-1] += ";" + pair
			}
		}
		want := s.lines("GET", base+"/get-session", http.Header{"Cookie": {whole}})
		got := s.lines("GET", base+"/get-session", http.Header{"Cookie": lines})
		if got.Code != want.Code || got.Body.String() != want.Body.String() || cookies(got) != cookies(want) {
			t.Errorf("%q: %d %s, in one line %d %s", lines, got.Code, got.Body, want.Code, want.Body)
		}
	})
}
