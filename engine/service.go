package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// serviceKeys readies a tenant's service keys.
func (g *generation) serviceKeys(t *config.Tenant, data store.Tenant) httpapi.ServiceKeys {
	out := httpapi.ServiceKeys{Prefix: secret.ServiceKeyPrefix, Record: g.engine.recordService}
	for _, k := range t.ServiceKeys {
		expires, _ := k.ExpiresAt()
		key := httpapi.ServiceKey{ID: k.ID, Hash: serviceHash(k), Covers: covers(k.Scopes), Expires: expires}
		if g.limits(t) {
			counter, id, rate := g.counter(t, data, true), "service key "+k.ID, k.RateLimit
			key.Allow = func(ctx context.Context) (bool, time.Duration, error) {
				return counter.Hit(ctx, ratelimit.Key{Owner: id, Name: id}, rate.Window.Std(), rate.Max)
			}
		}
		out.Keys = append(out.Keys, key)
	}
	return out
}

// serviceHash returns the hash that the configuration has, or that of the key.
func serviceHash(k config.ServiceKey) (hash [sha256.Size]byte) {
	text := k.KeyHash.Reveal()
	if k.Key != "" {
		text = secret.HashServiceKey(k.Key.Reveal())
	}
	_, _ = hex.Decode(hash[:], []byte(text)) // the configuration was checked
	return hash
}

// covers tells the routes that one of the scopes names.
func covers(scopes []string) func(route string) bool {
	matchers := make([]func(string) bool, len(scopes))
	for i, s := range scopes {
		matchers[i] = ratelimit.Glob(s)
	}
	return func(route string) bool {
		for _, matches := range matchers {
			if matches(route) {
				return true
			}
		}
		return false
	}
}

// checkScopes refuses a scope that no endpoint of the tenant has: a key that
// can do less than was meant shows itself at the wrong moment.
func checkScopes(t *config.Tenant, routes []httpapi.Route) error {
	for i, k := range t.ServiceKeys {
		for j, scope := range k.Scopes {
			matches := ratelimit.Glob(scope)
			found := false
			for _, r := range routes {
				if path, below := strings.CutPrefix(r.Path, t.EndpointsPath()); below && matches(path) {
					found = true
				}
			}
			if !found {
				return t.Origin.Fault(fmt.Sprintf("/serviceKeys/%d/scopes/%d", i, j), fmt.Sprintf("no endpoint of tenant %q matches %q", t.ID, scope), "correct the path, or enable the plugin that serves it")
			}
		}
	}
	return nil
}

// recordService writes every use of a service key to the audit log before it
// has any effect.
func (e *Engine) recordService(ctx context.Context, ex *dispatch.Exchange, use httpapi.ServiceUse) error {
	event := audit.Event{
		Time: ex.Now, Tenant: ex.Realm.ID, Action: "service-key.used", Actor: use.User, ImpersonatedBy: ex.Session.Impersonator(ctx), IP: ex.Request.IP, RequestID: ex.Request.ID, Outcome: audit.Success,
		Details: map[string]string{"key": use.KeyID, "method": ex.Request.Method, "route": ex.Request.Route},
	}
	if use.Session != "" {
		event.Details["session"] = use.Session
	}
	if use.Refused != "" {
		event.Action, event.Outcome, event.Details["reason"] = "service-key.refused", audit.Failure, use.Refused
	}
	return e.audit.Record(ctx, event)
}
