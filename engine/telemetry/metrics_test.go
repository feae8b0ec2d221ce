package telemetry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestMetrics(t *testing.T) {
	m := New(Config{Version: "1.2.3"})
	m.Request("main", "POST", "/sign-in/email", 200, 20*time.Millisecond)
	m.Request("main", "POST", "/sign-in/email", 200, 20*time.Millisecond)
	m.Request("", "GET", "", 404, time.Microsecond)
	m.Request("main", "BREW", "/x", 9999, time.Microsecond)
	m.PluginCall("main", "email-password", "/sign-in/email", "continue", 60*time.Microsecond)
	m.PluginCall("main", "convex", "response.session", "fuel", time.Second)
	m.PluginUsed("main", "convex", Usage{Fuel: 1200, HostCalls: 3, BytesIn: 40, BytesOut: 50, Host: 250 * time.Millisecond})
	m.WatchInstances(map[string]func() uint64{"reset": func() uint64 { return 9 }, "fault": func() uint64 { return 0 }})
	m.PluginCompiled("convex", false, 900*time.Millisecond)
	m.PluginCompiled("convex", true, 50*time.Millisecond)
	m.SessionIssued("main")
	m.StoreCommit("bolt", "ok", 3*time.Millisecond)
	m.Mail("sent")
	m.Outgoing("acme", "social", "timeout", time.Second)
	m.WatchHashing(func() int { return 2 }, func() int { return 17 })
	got := scrape(t, m)
	for _, want := range []string{
		`authhost_http_requests_total{method="POST",route="/sign-in/email",status="200",tenant="main"} 2`,
		`authhost_http_requests_total{method="GET",route="none",status="404",tenant="none"} 1`,
		`authhost_http_requests_total{method="other",route="/x",status="other",tenant="main"} 1`,
		`authhost_http_request_seconds_bucket{method="POST",route="/sign-in/email",le="0.01"} 0`,
		`authhost_http_request_seconds_bucket{method="POST",route="/sign-in/email",le="0.025"} 2`,
		`authhost_plugin_calls_total{handler="response.session",outcome="fuel",plugin="convex",tenant="main"} 1`,
		`authhost_plugin_call_seconds_bucket{handler="/sign-in/email",plugin="email-password",le="0.0001"} 1`,
		`authhost_plugin_compile_seconds{plugin="convex",source="compiler"} 0.9`,
		`authhost_plugin_compile_seconds{plugin="convex",source="cache"} 0.05`,
		`authhost_plugin_fuel_total{plugin="convex",tenant="main"} 1200`,
		`authhost_plugin_host_calls_total{plugin="convex",tenant="main"} 3`,
		`authhost_plugin_host_seconds_total{plugin="convex",tenant="main"} 0.25`,
		`authhost_plugin_bytes_total{direction="out",plugin="convex",tenant="main"} 50`,
		`authhost_sandbox_instances_total{event="reset"} 9`,
		`authhost_sandbox_instances_total{event="fault"} 0`,
		`authhost_sessions_issued_total{tenant="main"} 1`,
		`authhost_store_commit_seconds_count{driver="bolt",outcome="ok"} 1`,
		`authhost_mails_total{outcome="sent"} 1`,
		`authhost_outgoing_requests_total{outcome="timeout",plugin="social",tenant="acme"} 1`,
		`authhost_outgoing_request_seconds_count{plugin="social"} 1`,
		`authhost_password_hashes_running 2`,
		`authhost_password_hashes_waiting 17`,
		`authhost_build_info{version="1.2.3"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// Whatever clients and plugins send as labels, the number of series is bounded.
func TestLabelsAreBounded(t *testing.T) {
	m := New(Config{MaxTenants: 3})
	for i := range 3000 {
		text := fmt.Sprint(i)
		m.Request("tenant-"+text, "M"+text, "/route/"+text, i, time.Millisecond)
		m.PluginCall("main", "plugin-"+text, "handler-"+text, "outcome-"+text, time.Millisecond)
	}
	m.SessionIssued("\xff" + strings.Repeat("x", 5000))
	m.SessionIssued("tenant-0")
	got := scrape(t, m)
	for label, most := range map[string]int{"tenant": 3 + 2, "route": maxRoutes + 2, "plugin": maxPlugins + 2, "handler": maxHandlers + 2, "outcome": maxOutcomes + 2} {
		values := map[string]bool{}
		for part := range strings.SplitSeq(got, label+`="`) {
			value, _, _ := strings.Cut(part, `"`)
			values[value] = true
		}
		if len(values)-1 > most { // the first part is no value
			t.Errorf("%s has %d values, more than %d", label, len(values)-1, most)
		}
	}
	if !strings.Contains(got, `authhost_sessions_issued_total{tenant="tenant-0"} 1`) {
		t.Error("the first tenants must keep their own series")
	}
}

func TestInvalidUTF8DoesNotPanic(t *testing.T) {
	m := New(Config{})
	m.Request("a\xff", "GET", "/\xfe", 200, 0)
	if got := scrape(t, m); !strings.Contains(got, `route="/?"`) {
		t.Error(got)
	}
}

func TestNilMetrics(t *testing.T) {
	var m *Metrics
	m.Request("t", "GET", "/", 200, 0)
	m.PluginCall("t", "p", "h", "o", 0)
	m.PluginCompiled("p", true, 0)
	m.SessionIssued("t")
	m.StoreCommit("bolt", "ok", 0)
	m.Mail("sent")
	m.Outgoing("acme", "social", "timeout", time.Second)
	m.WatchHashing(nil, nil)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
}

// Two engines in one process must not disturb each other.
func TestRegistriesAreSeparate(t *testing.T) {
	a, b := New(Config{}), New(Config{})
	a.SessionIssued("main")
	if strings.Contains(scrape(t, b), "authhost_sessions_issued_total{") {
		t.Error("a session of one engine is counted in the other")
	}
}

func TestConcurrentUse(t *testing.T) {
	m := New(Config{MaxTenants: 5})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				m.Request(fmt.Sprint(i*j), "GET", "/", 200, time.Millisecond)
			}
			scrape(t, m)
		})
	}
	wg.Wait()
	if !strings.Contains(scrape(t, m), `authhost_http_request_seconds_count{method="GET",route="/"} 800`) {
		t.Error("requests were lost")
	}
}

func BenchmarkRequest(b *testing.B) {
	m := New(Config{})
	for b.Loop() {
		m.Request("main", "GET", "/get-session", 200, time.Millisecond)
	}
}
