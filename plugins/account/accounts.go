package main

import (
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
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
// known by its provider and, if there are several, its id there.
func unlinkAccount(c *sdk.Call) error {
	body := unlinkAccountBody{c.Request()}
	provider, id := body.ProviderID(), body.AccountID()
	return unlink(c, func(a sdk.Account) bool { return a.ProviderID == provider && (id == "" || a.AccountID == id) })
}

// unlinkAccountByID serves POST /unlink-account in the dialect 1.7: an account
// is known by its id here.
func unlinkAccountByID(c *sdk.Call) error {
	id := unlinkAccountByIDBody{c.Request()}.AccountID()
	return unlink(c, func(a sdk.Account) bool { return a.ID == id })
}

// unlink removes the first of the user's accounts that is wanted, but not the
// last one.
func unlink(c *sdk.Call, wanted func(sdk.Account) bool) error {
	userID := c.Session().UserID
	accounts, err := c.Identity().ListAccounts(userID)
	if err != nil {
		return err
	}
	if len(accounts) < 2 && !configOf(c).AllowUnlinkingAll() {
		return errFailedToUnlinkLastAccount
	}
	i := slices.IndexFunc(accounts, wanted)
	if i < 0 {
		return errAccountNotFound
	}
	a := accounts[i]
	err = c.Identity().DeleteAccount(userID, a.ProviderID, sdk.DeleteAccountOptions{AccountID: a.AccountID})
	return done(c, sdk.IfNotFound(err, errAccountNotFound))
}
