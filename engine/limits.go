package engine

import (
	"strings"
	"time"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/ratelimit"
)

// limiter returns what bounds the requests of a tenant's clients, nil for no
// bound.
func (g *generation) limiter(t *config.Tenant, plugins *dispatch.Set) httpapi.Limiter {
	c := t.RateLimit
	if c.Enabled == config.False || c.Enabled == config.Auto && g.config.Server.Development {
		return nil
	}
	rules := make([]ratelimit.Rule, len(c.Rules))
	for i, r := range c.Rules {
		rules[i] = ratelimit.Rule{Path: r.Path, Window: r.Window.Std(), Max: r.Max, Unlimited: r.Unlimited}
	}
	return ratelimit.New(ratelimit.Config{
		Counter: g.clientCounter(t.ID), Window: c.Window.Std(), Max: c.Max, Rules: append(rules, declaredLimits(plugins)...),
	})
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

// clientCounter returns the counter of a tenant's clients. It outlives
// reloads, so that they give nobody new tries; and every tenant has its own,
// so that a flood on one leaves the others' room alone.
func (e *Engine) clientCounter(tenant string) *ratelimit.Memory {
	counter, _ := e.clients.LoadOrStore(tenant, &ratelimit.Memory{Rolling: true, Now: e.options.Now})
	return counter.(*ratelimit.Memory)
}
