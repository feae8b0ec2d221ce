// Package redis keeps two kinds of data in Redis, or in a server that speaks its
// protocol: counts of requests, which several nodes share, and the sessions of
// tenants with session.storage redis. Both may expire there. Records stay in the
// store.
//
// Keys begin with a prefix and the tenant's id. If the server does not answer, the
// call returns an error; the next call tries again. Redis may be one server, a
// server that Sentinels watch, or a Redis Cluster, in which each tenant is on one
// shard.
//
//	client, err := redis.Open(redis.Config{URL: "redis://127.0.0.1:6379/0"})
//	counter := client.Counter("acme", true)
//	sessions := client.Sessions("acme")
//
// Decisions and their reasons: docs/rationale/storage.md.
package redis
