package engine_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authhost/authhost/internal/wasmtest"
)

// neighbours are a tenant with a plugin that computes, and one with the usual
// endpoints.
const neighbours = `
tenants:
  - id: noisy
    baseURL: http://noisy.example
    rateLimit: {enabled: false}
    plugins: [{id: busy, module: DIR/busy.wasm, grants: [random]}]
  - id: quiet
    baseURL: http://quiet.example
    rateLimit: {enabled: false}
    plugins: [{id: email-password}]
`

// compute counts to 20 million in memory, which is a quarter of the work that a
// handler may do by default.
func compute(*wasmtest.Guest) []byte {
	return slices.Concat(
		[]byte{0x41, 0x00, 0x41, 0x00, 0x36, 0x02, 0x00}, // store 0 at 0
		[]byte{0x03, 0x40}, // loop
		[]byte{0x41, 0x00, 0x41, 0x00, 0x28, 0x02, 0x00, 0x41, 0x01, 0x6a, 0x36, 0x02, 0x00}, // add 1 to what is there
		[]byte{0x41, 0x00, 0x28, 0x02, 0x00, 0x41, 0x80, 0xda, 0xc4, 0x09, 0x49, 0x0d, 0x00}, // again while it is less than 20,000,000
		[]byte{0x0b})
}

// TestNeighbours: while 64 requests of a tenant compute without end, those of
// another are answered, several in the time that one of the 64 takes. It counts
// requests, and takes no times: a loaded machine slows both. On one processor it
// has two threads, as "authhost serve" does.
func TestNeighbours(t *testing.T) {
	needPlugins(t, "email-password")
	threads := runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0)))
	defer runtime.GOMAXPROCS(threads)
	s := serve(t, neighbours, wasmtest.New(guestManifest("busy")).Handler(1, compute, wasmtest.Set("response.body", "done")))
	cookie := s.signUp("quiet.example", "ada@example.com").want(t, 200, "").cookie()
	var computed atomic.Int64
	stop := makeNoise(t, s, 64, &computed)
	defer stop()
	for computed.Load() == 0 { // all have begun, or wait
		s.do(request{method: "GET", host: "quiet.example", path: "/api/auth/ok"}).want(t, 200, "")
	}
	const rounds = 50
	before := computed.Load()
	for round := range rounds {
		s.do(request{method: "GET", host: "quiet.example", path: "/api/auth/ok"}).want(t, 200, "")
		if got := s.session("quiet.example", cookie).want(t, 200, ""); got.get("user.email") != "ada@example.com" {
			t.Fatalf("the session is %s", got.text)
		}
		s.signIn("quiet.example", "ada@example.com", password).want(t, 200, "")
		if n := computed.Load() - before; n > rounds {
			t.Fatalf("%d computations ended in the time of %d requests", n, 3*(round+1))
		}
	}
	t.Logf("%d requests of the quiet tenant were answered while %d of the noisy one were", 3*rounds, computed.Load()-before)
}

// makeNoise has clients ask the noisy tenant again and again, and counts the
// answers, until stop is called.
func makeNoise(t *testing.T, s *server, clients int, answers *atomic.Int64) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				if s.noise(ctx) {
					answers.Add(1)
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// noise asks for one computation, and reports whether it was done.
func (s *server) noise(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/auth/busy", nil)
	if err != nil {
		return false
	}
	r.Host = "noisy.example"
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false // it was stopped
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}
