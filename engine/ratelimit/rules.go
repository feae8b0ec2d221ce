package ratelimit

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// Defaults of Config, as Better Auth has them.
const (
	DefaultWindow = 10 * time.Second
	DefaultMax    = 100
)

// Rule says how often one client may call the paths that it matches.
type Rule struct {
	// Path below the base path, such as "/sign-in/email". "*" is any run of
	// characters and "?" any one of them.
	Path   string
	Window time.Duration
	Max    int64
	// Unlimited paths are not counted at all.
	Unlimited bool
}

// Counter counts events; *Memory is one.
type Counter interface {
	// Hit counts one event under key. It reports whether at most max events
	// fell into the current window, and else how long until that ends.
	Hit(ctx context.Context, key Key, window time.Duration, max int64) (allowed bool, retryAfter time.Duration, err error)
	// Forget ends the window of a name.
	Forget(ctx context.Context, name string) error
}

// Config of a Limiter. Counter is required; zero members else take the
// defaults.
type Config struct {
	Counter Counter
	Window  time.Duration
	Max     int64
	Rules   []Rule // the first that matches wins; they go before the built-in ones
}

// Limiter bounds how often a client may call each path. It is safe for
// concurrent use.
type Limiter struct {
	counter  Counter
	fallback Rule
	rules    []rule
}

type rule struct {
	Rule
	matches func(path string) bool
}

// New returns a Limiter.
func New(c Config) *Limiter {
	l := &Limiter{counter: c.Counter, fallback: Rule{Window: c.Window, Max: c.Max}}
	if c.Window == 0 {
		l.fallback.Window = DefaultWindow
	}
	if c.Max == 0 {
		l.fallback.Max = DefaultMax
	}
	for _, r := range c.Rules {
		l.rules = append(l.rules, rule{r, Glob(r.Path)})
	}
	l.rules = append(l.rules, builtIn()...)
	return l
}

// builtIn are the rules that hold where the operator gives none: guessing
// passwords and sending mails are what attackers repeat.
func builtIn() []rule {
	guess := Rule{Path: "guess", Window: 10 * time.Second, Max: 3}
	mails := Rule{Path: "mails", Window: time.Minute, Max: 3}
	return []rule{
		{guess, startsWith("/sign-in", "/sign-up", "/change-password", "/change-email")},
		{mails, startsWith("/forget-password")},
		{mails, Glob("/request-password-reset")},
		{mails, Glob("/send-verification-email")},
		{mails, Glob("/email-otp/send-verification-otp")},
		{mails, Glob("/email-otp/request-password-reset")},
	}
}

// sharedClient stands for all clients whose address is not known: they share
// their buckets, because nothing tells one from another.
const sharedClient = "unknown"

// Allow counts a request of a client. The request is counted under its route,
// the pattern of its path, so that nobody gets a new bucket with every value
// of a parameter; path decides which rule holds. When it does not allow the
// request, retryAfter says for how long.
func (l *Limiter) Allow(ctx context.Context, client, path, route string) (ok bool, retryAfter time.Duration, err error) {
	r := l.find(path)
	if r.Unlimited {
		return true, 0, nil
	}
	if client == "" {
		client = sharedClient
	}
	// The rule's pattern is in the key because two rules may share a route.
	return l.counter.Hit(ctx, Key{Owner: client, Name: client + "|" + route + "|" + r.Path}, r.Window, r.Max)
}

func (l *Limiter) find(path string) Rule {
	for _, r := range l.rules {
		if r.matches(path) {
			return r.Rule
		}
	}
	return l.fallback
}

func startsWith(prefixes ...string) func(string) bool {
	return func(path string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(path, p) {
				return true
			}
		}
		return false
	}
}

// Glob returns what matches whole paths against a pattern, in which "*" is any
// run of characters and "?" any one of them.
func Glob(pattern string) func(string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return func(path string) bool { return path == pattern }
	}
	quoted := regexp.QuoteMeta(pattern)
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoted)
	return regexp.MustCompile("(?s)^" + expression + "$").MatchString
}
