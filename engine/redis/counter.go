package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Counter counts events of a tenant. It is a ratelimit.Counter.
type Counter struct {
	client  *Client
	tenant  string
	rolling bool
}

// Counter returns the counter of a tenant. With rolling, a window lasts until
// its length has passed since the last event that was counted, not since the
// first.
func (c *Client) Counter(tenant string, rolling bool) *Counter { return &Counter{c, tenant, rolling} }

// hit counts an event unless the window is full: key; max, length in
// milliseconds, whether it rolls. It returns whether the event was counted,
// and else how long the window still lasts.
var hit = redis.NewScript(`
local n = tonumber(redis.call('GET', KEYS[1]) or '0')
if n >= tonumber(ARGV[1]) then
  return {0, redis.call('PTTL', KEYS[1])}
end
redis.call('INCR', KEYS[1])
if n == 0 or ARGV[3] == '1' then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {1, 0}`)

// Forget ends the window of a key.
func (c *Counter) Forget(ctx context.Context, key string) error {
	if err := c.client.client.Del(ctx, c.client.key(c.tenant, "count", key)).Err(); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	return nil
}

// Hit counts one event under key. It reports whether at most max events fell
// into the current window of the given length, and else how long until the
// window ends.
func (c *Counter) Hit(ctx context.Context, key string, length time.Duration, max int64) (allowed bool, retryAfter time.Duration, err error) {
	rolling := 0
	if c.rolling {
		rolling = 1
	}
	got, err := hit.Run(ctx, c.client.client, []string{c.client.key(c.tenant, "count", key)}, max, length.Milliseconds(), rolling).Int64Slice()
	if err != nil {
		return false, 0, fmt.Errorf("redis: %w", err)
	}
	return got[0] == 1, time.Duration(got[1]) * time.Millisecond, nil
}
