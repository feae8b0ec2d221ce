// Plugin signup-rule-go refuses users whose address is of one domain, and adds
// a claim to tokens.
package main

import (
	"errors"
	"strings"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// userCreating is called before a user is created.
func userCreating(c *sdk.Call) error {
	email, blocked := c.Record("email"), configOf(c).BlockedDomain()
	if email.IsAbsent() || blocked == "" {
		return errors.New("there is no address, or no blocked domain")
	}
	_, domain, _ := strings.Cut(email.String(), "@")
	if sdk.ToLower(domain) == sdk.ToLower(blocked) {
		return errEmailDomainNotAllowed
	}
	return nil
}

// tokenClaims is called before a token is signed.
func tokenClaims(c *sdk.Call) error {
	c.SetClaim("plan", sdk.String("free"))
	return nil
}
