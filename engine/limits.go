package engine

import (
	"strings"
	"time"

	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/store"
)

// handlerMemory is what the host keeps, in bytes, for the handlers of all
// requests at the same time; those of one tenant have half of it.
const handlerMemory = 256 << 20

// bodyLimits returns the bounds on the memory of request bodies. One body that
// is allowed fits into each.
func bodyLimits(s config.Server) budget.Limits {
	one := httpapi.LargestBody(s.MaxBodyBytes, s.MaxBodyElements)
	m := s.BodyMemory
	return budget.Limits{Total: max(m.Total, one), Tenant: max(m.PerTenant, one), Client: max(m.PerClient, one)}
}

// limiter returns what bounds the requests of a tenant's clients, nil for no
// bound.
func (g *generation) limiter(t *config.Tenant, data store.Tenant, plugins *dispatch.Set) httpapi.Limiter {
	c := t.RateLimit
	if !g.limits(t) {
		return nil
	}
	rules := make([]ratelimit.Rule, len(c.Rules))
	for i, r := range c.Rules {
		rules[i] = ratelimit.Rule{Path: r.Path, Window: r.Window.Std(), Max: r.Max, Unlimited: r.Unlimited}
	}
	return ratelimit.New(ratelimit.Config{
		Counter: g.counter(t, data, true), Window: c.Window.Std(), Max: c.Max, Rules: append(rules, declaredLimits(plugins)...),
	})
}

// limits reports whether the requests of a tenant's clients are bounded.
func (g *generation) limits(t *config.Tenant) bool {
	e := t.RateLimit.Enabled
	return e != config.False && (e != config.Auto || !g.config.Server.Development)
}

// declaredLimits are the rules that plugins have for their endpoints. The
// operator's go before them.
func declaredLimits(plugins *dispatch.Set) []ratelimit.Rule {
	var rules []ratelimit.Rule
	for _, e := range plugins.Endpoints() {
		l := e.Handler.RateLimit
		if l == nil || e.Handler.Root {
			continue
		}
		segments := strings.Split(e.Handler.Path, "/")
		for i, s := range segments {
			if strings.HasPrefix(s, ":") {
				segments[i] = "*"
			}
		}
		rules = append(rules, ratelimit.Rule{
			Path: strings.Join(segments, "/"), Window: time.Duration(l.Window) * time.Second, Max: int64(l.Max),
		})
	}
	return rules
}

// counter returns what counts a tenant's events for all nodes, or in this one
// alone. In the clients' counts a window rolls on with each of them, as in
// Better Auth.
func (g *generation) counter(t *config.Tenant, data store.Tenant, clients bool) ratelimit.Counter {
	memory := g.engine.counters.of(t.ID).plugins
	if clients {
		memory = g.engine.counters.of(t.ID).clients
	}
	var first ratelimit.Counter
	switch t.RateLimit.Storage {
	case config.StorageStore:
		first = &ratelimit.Stored{Store: data, Now: g.engine.options.Now}
	case config.StorageRedis:
		first = redisCounter{g.engine.redis.Counter(t.ID, clients)}
	default:
		return memory
	}
	return &ratelimit.Fallback{First: first, Second: memory, Now: g.engine.options.Now, Failed: func(err error) {
		g.engine.logger.Warn("calls are counted in this node's memory alone", "tenant", t.ID, "storage", t.RateLimit.Storage, "error", err)
	}}
}
