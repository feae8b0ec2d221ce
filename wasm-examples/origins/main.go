//go:build wasip1

// Command origins is a rule that trusts sites which the configuration cannot
// name, as Better Auth's trustedOrigins does where it is a function: some
// sites always, and some only for requests with a header.
package main

import "github.com/authhost/authhost/sdk"

func init() { sdk.Register(1, originTrusted) } // hook on origin.trusted

// originTrusted trusts the site if one of the configured rules does.
func originTrusted(c *sdk.Call) sdk.Result {
	origin := c.Get("record.origin").String()
	for i := int64(0); ; i++ {
		rule := "config.sites." + sdk.Int(i).Text() + "."
		site := c.Get(rule + "origin")
		if site.IsAbsent() {
			return sdk.Continue
		}
		header := c.Get(rule + "ifHeader").String()
		if site.String() == origin && (header == "" || c.Request().Header(header) != "") {
			c.Set("record.trusted", sdk.Bool(true))
			return sdk.Continue
		}
	}
}

func main() {} // never called: the host calls handlers
