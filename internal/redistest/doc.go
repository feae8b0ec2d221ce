// Package redistest starts a real Redis for tests.
//
//	server := redistest.Start(t)
//	client, err := redis.Open(redis.Config{URL: server.URL})
package redistest
