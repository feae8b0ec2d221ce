package redis

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Defaults of Config.
const (
	DefaultPrefix  = "authhost:"
	DefaultTimeout = time.Second
)

// Config names a Redis server, or several that act as one. URL is required.
type Config struct {
	// URL is redis://user:password@host:port/database, or rediss:// with TLS;
	// the modes have their own forms.
	URL string
	// Mode is ModeSingle, ModeSentinel or ModeCluster; default ModeSingle.
	Mode string
	// Prefix begins every key, and has no braces; default DefaultPrefix.
	Prefix string
	// Timeout bounds one command, connecting included; default DefaultTimeout.
	Timeout time.Duration
}

// Client is a pool of connections. It is safe for concurrent use.
type Client struct {
	client redis.UniversalClient
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
	timeout := cmp.Or(c.Timeout, DefaultTimeout)
	client, err := connect(c, timeout)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	client.AddHook(bounded(timeout))
	return &Client{client: client, prefix: cmp.Or(c.Prefix, DefaultPrefix)}, nil
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
	node, err := c.holder(ctx, tenant)
	if err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	pattern := glob.Replace(c.beginning(tenant)) + "*"
	for cursor := uint64(0); ; {
		keys, next, err := node.Scan(ctx, cursor, pattern, scanned).Result()
		if err == nil && len(keys) > 0 {
			err = node.Unlink(ctx, keys...).Err()
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

// holder returns the server that has everything that is a tenant's.
func (c *Client) holder(ctx context.Context, tenant string) (redis.Cmdable, error) {
	if cluster, ok := c.client.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, c.beginning(tenant))
	}
	return c.client, nil
}

// key names a value of a tenant. The braces keep all keys of a tenant in one
// slot of a cluster, where one script may use several of them.
// See https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
func (c *Client) key(tenant, kind, rest string) string {
	return c.beginning(tenant) + kind + ":" + rest
}

func (c *Client) beginning(tenant string) string { return c.prefix + "{" + tenant + "}:" }
