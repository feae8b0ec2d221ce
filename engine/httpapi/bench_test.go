package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
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

// BenchmarkTenants puts 1,000 tenants with the same plugins together, and says
// what one keeps in memory.
func BenchmarkTenants(b *testing.B) {
	const tenants = 1000
	var handlers []pluginapi.Handler
	for n := range int32(66) {
		handlers = append(handlers, endpoint(n+1, http.MethodPost, fmt.Sprintf("/plugin/action-%d", n)))
	}
	handlers = append(handlers, endpoint(67, http.MethodGet, "/plugin/callback/:provider"))
	g := plugin("p", handlers...)
	for _, h := range handlers {
		g.Handler(h.Number)
	}
	r := realmtest.New(b, realmtest.Config{Guests: []*w.Guest{g}})
	for b.Loop() {
		var tables httpapi.Tables
		before := heap()
		apis := make([]*httpapi.API, tenants)
		for i := range apis {
			api, err := httpapi.New(httpapi.Config{Realm: r.Realm, Plugins: r.Set, Capabilities: r.Host, Views: r.Views, Observer: r.Done, Tables: &tables})
			if err != nil {
				b.Fatal(err)
			}
			apis[i] = api
		}
		b.ReportMetric(float64(heap()-before)/tenants, "B/tenant")
		runtime.KeepAlive(apis)
	}
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
