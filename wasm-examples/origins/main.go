// Command origins is a rule that trusts sites which the configuration cannot
// name, as Better Auth's trustedOrigins does where it is a function: some
// sites always, and some only for requests with a header.
package main

import "github.com/authhost/authhost/sdk"

func main() {} // never called: the host calls handlers

// originTrusted is a hook on origin.trusted: it trusts the site if one of the
// configured rules does.
func originTrusted(c *sdk.Call) error {
	origin := c.Record("origin").String()
	for rule := range configOf(c).Sites().Items() {
		header := rule.Get("ifHeader").String()
		if rule.Get("origin").String() == origin && (header == "" || c.Request().Header(header) != "") {
			c.SetRecord("trusted", sdk.Bool(true))
			break
		}
	}
	return nil
}
