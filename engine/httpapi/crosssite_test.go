package httpapi_test

import (
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
)

// TestCrossSite: a form that another site has a browser send, cookies included,
// reaches an endpoint that is for such forms, and no other.
func TestCrossSite(t *testing.T) {
	open := endpoint(1, "POST", "/callback/:id")
	open.CSRF, open.MediaTypes = "none", []string{"application/x-www-form-urlencoded"}
	closed := endpoint(2, "POST", "/closed")
	closed.MediaTypes = open.MediaTypes
	answer := w.Set("response.body", "in")
	guest := plugin("guest", open, closed).Handler(1, answer).Handler(2, answer)
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{guest}}, httpapi.Config{})
	for _, tt := range []struct {
		path, origin, cookie string
		status               int
	}{
		{"/callback/apple", "https://appleid.apple.com", "a=b", 200},
		{"/callback/apple", "https://appleid.apple.com", "", 200},
		{"/callback/apple", "null", "a=b", 200},
		{"/closed", "https://appleid.apple.com", "a=b", 403},
		{"/closed", "null", "a=b", 403},
	} {
		headers := []string{"Content-Type", "application/x-www-form-urlencoded", "Origin", tt.origin, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}
		if tt.cookie != "" {
			headers = append(headers, "Cookie", tt.cookie)
		}
		if rec := s.do("POST", base+tt.path, "code=x&state=y", headers...); rec.Code != tt.status {
			t.Errorf("%s from %s with %q: %d %s", tt.path, tt.origin, tt.cookie, rec.Code, rec.Body)
		}
	}
}
