package main

import (
	"strings"
	"time"

	"github.com/authhost/authhost/sdk"
)

// refreshEarly is how long before its end an access token is renewed.
const refreshEarly = 5 * time.Second

// account is one of the user's accounts, found by findAccount. Its record is
// at scratch.account.
type account struct{ provider, id string }

// wanted describes an account. What is empty fits any.
type wanted struct {
	provider, id string // the provider, and the account's id there
	record       string // the id of its record here
}

// findAccount looks for an account of a user. Of several that fit, it takes the
// one in the client's cookie, else the first.
func findAccount(c *sdk.Call, user string, w wanted) (account, int, sdk.Status) {
	if status := c.Identity().ListAccounts(user); status != sdk.OK {
		return account{}, 0, status
	}
	var first account
	count, preferred := 0, current(c)
	for i := int64(0); ; i++ {
		at := "accounts." + sdk.Int(i).Text()
		a := account{c.Result(at + ".providerId").String(), c.Result(at + ".accountId").String()}
		if a.provider == "" {
			return first, count, sdk.OK
		}
		if a.provider == sdk.ProviderCredential && w.provider == "" && w.id == "" || w.provider != "" && a.provider != w.provider || w.id != "" && a.id != w.id ||
			w.record != "" && c.Result(at+".id").String() != w.record {
			continue
		}
		if count++; count == 1 || a == preferred {
			first = a
			c.Keep("account", sdk.Copy("result."+at))
		}
	}
}

// newer reports whether clients speak the dialect 1.7. In that they name
// accounts by the ids of their records.
func newer(c *sdk.Call) bool { return c.Tenant("dialect").String() == "1.7" }

// selection reads which account a client of the dialect 1.7 names, in the body
// or the query: by the id of its record, or as the one in its cookie.
func selection(c *sdk.Call, place string) (w wanted, refusal sdk.Result, ok bool) {
	invalid := func(what string) (wanted, sdk.Result, bool) {
		return wanted{}, c.Deny(400, "VALIDATION_ERROR", "["+place+"] "+what), false
	}
	in := "request." + place + "."
	named, cookie := c.Get(in+"accountId"), c.Get(in+"useAccountCookie")
	byID, byCookie := named.Kind() == sdk.KindString, cookie.IsTrue()
	switch {
	case byID == byCookie:
		return invalid("Invalid input")
	case byCookie && !named.IsAbsent():
		return invalid(`Unrecognized key: "accountId"`)
	case byID && !cookie.IsAbsent():
		return invalid(`Unrecognized key: "useAccountCookie"`)
	case !c.Get(in + "providerId").IsAbsent():
		return invalid(`Unrecognized key: "providerId"`)
	}
	if a := current(c); byCookie && a.provider != "" {
		return wanted{provider: a.provider, id: a.id}, 0, true
	}
	if id := named.String(); id != "" {
		return wanted{record: id}, 0, true
	}
	return wanted{record: "-"}, 0, true // nobody's
}

// chosen returns the account that the body of a token route names.
func chosen(c *sdk.Call) (*provider, account, sdk.Result, bool) {
	if newer(c) {
		return chosenByRecord(c)
	}
	user := c.Session().UserID()
	if user == "" {
		return nil, account{}, c.Deny(401, "", ""), false
	}
	body := c.Request()
	id := body.Body("providerId").String()
	p, ok := findProvider(c, id)
	if !ok {
		return nil, account{}, unsupported(c, id), false
	}
	a, count, status := findAccount(c, user, wanted{provider: id, id: body.Body("accountId").String()})
	if status != sdk.OK {
		return nil, a, c.Fail(status), false
	}
	if count == 0 {
		return nil, a, errAccountNotFound.Deny(c), false
	}
	return p, a, 0, true
}

// chosenByRecord is chosen for the dialect 1.7.
func chosenByRecord(c *sdk.Call) (*provider, account, sdk.Result, bool) {
	w, refusal, ok := selection(c, "body")
	if !ok {
		return nil, account{}, refusal, false
	}
	user := c.Session().UserID()
	if user == "" {
		return nil, account{}, c.Deny(401, "", ""), false
	}
	a, count, status := findAccount(c, user, w)
	switch {
	case status != sdk.OK:
		return nil, a, c.Fail(status), false
	case count == 0:
		return nil, a, errAccountNotFound.Deny(c), false
	}
	p, ok := findProvider(c, a.provider)
	if !ok {
		return nil, a, unsupported(c, a.provider), false
	}
	return p, a, 0, true
}

// getAccessToken serves POST /get-access-token.
func getAccessToken(c *sdk.Call) sdk.Result {
	p, a, refusal, ok := chosen(c)
	if !ok {
		return refusal
	}
	if status := valid(c, p, a); status != sdk.OK {
		return errAccessToken.Deny(c)
	}
	c.SetBody("accessToken", sdk.Copy("scratch.stored.accessToken"))
	if c.Kept("stored.accessToken").IsAbsent() {
		c.SetBody("accessToken", sdk.String(""))
	}
	c.SetBody("accessTokenExpiresAt", sdk.Copy("scratch.account.accessTokenExpiresAt"))
	c.SetBody("scopes", sdk.JSON("[]"))
	for _, scope := range split(c.Kept("account.scope").String()) {
		c.SetBody("scopes.-", sdk.String(scope))
	}
	c.SetBody("idToken", sdk.Copy("scratch.stored.idToken"))
	return sdk.Continue
}

// split undoes the joining of scopes.
func split(scopes string) []string {
	return strings.FieldsFunc(scopes, func(r rune) bool { return r == ',' })
}

// valid leaves the tokens of an account at scratch.stored, renewed if the
// access token is about to end. Then the client gets them in its cookie, too.
func valid(c *sdk.Call, p *provider, a account) sdk.Status {
	if status := c.Identity().AccountTokens(a.provider, a.id); status != sdk.OK {
		return status
	}
	c.Keep("stored", sdk.Copy("result"))
	expires, err := time.Parse(time.RFC3339, c.Kept("account.accessTokenExpiresAt").String())
	if err != nil || expires.UnixMilli()-c.Now() >= refreshEarly.Milliseconds() || c.Kept("stored.refreshToken").IsAbsent() || p.noRefresh {
		return sdk.OK
	}
	if status := renew(c, p, a); status != sdk.OK {
		return status
	}
	return p.giveCookie(a.id)
}

// renew gets new tokens for an account and keeps them, here and in scratch.
func renew(c *sdk.Call, p *provider, a account) sdk.Status {
	if !p.discover() {
		return sdk.Unavailable
	}
	t, ok := p.refresh()
	if !ok {
		return sdk.Unavailable
	}
	fields := t.fields(c)
	if status := c.Identity().UpdateAccount(a.provider, a.id, fields...); status != sdk.OK {
		return status
	}
	c.Keep("account", sdk.Copy("result"))
	for _, f := range fields {
		if f.Name == "accessToken" || f.Name == "refreshToken" || f.Name == "idToken" {
			c.Keep("stored."+f.Name, f.Value)
		}
	}
	return sdk.OK
}

// refreshToken serves POST /refresh-token.
func refreshToken(c *sdk.Call) sdk.Result {
	p, a, refusal, ok := chosen(c)
	if !ok {
		return refusal
	}
	if p.noRefresh {
		return c.Deny(400, "TOKEN_REFRESH_NOT_SUPPORTED", "Provider "+p.id+" does not support token refreshing.")
	}
	if status := c.Identity().AccountTokens(a.provider, a.id); status != sdk.OK {
		return c.Fail(status)
	}
	c.Keep("stored", sdk.Copy("result"))
	if c.Kept("stored.refreshToken").IsAbsent() {
		return errNoRefreshToken.Deny(c)
	}
	if status := renew(c, p, a); status != sdk.OK {
		return errRefresh.Deny(c)
	}
	if a == current(c) {
		if status := p.giveCookie(a.id); status != sdk.OK {
			return c.Fail(status)
		}
	}
	for _, f := range [...][2]string{
		{"accessToken", "stored.accessToken"}, {"refreshToken", "stored.refreshToken"}, {"accessTokenExpiresAt", "account.accessTokenExpiresAt"},
		{"refreshTokenExpiresAt", "account.refreshTokenExpiresAt"}, {"scope", "account.scope"}, {"idToken", "stored.idToken"},
		{"providerId", "account.providerId"}, {"accountId", "account.accountId"},
	} {
		c.SetBody(f[0], sdk.Copy("scratch."+f[1]))
	}
	return sdk.Continue
}

// accountInfo serves GET /account-info.
func accountInfo(c *sdk.Call) sdk.Result {
	query := c.Request()
	w := wanted{provider: query.Query("providerId").String(), id: query.Query("accountId").String()}
	if newer(c) {
		var refusal sdk.Result
		var ok bool
		if w, refusal, ok = selection(c, "query"); !ok {
			return refusal
		}
	}
	user := c.Session().UserID()
	if user == "" {
		return c.Deny(401, "", "")
	}
	if w.id == "" && w.record == "" {
		a := current(c)
		if a.provider == "" || w.provider != "" && w.provider != a.provider {
			return errAccountNotFound.Deny(c)
		}
		w = wanted{provider: a.provider, id: a.id}
	}
	a, count, status := findAccount(c, user, w)
	switch {
	case status != sdk.OK:
		return c.Fail(status)
	case count == 0:
		return errAccountNotFound.Deny(c)
	case count > 1:
		return errAmbiguous.Deny(c)
	}
	p, ok := findProvider(c, a.provider)
	if !ok {
		return errNotConfigured.Deny(c)
	}
	if status := valid(c, p, a); status != sdk.OK {
		return errAccessToken.Deny(c)
	}
	if c.Kept("stored.accessToken").IsAbsent() {
		return errNoAccessToken.Deny(c)
	}
	if !p.look() {
		return errNoUserInfo.Deny(c)
	}
	info, ok := p.profile()
	if !ok {
		return errNoUserInfo.Deny(c)
	}
	c.SetBody("data", sdk.Copy("scratch.profile"))
	c.SetBody("user.id", p.mapped("id", p.sub))
	c.SetBody("user.name", sdk.String(info.name))
	c.SetBody("user.email", p.mapped("email", p.email))
	c.SetBody("user.image", info.image)
	c.SetBody("user.emailVerified", sdk.Bool(info.verified))
	return sdk.Continue
}

// look reads the profile of an account whose tokens are at scratch.stored.
func (p *provider) look() bool {
	c := p.c
	p.discover()
	if !c.Kept("stored.idToken").IsAbsent() && (p.fromIDToken || p.preset.id == "" && p.verifies()) && p.payload("scratch.stored.idToken") && c.Kept("profile.email").Truthy() {
		if p.preset.id == "" { // as the reference's generic OAuth shows it
			c.Keep("profile.id", sdk.Copy("scratch.profile.sub"))
			c.Keep("profile.emailVerified", sdk.Copy("scratch.profile.email_verified"))
			c.Keep("profile.image", sdk.Copy("scratch.profile.picture"))
		}
		return true
	}
	return p.fetchProfile("scratch.stored.accessToken")
}
