package engine

import (
	"context"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/redis"
)

// counters are the counts in this process's memory. Every tenant has its own,
// with an equal share of the room, so that a flood on one leaves the others'
// alone. They outlive reloads, so that these give nobody new tries.
type counters struct {
	now func() time.Time

	mu      sync.Mutex
	share   int // keys of each counter; 0 before the first configuration is served
	tenants map[string]*tenantCounters
}

// tenantCounters are the counters of a tenant's clients and of its plugins.
type tenantCounters struct {
	clients, plugins *ratelimit.Memory
}

// Bounds of a counter's share.
const (
	minCounterShare = 100
	maxCounterShare = ratelimit.DefaultMaxKeys
)

// of returns the counters of a tenant.
func (c *counters) of(tenant string) *tenantCounters {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tenants[tenant]
	if t == nil {
		t = &tenantCounters{clients: &ratelimit.Memory{Rolling: true, Now: c.now}, plugins: &ratelimit.Memory{Now: c.now}}
		t.resize(c.share)
		if c.tenants == nil {
			c.tenants = map[string]*tenantCounters{}
		}
		c.tenants[tenant] = t
	}
	return t
}

func (t *tenantCounters) resize(share int) {
	t.clients.SetMaxKeys(share)
	t.plugins.SetMaxKeys(share)
}

// divide shares room for so many keys between the tenants that are served, and
// forgets the counts of those that are not served any more.
func (c *counters) divide(keys int, served []*realm) {
	kept := make(map[string]bool, len(served))
	for _, r := range served {
		kept[r.config.ID] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.share = min(max(keys/max(1, 2*len(served)), minCounterShare), maxCounterShare)
	for id, t := range c.tenants {
		if kept[id] {
			t.resize(c.share)
		} else {
			delete(c.tenants, id)
		}
	}
}

// redisCounter counts in Redis, where keys have no owners: what is there ends
// by itself, and Redis bounds its memory as its operator says.
type redisCounter struct{ *redis.Counter }

// Hit implements ratelimit.Counter.
func (c redisCounter) Hit(ctx context.Context, key ratelimit.Key, window time.Duration, max int64) (allowed bool, retryAfter time.Duration, err error) {
	return c.Counter.Hit(ctx, key.Name, window, max)
}
