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

// unlinkAccount serves POST /unlink-account in the dialect 1.6: an account is
// known by its provider and its id there.
func unlinkAccount(c *sdk.Call) sdk.Result {
	userID := c.Session().UserID()
	if o := mayUnlink(c, userID); o != sdk.Continue {
		return o
	}
	body := c.Request()
	return unlink(c, userID, body.Body("providerId").String(), body.Body("accountId").String())
}

// unlinkAccountByID serves POST /unlink-account in the dialect 1.7: an account
// is known by its id here.
func unlinkAccountByID(c *sdk.Call) sdk.Result {
	userID := c.Session().UserID()
	if o := mayUnlink(c, userID); o != sdk.Continue {
		return o
	}
	want := c.Request().Body("accountId").String()
	for i := int64(0); ; i++ {
		account := "accounts." + sdk.Int(i).Text()
		id := c.Result(account + ".id")
		if id.IsAbsent() {
			return errAccountNotFound.Deny(c)
		}
		if id.String() == want {
			return unlink(c, userID, c.Result(account+".providerId").String(), c.Result(account+".accountId").String())
		}
	}
}

// mayUnlink lists the user's accounts, at result.accounts, and refuses to
// unlink the last one.
func mayUnlink(c *sdk.Call, userID string) sdk.Result {
	if status := c.Identity().ListAccounts(userID); status != sdk.OK {
		return c.Fail(status)
	}
	if c.Result("accounts.1.id").IsAbsent() && !c.Config("allowUnlinkingAll").IsTrue() {
		return errLastAccount.Deny(c)
	}
	return sdk.Continue
}

func unlink(c *sdk.Call, userID, providerID, accountID string) sdk.Result {
	status := c.Identity().DeleteAccount(userID, providerID, accountID)
	if status == sdk.NotFound {
		return errAccountNotFound.Deny(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}
