package main

import "github.com/authhost/authhost/sdk"

// jwks serves GET /convex/jwks. Convex refuses a whole set for one key that it
// does not know, so the set holds keys of the configured algorithm only. How
// long it may be cached comes from the key ring, which publishes a new key for
// longer than that before it signs with it.
func jwks(c *sdk.Call) sdk.Result {
	if status := c.Keys().JWKS(keyUse, c.Config("algorithm").String()); status != sdk.OK {
		return c.Fail(status)
	}
	if maxAge := c.Result("maxAge"); maxAge.Int(0) > 0 {
		c.SetHeader("cache-control", sdk.String("public, max-age="+maxAge.Text()))
	}
	c.CopyBody("keys", "result.keys")
	return sdk.Continue
}

// discovery serves GET /convex/.well-known/openid-configuration. The document
// names endpoints that do not exist, as the one that Convex apps are used to
// does; its members are those of OpenID Connect Discovery 1.0, section 3.
func discovery(c *sdk.Call) sdk.Result {
	oauth := c.Tenant("authURL").String() + "/oauth2"
	keys := c.Config("jwksURL").StringOr(issuer(c) + c.Tenant("basePath").String() + "/convex/jwks")
	for _, member := range [...]sdk.Field{
		sdk.F("issuer", sdk.String(issuer(c))),
		sdk.F("authorization_endpoint", sdk.String(oauth+"/authorize")),
		sdk.F("token_endpoint", sdk.String(oauth+"/token")),
		sdk.F("userinfo_endpoint", sdk.String(oauth+"/userinfo")),
		sdk.F("jwks_uri", sdk.String(keys)),
		sdk.F("registration_endpoint", sdk.String(oauth+"/register")),
		sdk.F("end_session_endpoint", sdk.String(oauth+"/endsession")),
		sdk.F("scopes_supported", sdk.JSON(`["openid","profile","email","offline_access"]`)),
		sdk.F("response_types_supported", sdk.JSON(`["code"]`)),
		sdk.F("response_modes_supported", sdk.JSON(`["query"]`)),
		sdk.F("grant_types_supported", sdk.JSON(`["authorization_code","refresh_token"]`)),
		sdk.F("acr_values_supported", sdk.JSON(`["urn:mace:incommon:iap:silver","urn:mace:incommon:iap:bronze"]`)),
		sdk.F("subject_types_supported", sdk.JSON(`["public"]`)),
		sdk.F("id_token_signing_alg_values_supported.-", c.Config("algorithm")),
		sdk.F("token_endpoint_auth_methods_supported", sdk.JSON(`["client_secret_basic","client_secret_post","none"]`)),
		sdk.F("code_challenge_methods_supported", sdk.JSON(`["S256"]`)),
		sdk.F("claims_supported", sdk.JSON(`["sub","iss","aud","exp","nbf","iat","jti","email","email_verified","name"]`)),
	} {
		c.SetBody(member.Name, member.Value)
	}
	return sdk.Continue
}

// rootDiscovery serves GET /.well-known/openid-configuration of the origin,
// where OpenID Connect clients look for the document of the issuer.
func rootDiscovery(c *sdk.Call) sdk.Result {
	c.SetHeader("content-type", sdk.Null)
	return c.Redirect(issuer(c) + c.Tenant("basePath").String() + "/convex/.well-known/openid-configuration")
}
