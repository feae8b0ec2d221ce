//go:build unix

package engine

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/internal/testcache"
	"github.com/authhost/authhost/plugins"
)

// benchTenant is the tenant that the load tests of scripts/bench.mjs use.
const benchTenant = `
tenants:
  - id: main
    baseURL: http://main.example
    secret: bench-Hq7Wm2Zx9Kc4Vt1Ln6Pb3Rd8Yf5Jg0Sa
    rateLimit: {enabled: false}
    plugins:
      - id: email-password
        config: {enabled: true}
      - id: convex
        config: {issuer: https://happy-animal-123.convex.site, algorithm: RS256}
`

// freePasswords costs nothing, so that what is left is everything else.
type freePasswords struct{}

func (freePasswords) Hash(_ context.Context, password string) (string, error) { return password, nil }

func (freePasswords) Verify(_ context.Context, hash, password string) (ok, rehash bool, err error) {
	return hash == password, false, nil
}

func (freePasswords) Equalize(context.Context, string) error { return nil }

// benchHandler serves benchTenant without a socket, and without the cost of
// password hashes. plain leaves the convex plugin out.
func benchHandler(b *testing.B, plain bool) http.Handler {
	b.Helper()
	for _, id := range []string{"email-password", "convex"} {
		if _, err := plugins.Module(id); err != nil {
			b.Skipf("%v: run make plugins", err)
		}
	}
	text := benchTenant
	if plain {
		text, _, _ = strings.Cut(text, "      - id: convex")
	}
	dir := b.TempDir()
	cacheDir, err := testcache.Modules()
	if err != nil {
		b.Fatal(err)
	}
	cfg, err := config.Parse("bench.yaml", []byte("server: {dataDir: "+dir+", cacheDir: "+cacheDir+"}\n"+text), func(string) (string, bool) { return "", false })
	if err != nil {
		b.Fatal(err)
	}
	e, err := New(b.Context(), cfg, Options{BuiltIn: plugins.Module, Version: "bench", CacheSecret: []byte(testcache.Secret), passwords: freePasswords{}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.Close(context.Background()) })
	return e.Handler(e.Listeners()[0])
}

// benchRequest makes a request of the tenant's own app.
func benchRequest(method, path, body string, header http.Header) *http.Request {
	r, err := http.NewRequest(method, "http://main.example/api/auth"+path, strings.NewReader(body))
	if err != nil {
		panic(err) // of constants
	}
	r.RemoteAddr, r.Header = "203.0.113.7:1234", header
	return r
}

// jsonFrom are the headers of a POST request.
var jsonFrom = http.Header{"Content-Type": {"application/json"}, "Origin": {"http://main.example"}, "User-Agent": {"bench"}}

// benchSignUp signs the user up who signs in, and returns its Cookie header.
func benchSignUp(b *testing.B, h http.Handler) string {
	b.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, benchRequest("POST", "/sign-up/email", `{"name":"Alice","email":"alice@example.com","password":"correct-horse-1"}`, jsonFrom))
	if rec.Code != http.StatusOK {
		b.Fatal(rec.Code, rec.Body)
	}
	var cookies []string
	for _, c := range rec.Result().Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	return strings.Join(cookies, "; ")
}

// clients is how many requests are under way at a time.
const clients = 32

// load makes requests as clients do that wait for each answer, and reports
// what one of them takes of the processors, which unlike the time that passes
// depends on neither the disk nor other work of the machine.
func load(b *testing.B, h http.Handler, request func() *http.Request) {
	b.ReportAllocs()
	b.SetParallelism(max(1, clients/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	before := cpu(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := &discarded{header: http.Header{}}
			h.ServeHTTP(w, request())
			if w.status != http.StatusOK {
				b.Errorf("status %d", w.status)
				return
			}
		}
	})
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
}

// discarded takes an answer and forgets its body.
type discarded struct {
	header http.Header
	status int
}

func (a *discarded) Header() http.Header         { return a.header }
func (a *discarded) WriteHeader(status int)      { a.status = status }
func (a *discarded) Write(p []byte) (int, error) { return io.Discard.Write(p) }

// cpu returns the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSignIn is what a sign-in by e-mail and password costs beside the
// password's hash.
func BenchmarkSignIn(b *testing.B) {
	h := benchHandler(b, true)
	benchSignUp(b, h)
	load(b, h, func() *http.Request {
		return benchRequest("POST", "/sign-in/email", `{"email":"alice@example.com","password":"correct-horse-1"}`, jsonFrom)
	})
}

// BenchmarkSignInAlone is a sign-in while nobody else signs in: the time that it
// takes is that of one commit to the disk, and of all that happens around it.
func BenchmarkSignInAlone(b *testing.B) {
	h := benchHandler(b, true)
	benchSignUp(b, h)
	b.ResetTimer()
	for range b.N {
		w := &discarded{header: http.Header{}}
		h.ServeHTTP(w, benchRequest("POST", "/sign-in/email", `{"email":"alice@example.com","password":"correct-horse-1"}`, jsonFrom))
		if w.status != http.StatusOK {
			b.Fatalf("status %d", w.status)
		}
	}
}

// BenchmarkGetSession is the request that apps make all the time.
func BenchmarkGetSession(b *testing.B) {
	for name, plain := range map[string]bool{"plain": true, "convex": false} {
		b.Run(name, func(b *testing.B) {
			h := benchHandler(b, plain)
			header := http.Header{"Cookie": {benchSignUp(b, h)}}
			load(b, h, func() *http.Request { return benchRequest("GET", "/get-session", "", header) })
		})
	}
}
