package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// provider is one of the configured providers: its preset, with the tenant's
// settings over it.
type provider struct {
	preset
	configProvider
	c        *sdk.Call
	id       string
	path     string // of its settings in the configuration
	clientID string // of several, the one that flows use
	openID   bool   // its discovery document says that it signs id tokens
	// sessionEnd is where its discovery document says that sessions end.
	sessionEnd string
}

// discoveryLife is how long a discovery document is kept, in seconds.
const discoveryLife = 3600

// findProvider returns a configured provider, nil if there is none. What its
// discovery document says is not looked at yet.
func findProvider(c *sdk.Call, id string) *provider {
	p := &provider{c: c, id: id, path: "providers." + sdk.EscapeName(id)}
	settings := c.Config(p.path)
	if id == "" || settings.Kind() != sdk.KindJSON {
		return nil
	}
	p.configProvider = configProvider{c.Settings().Object("providers").Object(id)}
	p.preset = presets[cmp.Or(p.Preset(), id)]
	if p.generic() {
		p.preset.profilePaths = openIDProfile
	}
	for _, f := range [...]struct {
		to      *string
		setting string
	}{
		{&p.discovery, "discoveryUrl"}, {&p.authorize, "authorizationUrl"}, {&p.token, "tokenUrl"}, {&p.userInfo, "userInfoUrl"},
		{&p.jwks, "jwksUrl"}, {&p.issuer, "issuer"}, {&p.prompt, "prompt"}, {&p.responseType, "responseType"}, {&p.responseMode, "responseMode"},
	} {
		*f.to = settings.Get(f.setting).StringOr(fill(*f.to, settings))
	}
	p.clientID = cmp.Or(p.ClientID().String(), p.ClientID().At("0").String())
	p.adapt()
	return p
}

// generic reports whether only the configuration describes the provider.
func (p *provider) generic() bool { return p.preset.id == "" }

// ofGenericOAuth reports whether the provider is one of generic OAuth in Better
// Auth: described by the configuration, by one of its helpers, or under another
// id than the one that its social provider has.
func (p *provider) ofGenericOAuth() bool {
	return p.generic() || p.helper || p.id != p.preset.id
}

// fill puts settings of the provider into a preset's URL: "{domain}", or
// "{domain|default}".
func fill(url string, settings sdk.Value) string {
	for {
		before, rest, found := strings.Cut(url, "{")
		if !found || strings.HasPrefix(rest, "tid}") { // which is a claim
			return url
		}
		name, after, _ := strings.Cut(rest, "}")
		name, fallback, _ := strings.Cut(name, "|")
		value := strings.TrimSuffix(settings.Get(name).StringOr(fallback), "/")
		if strings.Contains(value, "://") {
			before = strings.TrimSuffix(before, "https://")
		}
		url = before + value + after
	}
}

// adapt does to providers what a preset cannot say.
func (p *provider) adapt() {
	move := func(from, to string) {
		for _, url := range [...]*string{&p.authorize, &p.token, &p.userInfo} {
			*url = strings.Replace(*url, from, to, 1)
		}
	}
	switch {
	case p.preset.id == "paypal" && (p.Environment() == "live" || p.Environment() == "production"):
		move("sandbox.", "")
	case p.preset.id == "google" && p.IncludeGrantedScopes().IsFalse():
		p.params = ""
	case p.preset.id == "salesforce" && p.Environment() == "sandbox":
		move("://login.", "://test.")
	case p.preset.id == "tiktok":
		p.clientID = cmp.Or(p.ClientKey(), p.clientID)
	case p.preset.id == "microsoft":
		tenant := cmp.Or(p.TenantID(), "common")
		if slices.Contains(microsoftGroups, tenant) {
			p.issuer = strings.Replace(p.issuer, "/"+tenant+"/", "/{tid}/", 1)
		}
	}
}

// microsoftGroups are tenants of several: a token for their users has the
// user's own in its issuer.
var microsoftGroups = []string{"common", "organizations", "consumers"}

// scopes returns what to ask for, in the reference's order.
func (p *provider) scopes(more []string) []string {
	var known []string
	if !p.DisableDefaultScope() {
		known = strings.Fields(p.scope)
	}
	if p.requestFirst || p.generic() {
		return slices.Concat(known, more, p.Scope())
	}
	return slices.Concat(known, p.Scope(), more)
}

// discover fills in what the provider says about itself, once it is needed, and
// reports whether flows are possible.
func (p *provider) discover() bool {
	if p.discovery == "" || p.jwks != "" && p.hasEndpoints() {
		return p.hasEndpoints()
	}
	return p.readDiscovery()
}

// readDiscovery does so whether it is needed for flows or not.
func (p *provider) readDiscovery() bool {
	answer, err := p.c.HTTP().Request(p.discovery, sdk.HTTPRequestOptions{CacheSeconds: discoveryLife, Answer: answerJSON})
	if err != nil || answer.Status != 200 {
		p.c.Log(sdk.LevelError, "the discovery document of the provider "+p.id+" is not there")
		return p.hasEndpoints()
	}
	issuer := answer.Body.Get("issuer").String()
	if !p.isIssuer(issuer) {
		p.c.Log(sdk.LevelError, "the discovery document of the provider "+p.id+" has the issuer "+issuer+"; set the provider's issuer if that is right")
		return false
	}
	p.issuer = issuer
	p.openID = answer.Body.At("id_token_signing_alg_values_supported.0").String() != ""
	p.authorize = cmp.Or(p.authorize, answer.Body.Get("authorization_endpoint").String())
	p.token = cmp.Or(p.token, answer.Body.Get("token_endpoint").String())
	p.userInfo = cmp.Or(p.userInfo, answer.Body.Get("userinfo_endpoint").String())
	p.jwks = cmp.Or(p.jwks, answer.Body.Get("jwks_uri").String())
	p.sessionEnd = answer.Body.Get("end_session_endpoint").String()
	return p.hasEndpoints()
}

func (p *provider) hasEndpoints() bool { return p.authorize != "" && p.token != "" }

// isIssuer reports whether a discovery document may be about an issuer: the one
// that was configured, or that the document's address names (OpenID Connect
// Discovery, section 4.3).
func (p *provider) isIssuer(issuer string) bool {
	bare := strings.TrimSuffix(issuer, "/")
	if p.issuer == "" {
		return p.discovery == bare+"/.well-known/openid-configuration"
	}
	return strings.TrimSuffix(p.issuer, "/") == bare
}

// verifies reports whether id tokens of the provider can be checked.
func (p *provider) verifies() bool { return p.jwks != "" && p.issuer != "" }

// callbackURL is where the provider sends the browser back to.
func (p *provider) callbackURL(route string) string {
	if p.RedirectURI() != "" {
		return p.RedirectURI()
	}
	return p.c.Tenant("authURL").String() + route + p.id
}
