package main

import "github.com/authhost/authhost/sdk"

// accountCookie carries the account that its session was begun with: the record,
// with its tokens as they are stored. The host encrypts it and binds it to the
// session. It says which account a request means that names none; the tokens
// are those of the store, which are never older.
const accountCookie = "account_data"

func givesCookie(c *sdk.Call) bool { return c.Config("account.storeAccountCookie").IsTrue() }

// giveCookie gives the client an account in its cookie, if the tenant wants
// that. The session must have been issued already.
func (p *provider) giveCookie(id string) sdk.Status {
	c := p.c
	if !givesCookie(c) {
		return sdk.OK
	}
	if _, status := c.Identity().FindLinked(p.id, id); status != sdk.OK {
		return status
	}
	c.Keep("cookie", sdk.Copy("result.account"))
	c.Keep("cookie.hasPassword", sdk.Value{}) // which is for this side alone
	if status := c.Identity().StoredTokens(p.id, id); status != sdk.OK {
		return status
	}
	for _, name := range [...]string{"accessToken", "refreshToken", "idToken"} {
		if !c.Result(name).IsNullish() {
			c.Keep("cookie."+name, sdk.Copy("result."+name))
		}
	}
	switch status := c.SealCookie(accountCookie, sdk.Copy("scratch.cookie")); status {
	case sdk.OK:
	case sdk.Limit:
		c.Log(sdk.Warn, "an account of the provider "+p.id+" does not fit into cookies: its tokens are too large")
	default:
		return status
	}
	return sdk.OK
}

// current is the account in the client's cookie; of no provider if there is
// none, or if it is bound to another session.
func current(c *sdk.Call) account {
	if !givesCookie(c) {
		return account{}
	}
	at := "request.cookies." + accountCookie + "."
	return account{c.Get(at + "providerId").String(), c.Get(at + "accountId").String()}
}

// unlinked takes the cookie away whose account is no longer the user's.
func unlinked(c *sdk.Call) sdk.Result {
	a := current(c)
	if a.provider == "" {
		return sdk.Continue
	}
	owner, status := c.Identity().FindLinked(a.provider, a.id)
	if status == sdk.NotFound || status == sdk.OK && owner.ID != c.Session().UserID() {
		c.ExpireCookie(accountCookie)
	}
	return sdk.Continue
}
