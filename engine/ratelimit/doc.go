// Package ratelimit limits how often a client may call an endpoint. Memory counts
// events in windows of time, for requests and for the capability ratelimit of
// plugins. Limiter has the rules: those of Better Auth, unless the operator sets
// others.
//
//	limiter := ratelimit.New(ratelimit.Config{Counter: &ratelimit.Memory{Rolling: true}})
//	allowed, retryAfter, err := limiter.Allow(ctx, "203.0.113.7", "/sign-in/email", "/sign-in/email")
//
// Decisions and their reasons: docs/rationale/http.md.
package ratelimit
