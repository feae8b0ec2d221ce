package redis

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Defaults of Config.
const (
	DefaultPrefix  = "authhost:"
	DefaultTimeout = time.Second
)

// Config names a Redis server. URL is required.
type Config struct {
	// URL is redis://user:password@host:port/database, or rediss:// with TLS.
	URL string
	// Prefix begins every key; default DefaultPrefix.
	Prefix string
	// Timeout bounds one command, connecting included; default DefaultTimeout.
	Timeout time.Duration
}

// Client is a pool of connections to one server. It is safe for concurrent
// use.
type Client struct {
	client *redis.Client
	prefix string
}

// Silence keeps the library from printing to standard error, in the whole
// process: what fails is told by the error of the call. A program calls it
// before it opens a client.
func Silence() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Open returns a client. It connects when it is first used; only a URL that
// cannot be read is an error.
func Open(c Config) (*Client, error) {
	options, err := redis.ParseURL(c.URL)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	timeout := cmp.Or(c.Timeout, DefaultTimeout)
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = timeout, timeout, timeout, timeout
	options.ContextTimeoutEnabled = true
	options.DialerRetries = 1
	options.MaxRetries = 1 // a connection that the server has closed meanwhile
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Client{client: redis.NewClient(options), prefix: cmp.Or(c.Prefix, DefaultPrefix)}, nil
}

// Ping reports whether the server answers.
func (c *Client) Ping(ctx context.Context) error {
	if err := c.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	return nil
}

// scanned is how many keys Forget asks for at once.
const scanned = 1000

// Forget removes everything that is a tenant's.
func (c *Client) Forget(ctx context.Context, tenant string) error {
	pattern := glob.Replace(c.prefix+tenant+":") + "*"
	for cursor := uint64(0); ; {
		keys, next, err := c.client.Scan(ctx, cursor, pattern, scanned).Result()
		if err == nil && len(keys) > 0 {
			err = c.client.Unlink(ctx, keys...).Err()
		}
		if err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// glob escapes what has a meaning in patterns of SCAN.
var glob = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`)

// Close closes the connections.
func (c *Client) Close() error { return c.client.Close() }

func (c *Client) key(tenant, kind, rest string) string {
	return c.prefix + tenant + ":" + kind + ":" + rest
}
