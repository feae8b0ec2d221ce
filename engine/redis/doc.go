// Package redis keeps in Redis (or what speaks its protocol) what several
// nodes share and what may end by itself: counts of requests, and sessions of
// tenants that want them there. Records stay in the store.
//
// Keys begin with a prefix and the tenant's id. A server that cannot be
// reached is an error of each call and no more: the next call tries again. It
// may be one server, one that Sentinels watch, or a Redis Cluster, where each
// tenant is on one shard.
//
//	client, err := redis.Open(redis.Config{URL: "redis://127.0.0.1:6379/0"})
//	counter := client.Counter("acme", true)
//	sessions := client.Sessions("acme")
//
// Decisions and their reasons: docs/rationale/storage.md.
package redis
