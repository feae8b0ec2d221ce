package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// provider is one of the configured providers: its preset, with the tenant's
// settings over it.
type provider struct {
	preset
	c    *sdk.Call
	id   string
	path string // of its settings, with a dot at the end
}

// discoveryLife is how long a discovery document is kept, in seconds.
const discoveryLife = 3600

// findProvider returns a configured provider. What its discovery document says
// is not looked at yet.
func findProvider(c *sdk.Call, id string) (*provider, bool) {
	p := &provider{c: c, id: id, path: "providers." + sdk.EscapeName(id) + "."}
	if id == "" || c.Config(strings.TrimSuffix(p.path, ".")).Kind() != sdk.KindJSON {
		return nil, false
	}
	p.preset = presets[p.text("preset", id)]
	if p.preset.id == "" {
		p.preset.profilePaths = openIDProfile
	}
	for _, f := range [...]struct {
		to   *string
		name string
	}{
		{&p.discovery, "discoveryUrl"}, {&p.authorize, "authorizationUrl"}, {&p.token, "tokenUrl"}, {&p.userInfo, "userInfoUrl"},
		{&p.jwks, "jwksUrl"}, {&p.issuer, "issuer"}, {&p.prompt, "prompt"}, {&p.accessType, "accessType"},
	} {
		*f.to = p.text(f.name, p.fill(*f.to))
	}
	p.adapt()
	return p, true
}

// fill puts settings of the provider into a preset's URL: "{domain}", or
// "{domain|default}".
func (p *provider) fill(url string) string {
	for {
		before, rest, found := strings.Cut(url, "{")
		if !found || strings.HasPrefix(rest, "tid}") { // which is a claim
			return url
		}
		name, after, _ := strings.Cut(rest, "}")
		name, fallback, _ := strings.Cut(name, "|")
		value := strings.TrimSuffix(p.text(name, fallback), "/")
		if strings.Contains(value, "://") {
			before = strings.TrimSuffix(before, "https://")
		}
		url = before + value + after
	}
}

// adapt chooses among the places of providers that have several.
func (p *provider) adapt() {
	environment := p.text("environment", "")
	for _, url := range [...]*string{&p.authorize, &p.token, &p.userInfo} {
		switch {
		case p.preset.id == "paypal" && environment == "production":
			*url = strings.Replace(*url, "sandbox.", "", 1)
		case p.preset.id == "salesforce" && environment == "sandbox":
			*url = strings.Replace(*url, "://login.", "://test.", 1)
		}
	}
	if p.preset.id == "microsoft" {
		p.issuer = strings.Replace(p.issuer, "/"+p.text("tenantId", "common")+"/", "/"+microsoftTenant(p.text("tenantId", "common"))+"/", 1)
	}
}

// microsoftTenant is what stands for the tenant in issuers: tokens for users
// of any tenant carry that of the user.
func microsoftTenant(tenant string) string {
	switch tenant {
	case "common", "organizations", "consumers":
		return "{tid}"
	}
	return tenant
}

func (p *provider) get(name string) sdk.Value { return p.c.Config(p.path + name) }

func (p *provider) text(name, fallback string) string { return p.get(name).StringOr(fallback) }

// flag returns a boolean setting.
func (p *provider) flag(name string, fallback bool) bool {
	if fallback {
		return !p.get(name).IsFalse()
	}
	return p.get(name).IsTrue()
}

// list returns the texts of an array below a path of the document.
func list(c *sdk.Call, path string) []string {
	var out []string
	for i := int64(0); ; i++ {
		v := c.Get(path + "." + sdk.Int(i).Text())
		if v.IsAbsent() {
			return out
		}
		out = append(out, v.String())
	}
}

// clientID returns the id that flows use; others are audiences of id tokens.
func (p *provider) clientID() string {
	if v := p.get("clientId"); v.Kind() == sdk.KindString {
		return v.String()
	}
	return p.get("clientId.0").String()
}

// scopes returns what to ask for, in the reference's order.
func (p *provider) scopes(more []string) []string {
	var out []string
	if !p.flag("disableDefaultScope", false) {
		out = append(out, strings.Fields(p.scope)...)
	}
	own := list(p.c, "config."+p.path+"scope")
	if p.requestFirst || p.preset.id == "" {
		return append(append(out, more...), own...)
	}
	return append(append(out, own...), more...)
}

// discover fills in what the provider says about itself, once it is needed.
// The document must be about the issuer that was configured, or that its own
// address names (OpenID Connect Discovery, section 4.3).
func (p *provider) discover() bool {
	if p.discovery == "" || p.authorize != "" && p.token != "" && p.jwks != "" {
		return p.authorize != "" && p.token != ""
	}
	c := p.c
	status := c.HTTP().Do(sdk.HTTPRequest{URL: p.discovery, CacheSeconds: discoveryLife})
	if status != sdk.OK || c.Result("status").Int(0) != 200 {
		c.Log(sdk.Error, "the discovery document of the provider "+p.id+" is not there")
		return p.authorize != "" && p.token != ""
	}
	issuer := c.Result("body.issuer").String()
	bare := strings.TrimSuffix(issuer, "/")
	if p.issuer == "" && p.discovery != bare+"/.well-known/openid-configuration" || p.issuer != "" && strings.TrimSuffix(p.issuer, "/") != bare {
		c.Log(sdk.Error, "the discovery document of the provider "+p.id+" has the issuer "+issuer+"; set the provider's issuer if that is right")
		return false
	}
	p.issuer = issuer
	for _, f := range [...]struct {
		to   *string
		name string
	}{
		{&p.authorize, "authorization_endpoint"}, {&p.token, "token_endpoint"}, {&p.userInfo, "userinfo_endpoint"}, {&p.jwks, "jwks_uri"},
	} {
		if *f.to == "" {
			*f.to = c.Result("body." + f.name).String()
		}
	}
	return p.authorize != "" && p.token != ""
}

// verifies reports whether id tokens of the provider can be checked.
func (p *provider) verifies() bool { return p.jwks != "" && p.issuer != "" }

// issuers is what verifyToken expects of iss.
func (p *provider) issuers() sdk.Value {
	if strings.Contains(p.issuer, " ") {
		return sdk.JSON(`["` + strings.ReplaceAll(p.issuer, " ", `","`) + `"]`)
	}
	return sdk.String(p.issuer)
}

// audiences are the client ids that an id token may be for.
func (p *provider) audiences() sdk.Value {
	return sdk.Copy("config." + p.path + "clientId")
}

// callbackURL is where the provider sends the browser back to.
func (p *provider) callbackURL(route string) string {
	return p.text("redirectURI", p.c.Tenant("authURL").String()+route+p.id)
}
