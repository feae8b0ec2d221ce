package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
)

// BenchmarkGetSession is the request that apps make all the time, without the
// socket.
func BenchmarkGetSession(b *testing.B) {
	s := newServer(b, realmtest.Config{}, httpapi.Config{})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	r := httptest.NewRequest(http.MethodGet, "http://localhost:3000"+base+"/get-session", nil)
	r.RemoteAddr = "203.0.113.7:1234"
	r.Header.Set("Cookie", cookie)
	b.ReportAllocs()
	for b.Loop() {
		rec := httptest.NewRecorder()
		s.api.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code, rec.Body)
		}
	}
}
