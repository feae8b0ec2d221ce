package main

import (
	"strings"

	sdk "github.com/authhost/authhost/sdk/next"
)

// listAccounts serves GET /list-accounts.
func listAccounts(c *sdk.Call) error {
	accounts, err := c.Identity().ListAccounts(c.Session().UserID)
	if err != nil {
		return err
	}
	list := make([]sdk.Value, len(accounts))
	for i, a := range accounts {
		list[i] = shown(a)
	}
	return c.ReplyWith(sdk.List(list...))
}

// shown is an account as clients see it: with a list of what the provider
// granted, without what concerns its secrets.
func shown(a sdk.Account) sdk.Value {
	var fields []sdk.Field
	for name, v := range a.Fields.Members() {
		switch name {
		case "scope", "hasPassword", "accessTokenExpiresAt", "refreshTokenExpiresAt":
		default:
			fields = append(fields, sdk.F(name, v))
		}
	}
	var scopes []string
	if a.Scope != "" {
		scopes = strings.Split(a.Scope, ",")
	}
	return sdk.Object(append(fields, sdk.F("scopes", sdk.Strings(scopes...)))...)
}

// unlinkAccount serves POST /unlink-account in the dialect 1.6: an account is
// known by its provider and its id there.
func unlinkAccount(c *sdk.Call) error {
	if _, err := unlinkable(c); err != nil {
		return err
	}
	body := unlinkAccountBody{c.Request()}
	return unlink(c, body.ProviderID(), body.AccountID())
}

// unlinkAccountByID serves POST /unlink-account in the dialect 1.7: an account
// is known by its id here.
func unlinkAccountByID(c *sdk.Call) error {
	accounts, err := unlinkable(c)
	if err != nil {
		return err
	}
	id := unlinkAccountByIDBody{c.Request()}.AccountID()
	for _, a := range accounts {
		if a.ID == id {
			return unlink(c, a.ProviderID, a.AccountID)
		}
	}
	return errAccountNotFound
}

// unlinkable lists the user's accounts, and refuses to unlink the last one.
func unlinkable(c *sdk.Call) ([]sdk.Account, error) {
	accounts, err := c.Identity().ListAccounts(c.Session().UserID)
	if err == nil && len(accounts) < 2 && !configOf(c).AllowUnlinkingAll {
		err = errFailedToUnlinkLastAccount
	}
	return accounts, err
}

func unlink(c *sdk.Call, providerID, accountID string) error {
	err := c.Identity().DeleteAccount(c.Session().UserID, providerID, sdk.DeleteAccountOptions{AccountID: accountID})
	if err != nil {
		return sdk.IfNotFound(err, errAccountNotFound)
	}
	return done(c)
}
