package engine

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/capability"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/private"
	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/tenant"
	"github.com/authhost/authhost/pluginapi"
)

// realm is one tenant, put together.
type realm struct {
	config *config.Tenant
	front  *tenant.Tenant
	api    *httpapi.API
	store  store.Tenant
	schema store.Schema
	ring   *keyring.Ring
	jobs   []schedule.Job // of its plugins, and the engine's own
}

// openTenant puts a tenant together.
func (g *generation) openTenant(ctx context.Context, t *config.Tenant) (*realm, error) {
	secrets, err := g.tenantSecrets(t)
	if err != nil {
		return nil, err
	}
	var manifests []*pluginapi.Manifest
	for _, p := range t.Plugins {
		manifests = append(manifests, g.modules[moduleKey(p)].manifest)
	}
	plugins, err := g.tenantPlugins(t, declaredFields(t, manifests))
	if err != nil {
		return nil, err
	}
	schema, views, err := tenantSchema(t, manifests)
	if err != nil {
		return nil, schemaFault(t, err)
	}
	if err := g.admitAgain(ctx, t); err != nil {
		return nil, err
	}
	data, err := g.openRecords(ctx, t, schema)
	if err != nil {
		return nil, err
	}
	if err := g.join(ctx, t, secrets, data); err != nil {
		return nil, err
	}
	r := &realm{config: t, store: data, schema: schema}
	if r.jobs, err = jobsOf(t, plugins); err != nil {
		return nil, err
	}
	own, err := sweepJob(t.ID)
	if err != nil {
		return nil, err
	}
	r.jobs = append(r.jobs, own)
	if err := checkUserFields(t, plugins, userFields(t, manifests), views); err != nil {
		return nil, err
	}
	r.ring = keyring.New(keyring.Config{
		Storage: &keyStore{store: data, secrets: secrets}, Now: g.options.Now, Logger: g.logger.With("tenant", t.ID),
		NewID:    func() string { return secret.RandomString(idLength, secret.Alnum) },
		Policy:   keyring.Policy{RotateEvery: t.Keys.RotateEvery.Std(), Publish: t.Keys.PublishAhead.Std(), Overlap: t.Keys.Overlap.Std()},
		CacheFor: keyCacheFor(t.Keys),
	})
	hasher, err := g.hasher(t)
	if err != nil {
		return nil, err
	}
	mails, err := tenantMails(t, manifests)
	if err != nil {
		return nil, err
	}
	texts, err := g.tenantSMS(t, manifests)
	if err != nil {
		return nil, err
	}
	capabilities := capability.New(capability.Config{
		Tenant: t.ID, Identity: identity.New(hasher, userFields(t, manifests)...).Bound(identity.Texts{Name: t.User.MaxNameLength, Image: t.User.MaxImageLength}), SessionFields: sessionFields(t, manifests), Secrets: secrets, Keys: r.ring, Mail: g.tenantMail(t, mails), SMS: texts,
		JWKSMaxAge: t.Keys.MaxAge.Std(), Audit: g.audit, Counters: g.counter(t, data, false), HTTP: g.egress.Client(egress.DefaultConcurrency), Logger: g.logger,
		Describe:    func() document.Value { return r.api.OpenAPI() }, // when it is called, there is one
		PlainTokens: !t.Account.EncryptOAuthTokens,
		Outgoing:    g.metrics.Outgoing,
	})
	sessions := session.New(session.Config{Policy: policy(t.Session), Cookies: cookies(t), Secrets: secrets, Store: data, Defaults: sessionDefaults(t, manifests), Cache: cookieCache(t.Session.CookieCache), Shared: g.sharedSessions(t)})
	if err := g.serveTenant(r, plugins, capabilities, sessions, views); err != nil {
		return nil, err
	}
	return r, nil
}

// hasher returns what hashes a tenant's passwords.
func (g *generation) hasher(t *config.Tenant) (identity.Passwords, error) {
	if g.options.passwords != nil {
		return g.options.passwords, nil
	}
	h, err := secret.NewHasher(secret.HasherConfig{Algorithm: t.Passwords.Algorithm, MaxConcurrent: t.Passwords.MaxConcurrent, Gate: g.gate})
	if err != nil {
		return nil, t.Origin.Fault("/passwords", err.Error(), "")
	}
	return &tellingHasher{Hasher: h, logger: g.logger.With("tenant", t.ID)}, nil
}

// schemaFault says that models or fields of a tenant clash.
func schemaFault(t *config.Tenant, err error) error {
	return t.Origin.Fault("/plugins", err.Error(), "rename the additional field or the model, or enable only one of the plugins that clash")
}

const idLength = 32

// keyCacheFor returns how long a node may go on with the keys that it has
// read: what another node published has then still half the time to spare
// that verifiers do not need.
func keyCacheFor(k config.Keys) time.Duration {
	return min(keyring.DefaultCacheFor, (k.PublishAhead-k.MaxAge).Std()/2)
}

func (g *generation) serveTenant(r *realm, plugins *dispatch.Set, capabilities dispatch.Capabilities, sessions *session.Manager, views *identity.Views) error {
	t := r.config
	var err error
	r.api, err = httpapi.New(httpapi.Config{
		Realm: &dispatch.Realm{
			ID: t.ID, AppName: t.AppName, BaseURL: strings.TrimSuffix(t.BaseURL, "/") + t.PathPrefix, BasePath: basePath(t), Dialect: t.Dialect, ErrorURL: t.ErrorURL,
			Development: g.config.Server.Development, Sessions: sessions, Store: r.store, Outbox: &tenantOutbox{g.Engine, t.ID},
		},
		Plugins: plugins, Capabilities: capabilities, Views: views,
		Observer: &observer{engine: g.Engine}, Tables: &g.tables, Limiter: g.limiter(t, r.store, plugins), Services: g.serviceKeys(t, r.store), Metrics: g.metrics, Recordable: g.audit.Ready, Logger: g.logger,
		BaseURLs: publicURLs(t), TrustedOrigins: t.TrustedOrigins, TrustedProxies: g.proxiesOf(t), IPHeaders: t.IPHeaders, IPv6Subnet: t.IPv6Subnet,
		DisabledPaths: t.DisabledPaths, ErrorURL: t.ErrorURL, ErrorPage: httpapi.ErrorPage(t.ErrorPage), CORS: t.CORS, CORSHeaders: t.CORSHeaders,
		DisableCSRF: t.DisableCSRFCheck, DisableOrigin: t.DisableOriginCheck,
		MaxBodyBytes: g.config.Server.MaxBodyBytes, MaxJSONDepth: g.config.Server.MaxJSONDepth, MaxBodyElements: g.config.Server.MaxBodyElements, Bodies: g.bodies, Memory: g.memory,
		RequestTimeout: g.config.Server.RequestTimeout.Std(), Now: g.options.Now,
		NewRequestID: func() string { return secret.RandomString(16, secret.Alnum) },
	})
	if err != nil {
		return t.Origin.Fault("/plugins", err.Error(), "disable one of them")
	}
	if err := checkScopes(t, r.api.Routes()); err != nil {
		return err
	}
	r.front = &tenant.Tenant{ID: t.ID, Listen: g.listenOf(t), PathPrefix: t.PathPrefix, Hosts: g.hostsOf(t), Handler: g.unlessQuarantined(t.ID, r.store, r.api)}
	return nil
}

// publicURLs are the tenant's URLs besides its main one, with its path prefix.
func publicURLs(t *config.Tenant) []string {
	out := make([]string, len(t.BaseURLs))
	for i, u := range t.BaseURLs {
		out[i] = strings.TrimSuffix(u, "/") + t.PathPrefix
	}
	return out
}

func (g *generation) proxiesOf(t *config.Tenant) []netip.Prefix {
	if t.TrustedProxies != nil {
		return t.TrustedProxies
	}
	return g.config.Server.TrustedProxies
}

func basePath(t *config.Tenant) string {
	p := strings.TrimSuffix(t.BasePath, "/")
	return p
}

func (g *generation) listenOf(t *config.Tenant) string {
	if t.Listen != "" {
		return t.Listen
	}
	return g.config.Server.Listen
}

// hostsOf returns the hosts of a tenant. One that is alone on its listener
// and names no other host than its base URL's takes every request there: its
// public URL is configured, so nothing depends on the Host header.
func (g *generation) hostsOf(t *config.Tenant) []string {
	alone := !g.wasShared(g.listenOf(t)) && !slices.ContainsFunc(g.config.Tenants, func(other config.Tenant) bool {
		return other.ID != t.ID && g.listenOf(&other) == g.listenOf(t)
	})
	own := ownHosts(t)
	hosts := namedHosts(t)
	if alone && slices.Equal(hosts, own) {
		return nil
	}
	return hosts
}

// namedHosts returns the hosts that a tenant names, by themselves or in its URLs.
func namedHosts(t *config.Tenant) []string {
	if len(t.Hosts) > 0 {
		return t.Hosts
	}
	return ownHosts(t)
}

// ownHosts returns the hosts of a tenant's URLs.
func ownHosts(t *config.Tenant) []string {
	own := []string{}
	if u, err := url.Parse(t.BaseURL); err == nil {
		own = append(own, tenant.HostOf(u.Scheme, u.Host))
	}
	for _, raw := range t.BaseURLs {
		_, rest, _ := strings.Cut(raw, "://")
		host, _, _ := strings.Cut(rest, "/")
		own = append(own, host)
	}
	return own
}

// tenantPlugins binds modules to a tenant's settings and grants.
func (g *generation) tenantPlugins(t *config.Tenant, fields grants.Fields) (*dispatch.Set, error) {
	var list []*dispatch.Plugin
	for i, p := range t.Plugins {
		m := g.modules[moduleKey(p)]
		if err := checkGrants(p, m.manifest); err != nil {
			return nil, err
		}
		settings, secrets, err := pluginConfig(p, m.manifest)
		if err != nil {
			return nil, err
		}
		for _, w := range unsent(g.config, t, i, m.manifest) {
			g.logger.Warn(w.Message, "at", w.Position().String(), "remedy", w.Remedy)
		}
		limits := sandboxLimits(p.Limits)
		module, err := m.module.Share(t.ID, t.ID+"/"+p.ID, limits) // with a breaker of its own
		if err != nil {
			return nil, err
		}
		g.onClose(func(context.Context) error { module.Close(); return nil })
		may := g.permissions(t, p, m.manifest)
		list = append(list, &dispatch.Plugin{
			ID: p.ID, Manifest: m.manifest.For(t.Dialect), Module: module, Config: settings, Secrets: secrets, Limits: limits,
			May: may, Fields: fields.Rules(m.manifest, may, settings), Subjects: subjectFields(m.manifest, settings),
		})
	}
	set, err := dispatch.NewSet(list)
	if err == nil {
		err = set.Link()
	}
	if err != nil {
		return nil, t.Origin.Fault("/plugins", err.Error(), "")
	}
	return set, nil
}

func policy(s config.Session) session.Policy {
	p := session.Policy{
		ExpiresIn: s.ExpiresIn.Std(), UpdateAge: s.UpdateAge.Std(), FreshAge: s.FreshAge.Std(),
		DisableRefresh: s.DisableRefresh, DeferRefresh: s.DeferRefresh,
	}
	if p.FreshAge == 0 {
		p.FreshAge = -1 // 0 in the configuration means that every session is fresh
	}
	if p.UpdateAge == 0 {
		p.UpdateAge = -1 // 0 means to extend at every use
	}
	return p
}

// sharedSessions returns where the tenant's sessions are besides the store,
// nil for nowhere.
func (g *generation) sharedSessions(t *config.Tenant) *session.SharedConfig {
	if t.Session.Storage != config.StorageRedis {
		return nil
	}
	return &session.SharedConfig{Shared: g.redis.Sessions(t.ID), Copy: t.Session.StoreInDatabase, Preserve: t.Session.PreserveInDatabase}
}

// defaultRenewPart is which part of its life a copy has left when it is renewed,
// if the configuration does not say, as in Better Auth.
const defaultRenewPart = 5

func cookieCache(c config.CookieCache) session.CacheConfig {
	if !c.Enabled {
		return session.CacheConfig{}
	}
	out := session.CacheConfig{MaxAge: c.MaxAge.Std(), Encoding: c.Strategy, Version: c.Version}
	if c.RefreshCache.Enabled {
		out.RenewAhead = cmp.Or(c.RefreshCache.UpdateAge.Std(), out.MaxAge/defaultRenewPart)
	}
	return out
}

func cookies(t *config.Tenant) session.CookieConfig {
	overrides := make(map[string]session.CookieOverride, len(t.Cookies.Overrides))
	for _, o := range t.Cookies.Overrides {
		overrides[o.Cookie] = cookieOverride(o)
	}
	return session.CookieConfig{
		Prefix: t.Cookies.Prefix, Secure: t.SecureCookies(), Domain: t.Cookies.Domain, SameSite: t.Cookies.SameSite, Path: t.PathPrefix,
		Partitioned: t.Cookies.Partitioned, Overrides: overrides, Host: hostOf(t.BaseURL),
	}
}

// hostOf returns the host of a URL, without a port.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func cookieOverride(o config.CookieOverride) session.CookieOverride {
	out := session.CookieOverride{Name: o.Name, SameSite: o.SameSite, Path: o.Path, HostOnly: o.Domain == config.HostOnly}
	if !out.HostOnly {
		out.Domain = o.Domain
	}
	if o.Partitioned != config.Auto {
		on := o.Partitioned == config.True
		out.Partitioned = &on
	}
	return out
}

// tenantSecrets returns the configured secrets; in development one is made
// and kept in the data folder.
func (g *generation) tenantSecrets(t *config.Tenant) (*secret.Secrets, error) {
	var versions []secret.Version
	for _, v := range t.Secrets {
		versions = append(versions, secret.Version{Version: v.Version, Value: v.Value.Reveal()})
	}
	if t.Secret != "" {
		versions = append(versions, secret.Version{Value: t.Secret.Reveal()})
	}
	if len(versions) == 0 {
		value, err := g.developmentSecret(t.ID)
		if err != nil {
			return nil, err
		}
		versions = []secret.Version{{Value: value}}
	}
	s, err := secret.New(versions)
	if err != nil {
		return nil, t.Origin.Fault("/secret", err.Error(), "")
	}
	return s, nil
}

func (g *generation) developmentSecret(id string) (string, error) {
	value, err := private.Secret(filepath.Join(g.config.Server.DataDir, "development-secret-"+id))
	if err != nil {
		return "", fmt.Errorf("development secret of tenant %q: %w", id, err)
	}
	return value, nil
}
