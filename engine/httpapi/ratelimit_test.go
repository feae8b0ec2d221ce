package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// signIn is a plugin that checks the password at every call of
// /sign-in/email, which is right for nobody.
func signIn() *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID:           "guest",
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapIdentity, Read: []string{"user", "account"}}},
		Handlers:     []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/sign-in/email"}},
	}).Handler(1,
		w.Call("identity", "verifyPassword", `{"email":"ada@example.com","password":"wrong"}`), w.Must(),
		w.Deny("401", "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password"),
	)
}

func serve(t *testing.T, r *realmtest.Realm, limiter httpapi.Limiter) *httpapi.API {
	t.Helper()
	api, err := httpapi.New(httpapi.Config{
		Realm: r.Realm, Plugins: r.Set, Capabilities: r.Host, Views: r.Views, Observer: r.Done, Limiter: limiter,
		Logger: r.Log.Logger(), Now: r.Clock.Now, IPHeaders: []string{"X-Forwarded-For"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func request(api http.Handler, method, path, client, body string) *http.Response {
	r := httptest.NewRequest(method, "/api/auth"+path, strings.NewReader(body))
	r.Header.Set("X-Forwarded-For", client)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, r)
	return answer.Result()
}

// TestLimitOfParallelGuesses: passwords that come all at once are counted one
// by one, and only those within the limit cost a hash.
func TestLimitOfParallelGuesses(t *testing.T) {
	const guesses, limit = 200, 3
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{signIn()}, Sandbox: sandbox.Config{MaxWaiting: guesses}})
	api := serve(t, r, ratelimit.New(ratelimit.Config{Counter: &ratelimit.Memory{Rolling: true, Now: r.Clock.Now}}))
	var wg sync.WaitGroup
	var refused atomic.Int64
	for range guesses {
		wg.Go(func() {
			if request(api, "POST", "/sign-in/email", "203.0.113.7", `{}`).StatusCode == http.StatusTooManyRequests {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if n := refused.Load(); n != guesses-limit {
		t.Errorf("%d of %d guesses were refused, want %d", n, guesses, guesses-limit)
	}
	if n := len(r.Done.List()); n != limit {
		t.Errorf("%d guesses came to the password's hash, want %d", n, limit)
	}
}

func TestRefusedByLimit(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{signIn()}})
	api := serve(t, r, ratelimit.New(ratelimit.Config{Counter: &ratelimit.Memory{Rolling: true, Now: r.Clock.Now}}))
	const body = `{"malformed` // requests are counted before anybody reads them
	tests := []struct {
		client, path string
		after        time.Duration
		status       int
	}{
		{"203.0.113.7", "/sign-in/email", 0, 400},
		{"203.0.113.7", "/sign-in/email", 0, 400},
		{"203.0.113.7", "/sign-in/email", 0, 400},
		{"203.0.113.7", "/sign-in/email", 1500 * time.Millisecond, 429},
		{"203.0.113.8", "/sign-in/email", 0, 400},
		{"2001:db8:1:2::3", "/sign-in/email", 0, 400},
		{"2001:db8:1:2:4::5", "/sign-in/email", 0, 400}, // of the same network
		{"2001:db8:1:2:ffff:ffff:ffff:ffff", "/sign-in/email", 0, 400},
		{"2001:db8:1:2::9", "/sign-in/email", 0, 429},
		{"2001:db8:1:3::3", "/sign-in/email", 0, 400},
		{"", "/sign-in/email", 0, 400},
		{"nonsense", "/sign-in/email", 0, 400}, // unknown clients share one bucket
		{"203.0.113.1, 203.0.113.2", "/sign-in/email", 0, 400},
		{"more nonsense", "/sign-in/email", 0, 429},
		{"203.0.113.7", "/sign-out", 0, 400},
		{"203.0.113.7", "/sign-in/email", 8499 * time.Millisecond, 429},
		{"203.0.113.7", "/sign-in/email", 1 * time.Millisecond, 400},
	}
	for i, tt := range tests {
		r.Clock.Advance(tt.after)
		if answer := request(api, "POST", tt.path, tt.client, body); answer.StatusCode != tt.status {
			t.Errorf("request %d, %s from %q: %d, want %d", i, tt.path, tt.client, answer.StatusCode, tt.status)
		}
	}
}

func TestAnswerOfLimit(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{})
	api := serve(t, r, ratelimit.New(ratelimit.Config{
		Counter: &ratelimit.Memory{Rolling: true, Now: r.Clock.Now}, Rules: []ratelimit.Rule{{Path: "/ok", Window: time.Minute, Max: 1}},
	}))
	request(api, "GET", "/ok", "", "")
	r.Clock.Advance(1500 * time.Millisecond)
	answer := request(api, "GET", "/ok", "", "")
	var body strings.Builder
	if err := answer.Write(&body); err != nil {
		t.Fatal(err)
	}
	const want = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 56\r\nContent-Type: text/plain;charset=UTF-8\r\nX-Retry-After: 59\r\n\r\n" +
		`{"message":"Too many requests. Please try again later."}`
	if got := body.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// failing is a limiter whose counter cannot be reached.
type failing struct{}

func (failing) Allow(context.Context, string, string, string) (bool, time.Duration, error) {
	return false, 0, errors.New("the counter is away")
}

// TestLimiterFails: what cannot be counted is not let through.
func TestLimiterFails(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{})
	if status := request(serve(t, r, failing{}), "GET", "/ok", "", "").StatusCode; status != http.StatusInternalServerError {
		t.Errorf("answered %d", status)
	}
}
