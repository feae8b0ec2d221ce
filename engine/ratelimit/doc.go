// Package ratelimit counts events in fixed windows: requests by client and
// path for the pipeline, whatever a plugin counts for the ratelimit
// capability.
//
//	allowed, retryAfter, err := counters.Hit(ctx, "203.0.113.7|/sign-in/email", 10*time.Second, 3)
package ratelimit
