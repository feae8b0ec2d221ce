// Package ratelimit counts events in windows of time, and knows how often a
// client may call which path: Memory counts, for the pipeline and for the
// ratelimit capability of plugins; Limiter has the rules, which are Better
// Auth's unless the operator gives others.
//
//	limiter := ratelimit.New(ratelimit.Config{Counter: &ratelimit.Memory{Rolling: true}})
//	allowed, retryAfter, err := limiter.Allow(ctx, "203.0.113.7", "/sign-in/email", "/sign-in/email")
//
// Decisions and their reasons: docs/rationale/http.md.
package ratelimit
