package main

import (
	"cmp"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// jwks serves GET /convex/jwks. Convex refuses a whole set for one key that it
// does not know, so the set holds keys of the configured algorithm only.
func jwks(c *sdk.Call) error { return kit.ServeKeys(c, keyConvex, configOf(c).Algorithm()) }

// discovery serves GET /convex/.well-known/openid-configuration. The document
// names endpoints that do not exist, as the one that Convex apps are used to
// does; its members are those of OpenID Connect Discovery 1.0, section 3.
func discovery(c *sdk.Call) error {
	settings := configOf(c)
	issuer, oauth := settings.issuer(c), c.Tenant("authURL").String()+"/oauth2"
	return c.Reply(
		sdk.F("issuer", sdk.String(issuer)),
		sdk.F("authorization_endpoint", sdk.String(oauth+"/authorize")),
		sdk.F("token_endpoint", sdk.String(oauth+"/token")),
		sdk.F("userinfo_endpoint", sdk.String(oauth+"/userinfo")),
		sdk.F("jwks_uri", sdk.String(cmp.Or(settings.JWKSURL(), issuer+c.Tenant("basePath").String()+"/convex/jwks"))),
		sdk.F("registration_endpoint", sdk.String(oauth+"/register")),
		sdk.F("end_session_endpoint", sdk.String(oauth+"/endsession")),
		sdk.F("scopes_supported", sdk.Strings("openid", "profile", "email", "offline_access")),
		sdk.F("response_types_supported", sdk.Strings("code")),
		sdk.F("response_modes_supported", sdk.Strings("query")),
		sdk.F("grant_types_supported", sdk.Strings("authorization_code", "refresh_token")),
		sdk.F("acr_values_supported", sdk.Strings("urn:mace:incommon:iap:silver", "urn:mace:incommon:iap:bronze")),
		sdk.F("subject_types_supported", sdk.Strings("public")),
		sdk.F("id_token_signing_alg_values_supported", sdk.Strings(settings.Algorithm())),
		sdk.F("token_endpoint_auth_methods_supported", sdk.Strings("client_secret_basic", "client_secret_post", "none")),
		sdk.F("code_challenge_methods_supported", sdk.Strings("S256")),
		sdk.F("claims_supported", sdk.Strings("sub", "iss", "aud", "exp", "nbf", "iat", "jti", "email", "email_verified", "name")),
	)
}

// rootDiscovery serves GET /.well-known/openid-configuration of the origin,
// where OpenID Connect clients look for the document of the issuer.
func rootDiscovery(c *sdk.Call) error {
	c.SetHeader("content-type", sdk.Null)
	return c.Redirect(configOf(c).issuer(c) + c.Tenant("basePath").String() + "/convex/.well-known/openid-configuration")
}
