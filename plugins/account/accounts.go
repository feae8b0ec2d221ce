package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// listAccounts serves GET /list-accounts.
func listAccounts(c *sdk.Call) sdk.Result {
	if status := c.Identity().ListAccounts(c.Session().UserID()); status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("", sdk.JSON("[]"))
	for i := int64(0); ; i++ {
		n := sdk.Int(i).Text()
		account := "accounts." + n
		if c.Result(account + ".id").IsAbsent() {
			return sdk.Continue
		}
		c.SetBody("-", sdk.Copy("result."+account))
		c.SetBody(n+".scope", sdk.Value{})
		for _, hidden := range [...]string{".hasPassword", ".accessTokenExpiresAt", ".refreshTokenExpiresAt"} {
			c.SetBody(n+hidden, sdk.Value{})
		}
		c.SetBody(n+".scopes", sdk.JSON("[]"))
		if scope := c.Result(account + ".scope").String(); scope != "" {
			for _, s := range strings.Split(scope, ",") {
				c.SetBody(n+".scopes.-", sdk.String(s))
			}
		}
	}
}

// unlinkAccount serves POST /unlink-account.
func unlinkAccount(c *sdk.Call) sdk.Result {
	userID := c.Session().UserID()
	if status := c.Identity().ListAccounts(userID); status != sdk.OK {
		return c.Fail(status)
	}
	if c.Result("accounts.1.id").IsAbsent() && !c.Config("allowUnlinkingAll").IsTrue() {
		return errLastAccount.Deny(c)
	}
	body := c.Request()
	status := c.Identity().DeleteAccount(userID, body.Body("providerId").String(), body.Body("accountId").String())
	if status == sdk.NotFound {
		return errAccountNotFound.Deny(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}
