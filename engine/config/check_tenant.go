package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/pluginapi"
)

// Longest ids. A tenant's fits into a DNS label and a file name.
const (
	maxTenantID = 63
	maxPluginID = 40
)

func (c *checker) tenants() {
	o := c.config.Origin
	if len(c.config.Tenants) == 0 {
		if o.node != nil && o.node.get("tenants") != nil {
			c.at(o, "/tenants", "no tenant", "add one with id and baseURL")
		}
		return
	}
	ids := map[string]Position{}
	for i := range c.config.Tenants {
		t := &c.config.Tenants[i]
		if t.ID == "" {
			continue // noted as missing
		}
		if first, taken := ids[t.ID]; taken {
			c.at(t.Origin, "/id", fmt.Sprintf("tenant id %q is taken in line %d", t.ID, first.Line), "choose another id")
		} else {
			ids[t.ID] = t.Origin.At("/id")
		}
		c.tenant(t)
	}
	c.routes()
	c.sharedSecrets()
}

func (c *checker) tenant(t *Tenant) {
	if !validID(t.ID, maxTenantID) {
		c.at(t.Origin, "/id", fmt.Sprintf("tenant id %q is not allowed", t.ID), fmt.Sprintf("use 1 to %d of a-z, 0-9 and -, with a letter or digit first", maxTenantID))
	}
	if strings.ContainsFunc(t.AppName, isControl) || strings.TrimSpace(t.AppName) == "" {
		c.at(t.Origin, "/appName", "appName is empty or has control characters", "write the application's name")
	}
	c.urls(t)
	c.secrets(t)
	c.cookies(t)
	c.session(t)
	c.rateLimit(t)
	c.keys(t)
	c.serviceKeys(t)
	c.additionalFields(t)
	if t.Listen != "" {
		c.listen(t.Origin, "/listen", t.Listen)
		if t.Listen == c.config.Server.Admin {
			c.at(t.Origin, "/listen", fmt.Sprintf("%s is the address of the admin listener", t.Listen), "choose another address")
		}
	}
	for i, name := range t.IPHeaders {
		if !isToken(name) {
			c.at(t.Origin, fmt.Sprintf("/ipHeaders/%d", i), fmt.Sprintf("%q is not the name of a header", name), "write a name such as x-forwarded-for")
		}
		t.IPHeaders[i] = strings.ToLower(name)
	}
	c.corsHeaders(t)
	if t.Mail.From != "" {
		c.sender(t.Origin, "/mail/from", t.Mail.From)
	}
	t.Mail.Templates = c.path(t.Mail.Templates)
	t.SMS.Templates = c.path(t.SMS.Templates)
	c.plugins(t)
}

// secrets checks the strength of secrets. In development a weak one is only
// worth a warning.
func (c *checker) secrets(t *Tenant) {
	if t.Secret != "" && len(t.Secrets) > 0 {
		c.at(t.Origin, "/secrets", "both secret and secrets are set", "keep one of them; secrets, with the current version first, is for rotation")
	}
	development := c.config.Server.Development
	if t.Secret == "" && len(t.Secrets) == 0 {
		if !development && !c.noted(t.Origin, "/secrets") {
			c.at(t.Origin, "/secret", fmt.Sprintf("tenant %q has no secret", t.ID), `set secret: ${AUTHHOST_SECRET} and put the output of "openssl rand -base64 32" into that variable`)
		}
		return
	}
	seen := map[int]bool{}
	for i, v := range t.Secrets {
		if v.Version > 0 && seen[v.Version] {
			c.at(t.Origin, fmt.Sprintf("/secrets/%d/version", i), fmt.Sprintf("version %d is given twice", v.Version), "number every secret once")
		}
		seen[v.Version] = true
		c.strength(t, fmt.Sprintf("/secrets/%d/value", i), v.Value)
	}
	if t.Secret != "" {
		c.strength(t, "/secret", t.Secret)
	}
}

// sharedSecrets refuses a secret that two tenants have: what it signs at one
// would be good at the other. The first pair tells.
func (c *checker) sharedSecrets() {
	owners := map[string]*Tenant{}
	for i := range c.config.Tenants {
		t := &c.config.Tenants[i]
		for _, value := range t.secretValues() {
			other := owners[value]
			owners[value] = t
			if other == nil || other == t {
				continue
			}
			pointer := "/secret"
			if t.Secret == "" {
				pointer = "/secrets"
			}
			message := fmt.Sprintf("tenants %q and %q have the same secret, so that what one signs is good at the other", other.ID, t.ID)
			const remedy = "give every tenant a secret of its own"
			if c.config.Server.Development {
				c.warn(t.Origin, pointer, message+"; allowed in development only", remedy)
			} else {
				c.at(t.Origin, pointer, message, remedy)
			}
			return
		}
	}
}

func (t *Tenant) secretValues() []string {
	var out []string
	if t.Secret != "" {
		out = append(out, t.Secret.Reveal())
	}
	for _, v := range t.Secrets {
		out = append(out, v.Value.Reveal())
	}
	return out
}

func (c *checker) strength(t *Tenant, pointer string, value Secret) {
	err := secret.Strength(value.Reveal())
	remedy := `use the output of "openssl rand -base64 32"`
	switch {
	case err == nil:
	case value == "" || !c.config.Server.Development:
		c.at(t.Origin, pointer, fmt.Sprintf("the secret of tenant %q %v", t.ID, err), remedy)
	default:
		c.warn(t.Origin, pointer, fmt.Sprintf("the secret of tenant %q %v; allowed in development only", t.ID, err), remedy)
	}
}

func (c *checker) session(t *Tenant) {
	if cache := t.Session.CookieCache; cache.Enabled && cache.MaxAge > t.Session.ExpiresIn {
		c.at(t.Origin, "/session/cookieCache/maxAge", fmt.Sprintf("maxAge (%s) is longer than the session's expiresIn (%s)", cache.MaxAge, t.Session.ExpiresIn), "make it shorter; minutes are usual")
	}
	c.refreshCache(t)
	c.copyKeys(t)
	s := t.Session
	switch {
	case s.Storage == StorageRedis && c.config.Redis.URL == "":
		c.at(t.Origin, "/session/storage", "sessions are to be in Redis, but redis.url is not set", "set redis.url, or write storage: store")
	case s.Storage != StorageRedis && s.StoreInDatabase:
		c.at(t.Origin, "/session/storeInDatabase", "sessions are in the store anyway", "remove it, or write storage: redis")
	case s.PreserveInDatabase && !s.StoreInDatabase:
		c.at(t.Origin, "/session/preserveInDatabase", "sessions are not written to the store, so none can be preserved there", "write storage: redis and storeInDatabase: true too, or remove it")
	}
	if written(t, "session", "updateAge") && t.Session.UpdateAge > t.Session.ExpiresIn && !c.noted(t.Origin, "/session/expiresIn") {
		c.at(t.Origin, "/session/updateAge", fmt.Sprintf("updateAge (%s) is longer than expiresIn (%s), so sessions would never be refreshed", t.Session.UpdateAge, t.Session.ExpiresIn), "make it shorter, or remove it and write disableRefresh: true")
	}
}

// corsHeaders checks the headers that requests of other origins may carry.
func (c *checker) corsHeaders(t *Tenant) {
	for i, name := range t.CORSHeaders {
		if !isToken(name) {
			c.at(t.Origin, fmt.Sprintf("/corsHeaders/%d", i), fmt.Sprintf("%q is not the name of a header", name), "write each header by its name, such as x-app-version; with credentials, browsers take * for a name")
		}
	}
	if len(t.CORSHeaders) > 0 && !t.CORS {
		c.at(t.Origin, "/corsHeaders", "no other origin may read answers", "write cors: true too, or remove it")
	}
}

// written reports whether a member of a tenant's section is in the file.
func written(t *Tenant, section, name string) bool {
	return t.Origin.node.get(section).get(name) != nil
}

// copyKeys checks the keys that sign copies of sessions.
func (c *checker) copyKeys(t *Tenant) {
	cache := t.Session.CookieCache
	switch {
	case cache.KeyUse == "" && t.Origin.node.get("session").get("cookieCache").get("algorithm") != nil:
		c.at(t.Origin, "/session/cookieCache/algorithm", "copies are signed with the tenant's secret, which has an algorithm of its own", "write keyUse: jwt too, or remove it")
	case cache.KeyUse == "":
	case cache.Strategy != "jwt":
		c.at(t.Origin, "/session/cookieCache/keyUse", fmt.Sprintf("copies of the strategy %s are not signed with keys", cache.Strategy), "write strategy: jwt too, or remove it")
	case cache.MaxAge > t.Keys.Overlap:
		c.at(t.Origin, "/session/cookieCache/maxAge", fmt.Sprintf("maxAge (%s) is longer than a key stays published when it signs no more (keys.overlap, %s)", cache.MaxAge, t.Keys.Overlap), "make it shorter; minutes are usual")
	}
}

func (c *checker) refreshCache(t *Tenant) {
	cache := t.Session.CookieCache
	switch refresh := cache.RefreshCache; {
	case !refresh.Enabled:
	case !cache.Enabled:
		c.at(t.Origin, "/session/cookieCache/refreshCache", "no copies are made, so none is renewed", "write enabled: true too, or remove it")
	case refresh.UpdateAge >= cache.MaxAge:
		c.at(t.Origin, "/session/cookieCache/refreshCache/updateAge", fmt.Sprintf("updateAge (%s) is not shorter than maxAge (%s), so that no copy would ever be used", refresh.UpdateAge, cache.MaxAge), "make it shorter; it counts from the end of a copy")
	}
}

func (c *checker) plugins(t *Tenant) {
	seen := map[string]bool{}
	for i := range t.Plugins {
		p := &t.Plugins[i]
		if p.ID == "" {
			continue // noted as missing
		}
		if seen[p.ID] {
			c.at(p.Origin, "/id", fmt.Sprintf("plugin %q is enabled twice in tenant %q", p.ID, t.ID), "keep one of them")
		}
		seen[p.ID] = true
		if !validID(p.ID, maxPluginID) {
			c.at(p.Origin, "/id", fmt.Sprintf("plugin id %q is not allowed", p.ID), fmt.Sprintf("use 1 to %d of a-z, 0-9 and -, with a letter or digit first", maxPluginID))
		}
		if p.Limits.Instances != 0 {
			c.at(p.Origin, "/limits/instances", "instances are shared by all tenants and cannot be limited per plugin", "set limits.instances at the top of the file")
		}
		for j, grant := range p.Grants {
			if !slices.Contains(pluginapi.GrantNames(), grant) && !pluginapi.PluginGrant(grant) {
				c.at(p.Origin, fmt.Sprintf("/grants/%d", j), fmt.Sprintf("unknown capability or permission %q", grant), DidYouMean(grant, pluginapi.GrantNames()))
			}
		}
		if p.Module == "" {
			if p.SHA256 != "" {
				c.at(p.Origin, "/sha256", fmt.Sprintf("plugin %q is built in, and has no file", p.ID), "remove sha256, or name the module")
			}
			continue
		}
		if sum, err := hex.DecodeString(p.SHA256); p.SHA256 != "" && (err != nil || len(sum) != sha256.Size || strings.ToLower(p.SHA256) != p.SHA256) {
			c.at(p.Origin, "/sha256", fmt.Sprintf("the sha256 of plugin %q is not a SHA-256 in hex, in small letters", p.ID), `write what "authhost plugin check" prints`)
		}
		if filepath.Ext(p.Module) != ".wasm" {
			c.at(p.Origin, "/module", fmt.Sprintf("module %q is not a .wasm file", p.Module), "name the module file, or leave module out for a built-in plugin")
		}
		p.Module = c.path(p.Module)
		if p.Grants == nil {
			c.at(p.Origin, "/module", fmt.Sprintf("plugin %q comes from a file, and has no grants", p.ID), `list the capabilities and permissions that it may use, such as grants: [identity]; "authhost plugin inspect" shows which it asks for`)
		}
	}
}

func validID(id string, most int) bool {
	if id == "" || len(id) > most || id[0] == '-' {
		return false
	}
	return strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// isToken reports whether s is a token of HTTP (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
