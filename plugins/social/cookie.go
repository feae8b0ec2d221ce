package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

// The cookie account_data carries the account that its session was begun with:
// the record, with its tokens as they are stored. The host encrypts it and binds
// it to the session. It says which account a request means that names none; the
// tokens are those of the store, which are never older.

// columns are the members of accounts that are null in the cookie where nothing
// is known.
var columns = [...]string{"accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", "scope", "password"}

// account names one of the accounts of a provider.
type account struct{ provider, id string }

func givesCookie(c *sdk.Call) bool { return configOf(c).Account().StoreAccountCookie() }

// giveCookie gives the client an account in its cookie, if the tenant wants
// that. The session must have been issued already.
func (p *provider) giveCookie(id string) error {
	if !givesCookie(p.c) {
		return nil
	}
	linked, err := p.c.Identity().FindLinked(p.id, id)
	if err != nil {
		return err
	}
	stored, err := p.c.Identity().AccountTokens(p.id, id, sdk.AccountTokensOptions{Stored: true})
	if err != nil {
		return err
	}
	content := linked.Account.Fields.With("hasPassword", sdk.Value{}). // which is for this side alone
										With("accessToken", given(stored.AccessToken)).With("refreshToken", given(stored.RefreshToken)).With("idToken", given(stored.IDToken))
	for _, name := range columns {
		content = content.With(name, orNull(content.Get(name)))
	}
	err = p.c.SealCookie(cookieAccountData, content)
	if errors.Is(err, sdk.Limit) {
		p.c.Log(sdk.LevelWarn, "an account of the provider "+p.id+" does not fit into cookies: its tokens are too large")
		return nil
	}
	return err
}

// current is the account in the client's cookie; of no provider if there is
// none, or if it is bound to another session.
func current(c *sdk.Call) account {
	if !givesCookie(c) {
		return account{}
	}
	content := c.Request().Cookie(cookieAccountData)
	return account{content.Get("providerId").String(), content.Get("accountId").String()}
}

// unlinked takes the cookie away whose account is no longer the user's.
func unlinked(c *sdk.Call) error {
	a := current(c)
	if a.provider == "" {
		return nil
	}
	owner, err := c.Identity().FindLinked(a.provider, a.id)
	if errors.Is(err, sdk.NotFound) || err == nil && owner.User.ID != c.Session().User.ID {
		c.ExpireCookie(cookieAccountData)
	}
	return nil
}
