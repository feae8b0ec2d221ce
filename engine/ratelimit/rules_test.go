package ratelimit_test

import (
	"testing"
	"time"

	"github.com/authhost/authhost/engine/ratelimit"
)

type call struct{ client, path, route string }

// limiter returns a Limiter on a clock that the test moves.
func limiter(rules ...ratelimit.Rule) (*ratelimit.Limiter, *time.Time) {
	now := time.Unix(1000, 0)
	counter := &ratelimit.Memory{Rolling: true, Now: func() time.Time { return now }}
	return ratelimit.New(ratelimit.Config{Counter: counter, Rules: rules}), &now
}

func allow(t *testing.T, l *ratelimit.Limiter, c call) (bool, time.Duration) {
	t.Helper()
	if c.route == "" {
		c.route = c.path
	}
	ok, retry, err := l.Allow(t.Context(), c.client, c.path, c.route)
	if err != nil {
		t.Fatal(err)
	}
	return ok, retry
}

func TestRules(t *testing.T) {
	rules := []ratelimit.Rule{
		{Path: "/get-session", Window: time.Minute, Max: 2},
		{Path: "/ok", Unlimited: true},
		{Path: "/callback/*", Window: time.Minute, Max: 5},
		{Path: "/sign-in/?", Window: time.Minute, Max: 6},
		{Path: "/callback/never", Window: time.Minute, Max: 1}, // the one above matches first
	}
	tests := []struct {
		path   string
		max    int // how many are allowed; 0 for all
		window time.Duration
	}{
		{"/list-sessions", ratelimit.DefaultMax, ratelimit.DefaultWindow},
		{"/get-session", 2, time.Minute},
		{"/get-session/", ratelimit.DefaultMax, ratelimit.DefaultWindow},
		{"/ok", 0, 0},
		{"/callback/github", 5, time.Minute},
		{"/callback/never", 5, time.Minute},
		{"/callback", ratelimit.DefaultMax, ratelimit.DefaultWindow},
		{"/sign-in/email", 3, 10 * time.Second},
		{"/sign-in/x", 6, time.Minute},
		{"/sign-up/email", 3, 10 * time.Second},
		{"/change-password", 3, 10 * time.Second},
		{"/change-email", 3, 10 * time.Second},
		{"/request-password-reset", 3, time.Minute},
		{"/send-verification-email", 3, time.Minute},
		{"/forget-password/email-otp", 3, time.Minute},
		{"/email-otp/send-verification-otp", 3, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			l, now := limiter(rules...)
			tries := tt.max
			if tries == 0 {
				tries = 3 * ratelimit.DefaultMax
			}
			for i := range tries {
				if ok, _ := allow(t, l, call{"192.0.2.1", tt.path, ""}); !ok {
					t.Fatalf("request %d is refused", i+1)
				}
			}
			ok, retry := allow(t, l, call{"192.0.2.1", tt.path, ""})
			if ok != (tt.max == 0) || retry != tt.window {
				t.Fatalf("the next is allowed: %v, after %v; want %v", ok, retry, tt.window)
			}
			if ok, _ := allow(t, l, call{"192.0.2.2", tt.path, ""}); !ok {
				t.Error("another client is refused")
			}
			*now = now.Add(tt.window)
			if ok, _ := allow(t, l, call{"192.0.2.1", tt.path, ""}); !ok {
				t.Error("still refused when the window has ended")
			}
		})
	}
}

func TestBuckets(t *testing.T) {
	one := ratelimit.Rule{Path: "*", Window: time.Minute, Max: 1}
	tests := []struct {
		name          string
		first, second call
		allowed       bool
	}{
		{"same client and path", call{"a", "/x", ""}, call{"a", "/x", ""}, false},
		{"another path", call{"a", "/x", ""}, call{"a", "/y", ""}, true},
		{"another client", call{"a", "/x", ""}, call{"b", "/x", ""}, true},
		{"unknown clients share one", call{"", "/x", ""}, call{"", "/x", ""}, false},
		{"unknown client beside a known one", call{"", "/x", ""}, call{"a", "/x", ""}, true},
		{"values of a parameter share one", call{"a", "/reset-password/1", "/reset-password/:token"}, call{"a", "/reset-password/2", "/reset-password/:token"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, _ := limiter(one)
			allow(t, l, tt.first)
			if ok, _ := allow(t, l, tt.second); ok != tt.allowed {
				t.Errorf("allowed: %v, want %v", ok, tt.allowed)
			}
		})
	}
}

// TestRulesOfOneRoute: two rules that share a route do not share a count.
func TestRulesOfOneRoute(t *testing.T) {
	l, _ := limiter(
		ratelimit.Rule{Path: "/callback/a", Window: time.Minute, Max: 1},
		ratelimit.Rule{Path: "/callback/b", Window: time.Minute, Max: 1},
	)
	for _, path := range []string{"/callback/a", "/callback/b"} {
		if ok, _ := allow(t, l, call{"c", path, "/callback/:id"}); !ok {
			t.Errorf("%s is refused", path)
		}
	}
}
