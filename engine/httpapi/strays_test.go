package httpapi_test

import (
	"bytes"
	"io"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/internal/realmtest"
)

// TestStrayRequestsAreLimited: preflight requests and paths that nobody serves
// count for the limiter, each sort together, whatever their paths.
func TestStrayRequestsAreLimited(t *testing.T) {
	for name, tt := range map[string]struct {
		method, path string
		cors         bool
		status       int
	}{
		"preflight":                {"OPTIONS", "/get-session/", true, 204},
		"OPTIONS without CORS":     {"OPTIONS", "/get-session/", false, 404},
		"a path that nobody has":   {"GET", "/no-such-path/", true, 404},
		"another method":           {"PUT", "/ok/", true, 404},
		"outside the base path":    {"GET", "/../../x/", true, 404},
		"a path that is too clean": {"GET", "//ok/", true, 404},
	} {
		t.Run(name, func(t *testing.T) {
			limiter := ratelimit.New(ratelimit.Config{Counter: &ratelimit.Memory{Rolling: true}, Max: 5, Window: time.Minute})
			s := newServer(t, realmtest.Config{}, httpapi.Config{CORS: tt.cors, Limiter: limiter})
			for i := range 8 {
				want := tt.status
				if i >= 5 {
					want = 429
				}
				if got := s.do(tt.method, base+tt.path+strconv.Itoa(i), "", "Origin", "http://localhost:3000"); got.Code != want {
					t.Errorf("request %d: %d, want %d", i+1, got.Code, want)
				}
			}
			if got := s.do("GET", base+"/ok", ""); got.Code != 200 {
				t.Errorf("an endpoint is counted with them: %d", got.Code)
			}
		})
	}
}

// TestEmptyChunkedBody: a body in chunks that is empty is no body, whatever its
// declared type.
func TestEmptyChunkedBody(t *testing.T) {
	s := newServer(t, realmtest.Config{}, httpapi.Config{})
	for _, kind := range []string{"application/json", "application/json; charset=utf-8", ""} {
		r := httptest.NewRequest("POST", "http://localhost:3000"+base+"/sign-out", io.MultiReader(bytes.NewReader(nil)))
		r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
		r.Header.Set("Content-Type", kind)
		rec := httptest.NewRecorder()
		s.api.ServeHTTP(rec, r)
		expect(t, rec, 200, `{"success":true}`)
	}
}

// counted are the metrics of a test.
type counted []string

func (*counted) Request(string, string, string, int, time.Duration) {}
func (*counted) BodyRefused(string, string)                         {}
func (c *counted) Untrusted(tenant, check string)                   { *c = append(*c, tenant+" "+check) }

// TestUntrustedOriginsAreTold: for every check that an origin fails there is a
// line with what to add to the configuration, and a count.
func TestUntrustedOriginsAreTold(t *testing.T) {
	const line = `remedy="if it is an app of yours, add it to the tenant: trustedOrigins: [https://new.example:8443]"`
	for name, tt := range map[string]struct {
		method, path, body string
		headers            []string
		check, shown       string
	}{
		"origin":   {"POST", "/sign-out", "", []string{"Cookie", "a=b", "Origin", "https://new.example:8443"}, "origin", line},
		"referrer": {"POST", "/sign-out", "", []string{"Cookie", "a=b", "Referer", "https://new.example:8443/a?secret"}, "origin", line},
		"redirect": {"POST", "/sign-out", `{"callbackURL":"https://new.example:8443/x?secret"}`, nil, "redirect", line},
		"scripts":  {"GET", "/get-session", "", []string{"Origin", "https://new.example:8443"}, "cors", line},
		"before":   {"OPTIONS", "/get-session", "", []string{"Origin", "https://new.example:8443"}, "cors", line},
		"nonsense": {"POST", "/sign-out", "", []string{"Cookie", "a=b", "Origin", "x\ny" + strings.Repeat("z", 10_000)}, "origin", `origin="x\ny` + strings.Repeat("z", 197) + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			var metrics counted
			s := newServer(t, realmtest.Config{}, httpapi.Config{CORS: true, Metrics: &metrics})
			s.do(tt.method, base+tt.path, tt.body, tt.headers...)
			if got := s.Log.String(); strings.Count(got, "an origin is not trusted") != 1 || !strings.Contains(got, tt.shown) || strings.Contains(got, "secret") {
				t.Errorf("log %s", got)
			}
			if !slices.Equal(metrics, counted{"main " + tt.check}) {
				t.Errorf("metrics %v", metrics)
			}
		})
	}
}
