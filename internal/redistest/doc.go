// Package redistest starts real Redis servers for tests: one, a cluster, or a
// leader and its replica with a Sentinel.
//
//	server := redistest.Start(t)
//	client, err := redis.Open(redis.Config{URL: server.URL})
//
// Decisions and their reasons: docs/rationale/code.md.
package redistest
