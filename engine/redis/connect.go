package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What a URL names. The forms of the URLs are those of go-redis: further
// addresses are parameters, "?addr=host:port&addr=host:port".
const (
	// ModeSingle is one server: redis://user:password@host:port/database,
	// rediss:// with TLS, unix:// for a socket. The default.
	ModeSingle = "single"
	// ModeSentinel is a group of Sentinels, which know the server that leads:
	// redis://sentinel:26379/database?master_name=NAME. The user and password
	// before the host are those of the Sentinels, the parameters username and
	// password those of the server.
	ModeSentinel = "sentinel"
	// ModeCluster is some nodes of a Redis Cluster, which know the others:
	// redis://user:password@host:port. There are no databases.
	ModeCluster = "cluster"
)

// connect returns a client of c's mode, which does not connect yet. A command
// is tried again once, on a connection that was not closed meanwhile, and in
// the other modes after what a change of the leading server asks for.
func connect(c Config, timeout time.Duration) (redis.UniversalClient, error) {
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch c.Mode {
	case "", ModeSingle:
		o, err := redis.ParseURL(c.URL)
		if err != nil {
			return nil, err
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
		o.ContextTimeoutEnabled, o.DisableIdentity, o.MaintNotificationsConfig = true, true, quiet
		o.DialerRetries, o.MaxRetries = 1, 1
		return redis.NewClient(o), nil
	case ModeSentinel:
		o, err := redis.ParseFailoverURL(c.URL)
		if err != nil {
			return nil, err
		}
		if o.MasterName == "" {
			return nil, fmt.Errorf("the URL does not say what the Sentinels call the server (master_name)")
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
		o.ContextTimeoutEnabled, o.DisableIdentity = true, true
		o.DialerRetries, o.MaxRetries = 1, 1
		return redis.NewFailoverClient(o), nil
	case ModeCluster:
		o, err := redis.ParseClusterURL(c.URL)
		if err != nil {
			return nil, err
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
		o.ContextTimeoutEnabled, o.DisableIdentity, o.MaintNotificationsConfig = true, true, quiet
		o.DialerRetries = 1
		return redis.NewClusterClient(o), nil
	}
	return nil, fmt.Errorf("unknown mode %q", c.Mode)
}

// bounded is a hook that ends a command after a time, however often it is
// tried and wherever it is sent.
type bounded time.Duration

func (bounded) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b bounded) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(b))
		defer cancel()
		return next(ctx, cmd)
	}
}

func (b bounded) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(b))
		defer cancel()
		return next(ctx, cmds)
	}
}
