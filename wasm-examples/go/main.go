// Plugin signup-rule-go refuses users whose address is of one domain, and adds
// a claim to tokens.
package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, userCreating)
	sdk.Register(2, tokenClaims)
}

func main() {} // never called: the host calls handlers

func userCreating(c *sdk.Call) sdk.Result {
	email, blocked := c.Record("email"), c.Config("blockedDomain")
	if email.IsAbsent() || blocked.IsAbsent() {
		return sdk.Failed
	}
	_, domain, _ := strings.Cut(email.String(), "@")
	if sdk.ToLower(domain) != sdk.ToLower(blocked.String()) {
		return sdk.Continue
	}
	return c.Deny(400, "EMAIL_DOMAIN_NOT_ALLOWED", "Addresses of this domain cannot sign up")
}

func tokenClaims(c *sdk.Call) sdk.Result {
	if c.Set("claims.plan", sdk.String("free")) != sdk.OK {
		return sdk.Failed
	}
	return sdk.Continue
}
