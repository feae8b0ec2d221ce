package engine

import (
	"cmp"
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/capability"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/fingerprint"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/keystore"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/storage"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/tenant"
	"github.com/authhost/authhost/engine/workers"
	"github.com/authhost/authhost/pluginapi"
)

// realm is one tenant, put together.
type realm struct {
	config     *config.Tenant
	front      *tenant.Tenant
	api        *httpapi.API
	store      store.Tenant
	ring       *keyring.Ring
	userFields []identity.Field // additional ones
	work       *workers.Tenant
	ways       *ways // of its mails and text messages
}

// openTenant puts a tenant together.
func (g *generation) openTenant(ctx context.Context, t *config.Tenant) (*realm, error) {
	secrets, err := storage.Secrets(g.config, t)
	if err != nil {
		return nil, err
	}
	var manifests []*pluginapi.Manifest
	for _, p := range t.Plugins {
		manifests = append(manifests, g.modules[blueprint.ModuleKey(p)].manifest)
	}
	if err := blueprint.CheckSending(g.config, t, manifests); err != nil {
		return nil, err
	}
	if err := blueprint.CheckCopyKeys(t, manifests); err != nil {
		return nil, err
	}
	plan, err := blueprint.New(t, manifests)
	if err != nil {
		return nil, err
	}
	if err := g.addModules(t, plan.Plugins, manifests); err != nil {
		return nil, err
	}
	data, err := g.openData(ctx, t, plan.Schema, secrets)
	if err != nil {
		return nil, err
	}
	r := &realm{config: t, store: data, userFields: plan.UserFields, ring: g.keys(t, data, secrets)}
	r.ways = g.tenantWays(r, plan, secrets)
	capabilities, err := g.capabilities(r, plan, secrets)
	if err != nil {
		return nil, err
	}
	sessions := session.New(session.Config{
		Policy: policy(t.Session), Cookies: cookies(t), Secrets: secrets, Store: data, Defaults: plan.SessionDefaults,
		Cache: cookieCache(t, r.ring), Shared: g.sharedSessions(t),
	})
	if err := g.serveTenant(r, plan, capabilities, sessions); err != nil {
		return nil, err
	}
	r.work = &workers.Tenant{Settings: t, API: r.api, Schema: plan.Schema, Jobs: plan.Jobs, Store: data, Ways: r.ways.outbox}
	return r, nil
}

// openData opens the records of a tenant that this node may serve.
func (g *generation) openData(ctx context.Context, t *config.Tenant, schema store.Schema, secrets *secret.Secrets) (store.Tenant, error) {
	if err := g.admitAgain(ctx, t); err != nil {
		return nil, err
	}
	data, err := g.openRecords(ctx, t, schema)
	if err != nil {
		return nil, err
	}
	if watch := g.engine.options.watchStore; watch != nil {
		data = watch(data)
	}
	alone := g.config.Store.Driver != config.DriverPostgres || g.config.Server.Development
	if alone {
		return data, nil
	}
	return data, fingerprint.Join(ctx, t, secrets, data)
}

// keys returns the signing keys of a tenant.
func (g *generation) keys(t *config.Tenant, data store.Tenant, secrets *secret.Secrets) *keyring.Ring {
	return keyring.New(keyring.Config{
		Storage: keystore.New(data, secrets), Now: g.engine.options.Now, Logger: g.engine.logger.With("tenant", t.ID),
		NewID:    func() string { return secret.RandomString(idLength, secret.Alnum) },
		Policy:   keyring.Policy{RotateEvery: t.Keys.RotateEvery.Std(), Publish: t.Keys.PublishAhead.Std(), Overlap: t.Keys.Overlap.Std()},
		CacheFor: keyCacheFor(t.Keys),
	})
}

// capabilities returns what the plugins of a tenant can call.
func (g *generation) capabilities(r *realm, plan *blueprint.Tenant, secrets *secret.Secrets) (dispatch.Capabilities, error) {
	t := r.config
	hasher, err := g.hasher(t)
	if err != nil {
		return nil, err
	}
	host := capability.New(capability.Config{
		Tenant: t.ID, Secrets: secrets, Keys: r.ring, JWKSMaxAge: t.Keys.MaxAge.Std(),
		Identity:      identity.New(hasher, plan.UserFields...).LimitTexts(identity.Texts{Name: t.User.MaxNameLength, Image: t.User.MaxImageLength}).AccountFields(plan.AccountFields),
		SessionFields: plan.SessionFields, PlainTokens: !t.Account.EncryptOAuthTokens,
		Mail: r.ways.mail, SMS: r.ways.sms, Texts: r.ways.texts,
		HTTP: g.engine.egress.Client(egress.DefaultConcurrency), Outgoing: g.engine.metrics.Outgoing,
		Audit: g.engine.audit, Counters: g.counter(t, r.store, false), Logger: g.engine.logger,
		Describe: func() document.Value { return r.api.OpenAPI() }, // when it is called, there is one
	})
	if watch := g.engine.options.watchCalls; watch != nil {
		return watch(host), nil
	}
	return host, nil
}

// hasher returns what hashes a tenant's passwords.
func (g *generation) hasher(t *config.Tenant) (identity.Passwords, error) {
	if g.engine.options.passwords != nil {
		return g.engine.options.passwords, nil
	}
	h, err := secret.NewHasher(secret.HasherConfig{Algorithm: t.Passwords.Algorithm, MaxConcurrent: t.Passwords.MaxConcurrent, Gate: g.engine.gate})
	if err != nil {
		return nil, t.Origin.Fault("/passwords", err.Error(), "")
	}
	return &tellingHasher{Hasher: h, logger: g.engine.logger.With("tenant", t.ID)}, nil
}

// idLength counts characters of secret.Alnum.
const idLength = 32

// keyCacheFor returns how long a node may go on with the keys that it has
// read: what another node published has then still half the time to spare
// that verifiers do not need.
func keyCacheFor(k config.Keys) time.Duration {
	return min(keyring.DefaultCacheFor, (k.PublishAhead-k.MaxAge).Std()/2)
}

func (g *generation) serveTenant(r *realm, plan *blueprint.Tenant, capabilities dispatch.Capabilities, sessions *session.Manager) error {
	t := r.config
	var err error
	r.api, err = httpapi.New(httpapi.Config{
		Realm: &dispatch.Realm{
			ID: t.ID, AppName: t.AppName, BaseURL: t.PublicURL(), BasePath: t.EndpointsPath(), Dialect: t.Dialect, ErrorURL: t.ErrorURL,
			Development: g.config.Server.Development, Sessions: sessions, Store: r.store, Outbox: g.engine.workers.Announce(t.ID),
		},
		Plugins: plan.Plugins, Capabilities: capabilities, Views: plan.Views, UserFields: plan.UserFields, SessionFields: plan.SessionFields,
		Observer: &observer{engine: g.engine}, Tables: &g.tables, Limiter: g.limiter(t, r.store, plan.Plugins), Services: g.serviceKeys(t, r.store), Metrics: g.engine.metrics, Recordable: g.engine.audit.Ready, Logger: g.engine.logger,
		BaseURLs: publicURLs(t), TrustedOrigins: t.TrustedOrigins, TrustedProxies: g.proxiesOf(t), IPHeaders: t.IPHeaders, IPv6Subnet: t.IPv6Subnet,
		DisabledPaths: t.DisabledPaths, ErrorURL: t.ErrorURL, ErrorPage: httpapi.ErrorPage(t.ErrorPage), CORS: t.CORS, CORSHeaders: t.CORSHeaders,
		DisableCSRF: t.DisableCSRFCheck, DisableOrigin: t.DisableOriginCheck,
		MaxBodyBytes: g.config.Server.MaxBodyBytes, MaxJSONDepth: g.config.Server.MaxJSONDepth, MaxBodyElements: g.config.Server.MaxBodyElements, Bodies: g.engine.bodies, Memory: g.engine.memory,
		RequestTimeout: g.config.Server.RequestTimeout.Std(), Now: g.engine.options.Now,
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

// addModules gives the plugins of a tenant their modules, each with the limits
// and a breaker of its own. The log is told of what they will miss.
func (g *generation) addModules(t *config.Tenant, plugins *dispatch.Set, manifests []*pluginapi.Manifest) error {
	for i, p := range plugins.Plugins() {
		settings, m := t.Plugins[i], manifests[i]
		if missed := grants.Withheld(m, p.May); missed != 0 {
			g.engine.logger.Warn("a plugin was made for an ABI without permissions; what these guard is absent for it, and cannot be set",
				"tenant", t.ID, "plugin", p.ID, "abi", m.ABI, "permissions", missed.String(), "remedy", "add those that it needs to its grants if you trust the plugin with them, or use a build for a newer ABI")
		}
		p.Limits = sandboxLimits(settings.Limits)
		module, err := g.modules[blueprint.ModuleKey(settings)].module.Share(t.ID, t.ID+"/"+p.ID, p.Limits)
		if err != nil {
			return err
		}
		p.Module = module
		g.onClose(func(context.Context) error { module.Close(); return nil })
	}
	return nil
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
	return &session.SharedConfig{Shared: g.engine.redis.Sessions(t.ID), Copy: t.Session.StoreInDatabase, Preserve: t.Session.PreserveInDatabase}
}

// defaultRenewPart is which part of its life a copy has left when it is renewed,
// if the configuration does not say, as in Better Auth.
const defaultRenewPart = 5

func cookieCache(t *config.Tenant, ring *keyring.Ring) session.CacheConfig {
	c := t.Session.CookieCache
	if !c.Enabled {
		return session.CacheConfig{}
	}
	out := session.CacheConfig{MaxAge: c.MaxAge.Std(), Encoding: c.Strategy, Version: c.Version}
	if c.RefreshCache.Enabled {
		out.RenewAhead = cmp.Or(c.RefreshCache.UpdateAge.Std(), out.MaxAge/defaultRenewPart)
	}
	if c.KeyUse != "" {
		out.Signer, out.Issuer = copySigner{ring: ring, use: c.KeyUse, alg: c.Algorithm}, t.BaseURL
	}
	return out
}

// copySigner signs copies of sessions with keys of a tenant.
type copySigner struct {
	ring     *keyring.Ring
	use, alg string
}

// Sign is that of session.CopySigner.
func (s copySigner) Sign(ctx context.Context, claims []byte) (string, error) {
	token, _, err := s.ring.SignTyped(ctx, s.use, s.alg, session.CopyType, claims)
	return token, err
}

// Verify is that of session.CopySigner.
func (s copySigner) Verify(ctx context.Context, token string) ([]byte, error) {
	return s.ring.VerifyTyped(ctx, s.use, s.alg, session.CopyType, token)
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
