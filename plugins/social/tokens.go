package main

import (
	"cmp"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// refreshEarly is how long before its end an access token is renewed, in
// milliseconds.
const refreshEarly = 5000

// held is an account of the user at a provider, with its tokens.
type held struct {
	*provider
	account sdk.Account
	tokens  sdk.AccountTokensResult
}

// wanted describes an account. What is empty fits any.
type wanted struct {
	account
	record string // the id of its record here
}

func (w wanted) fits(a sdk.Account) bool {
	if a.ProviderID == sdk.ProviderCredential && w.account == (account{}) {
		return false
	}
	return (w.provider == "" || a.ProviderID == w.provider) && (w.id == "" || a.AccountID == w.id) && (w.record == "" || a.ID == w.record)
}

// find looks for an account of a user, and counts those that fit. Of several it
// takes the one in the client's cookie, else the first.
func (w wanted) find(c *sdk.Call, userID string) (found sdk.Account, count int, err error) {
	accounts, err := c.Identity().ListAccounts(userID)
	preferred := current(c)
	for _, a := range accounts {
		if !w.fits(a) {
			continue
		}
		if count++; count == 1 || preferred == (account{a.ProviderID, a.AccountID}) {
			found = a
		}
	}
	if err == nil && count == 0 {
		err = errAccountNotFound
	}
	return found, count, err
}

// newer reports whether clients speak the dialect 1.7. In that they name
// accounts by the ids of their records.
func newer(c *sdk.Call) bool { return c.Tenant("dialect").String() == "1.7" }

// selection reads which account a client of the dialect 1.7 names, in the body
// or the query: by the id of its record, or as the one in its cookie.
func selection(c *sdk.Call, place string) (wanted, error) {
	sent := c.Get("request." + place)
	named, cookie := sent.Get("accountId"), sent.Get("useAccountCookie")
	byID, byCookie := named.Kind() == sdk.KindString, cookie.IsTrue()
	invalid := ""
	switch {
	case byID == byCookie:
		invalid = "Invalid input"
	case byCookie && !named.IsAbsent():
		invalid = `Unrecognized key: "accountId"`
	case byID && !cookie.IsAbsent():
		invalid = `Unrecognized key: "useAccountCookie"`
	case !sent.Get("providerId").IsAbsent():
		invalid = `Unrecognized key: "providerId"`
	}
	if invalid != "" {
		return wanted{}, &sdk.Error{Status: 400, Code: "VALIDATION_ERROR", Message: "[" + place + "] " + invalid}
	}
	if a := current(c); byCookie && a.provider != "" {
		return wanted{account: a}, nil
	}
	return wanted{record: cmp.Or(named.String(), "-")}, nil // "-" is nobody's
}

// asked reads which account the body or the query names, and whose it must be.
func asked(c *sdk.Call, place string) (w wanted, userID string, err error) {
	sent, session := c.Get("request."+place), c.Session()
	w = wanted{account: account{sent.Get("providerId").String(), sent.Get("accountId").String()}}
	if newer(c) {
		w, err = selection(c, place)
	}
	if err != nil || session.Exists() {
		return w, session.UserID, err
	}
	userID, err = named(c, sent)
	return w, userID, err
}

// named is the user that a server of the app names, where it acts in nobody's
// session: its service key is for this endpoint.
func named(c *sdk.Call, sent sdk.Value) (string, error) {
	if c.Request().ServiceKey() == "" {
		return "", errNoSession
	}
	userID := textOf(sent.Get("userId")).String()
	if userID == "" {
		return "", errUserIDNeeded
	}
	return userID, nil
}

// chosen returns the account that the body of a token route names.
func chosen(c *sdk.Call) (*held, error) {
	w, userID, err := asked(c, "body")
	if err != nil {
		return nil, err
	}
	if !newer(c) && findProvider(c, w.provider) == nil {
		return nil, unsupported(w.provider)
	}
	a, _, err := w.find(c, userID)
	if err != nil {
		return nil, err
	}
	p := findProvider(c, a.ProviderID)
	if p == nil {
		return nil, unsupported(a.ProviderID)
	}
	return &held{provider: p, account: a}, nil
}

func unsupported(provider string) error {
	return errProviderNotSupported.WithMessage("Provider " + provider + " is not supported.")
}

// getAccessToken serves POST /get-access-token.
func getAccessToken(c *sdk.Call) error {
	h, err := chosen(c)
	if err != nil {
		return err
	}
	if err := h.read(); err != nil {
		return errFailedToGetAccessToken
	}
	return c.Reply(
		sdk.F("accessToken", sdk.String(h.tokens.AccessToken)),
		sdk.F("accessTokenExpiresAt", h.account.Fields.Get("accessTokenExpiresAt")),
		sdk.F("scopes", sdk.Strings(strings.FieldsFunc(h.account.Scope, isComma)...)),
		sdk.F("idToken", given(h.tokens.IDToken)))
}

func isComma(r rune) bool { return r == ',' }

// read reads the tokens of the account, renewed if the access token is about to
// end. Then the client gets them in its cookie, too.
func (h *held) read() (err error) {
	if h.tokens, err = h.c.Identity().AccountTokens(h.id, h.account.AccountID, sdk.AccountTokensOptions{}); err != nil {
		return err
	}
	expires, known := sdk.ParseDate(h.account.AccessTokenExpiresAt)
	if !known || expires-h.c.Now() >= refreshEarly || h.tokens.RefreshToken == "" || h.noRefresh {
		return nil
	}
	if err := h.renew(); err != nil {
		return err
	}
	return h.giveCookie(h.account.AccountID)
}

// renew gets new tokens for the account and keeps them.
func (h *held) renew() error {
	if !h.discover() {
		return sdk.Unavailable
	}
	t, ok := h.refresh(h.tokens.RefreshToken)
	if !ok {
		return sdk.Unavailable
	}
	if newer(h.c) {
		t.scopes = sdk.Value{} // an answer may name fewer than were granted
	}
	account, err := h.c.Identity().UpdateAccount(h.id, h.account.AccountID, t.fields())
	if err != nil {
		return err
	}
	h.account = account
	h.tokens.AccessToken = t.access.StringOr(h.tokens.AccessToken)
	h.tokens.RefreshToken = t.refresh.StringOr(h.tokens.RefreshToken)
	h.tokens.IDToken = t.id.StringOr(h.tokens.IDToken)
	return nil
}

// refreshToken serves POST /refresh-token.
func refreshToken(c *sdk.Call) error {
	h, err := chosen(c)
	if err != nil {
		return err
	}
	if h.noRefresh {
		return errTokenRefreshNotSupported.WithMessage("Provider " + h.id + " does not support token refreshing.")
	}
	if h.tokens, err = c.Identity().AccountTokens(h.id, h.account.AccountID, sdk.AccountTokensOptions{}); err != nil {
		return err
	}
	if h.tokens.RefreshToken == "" {
		return errRefreshTokenNotFound
	}
	if err := h.renew(); err != nil {
		return errFailedToRefreshAccessToken
	}
	if current(c) == (account{h.id, h.account.AccountID}) {
		err = h.giveCookie(h.account.AccountID)
	}
	fields := h.account.Fields
	return c.ReplyUnless(err,
		sdk.F("accessToken", given(h.tokens.AccessToken)), sdk.F("refreshToken", given(h.tokens.RefreshToken)),
		sdk.F("accessTokenExpiresAt", fields.Get("accessTokenExpiresAt")), sdk.F("refreshTokenExpiresAt", orNull(fields.Get("refreshTokenExpiresAt"))),
		sdk.F("scope", orNull(fields.Get("scope"))), sdk.F("idToken", orNull(given(h.tokens.IDToken))),
		sdk.F("providerId", fields.Get("providerId")), sdk.F("accountId", fields.Get("accountId")))
}

// orNull returns a value, or null for none: so an SQL database of the reference
// has what it keeps of an account and was not given.
func orNull(v sdk.Value) sdk.Value {
	if v.IsAbsent() {
		return sdk.Null
	}
	return v
}

// accountInfo serves GET /account-info.
func accountInfo(c *sdk.Call) error {
	w, userID, err := asked(c, "query")
	if err != nil {
		return err
	}
	if w.id == "" && w.record == "" {
		a := current(c)
		if a.provider == "" || w.provider != "" && w.provider != a.provider {
			return errAccountNotFound
		}
		w.account = a
	}
	a, count, err := w.find(c, userID)
	if err != nil {
		return err
	}
	if count > 1 {
		return errAmbiguousAccount
	}
	p := findProvider(c, a.ProviderID)
	if p == nil {
		return errProviderNotConfigured
	}
	return (&held{provider: p, account: a}).show()
}

// show answers with the profile of the account.
func (h *held) show() error {
	if h.read() != nil {
		return errFailedToGetAccessToken
	}
	if h.tokens.AccessToken == "" {
		return errAccessTokenNotFound
	}
	info, ok := h.look()
	if !ok {
		return h.nobody()
	}
	user, ok := h.profile(info, sdk.Value{})
	if !ok {
		return h.nobody()
	}
	return h.c.Reply(sdk.F("data", user.info), sdk.F("user", sdk.Object(
		sdk.F("id", h.subject(user.info)), sdk.F("name", sdk.String(user.name)), sdk.F("email", h.mapped(user.info, "email", h.email)),
		sdk.F("image", user.image), sdk.F("emailVerified", sdk.Bool(user.verified)))))
}

// nobody answers when the provider does not say whose the account is, such as for
// a token that it refuses: in the dialect 1.6 that is null.
func (h *held) nobody() error {
	if newer(h.c) {
		return errFailedToGetUserInfo
	}
	return h.c.ReplyWith(sdk.Null)
}

// look asks who the account's user is, or takes the word of the id token.
func (h *held) look() (sdk.Value, bool) {
	h.discover()
	if h.tokens.IDToken != "" && (h.fromIDToken || h.generic() && h.verifies()) {
		if claims := claimsOf(h.tokens.IDToken); claims.Get("email").Truthy() {
			return h.asShown(claims), true
		}
	}
	return h.fetchProfile(tokens{access: sdk.String(h.tokens.AccessToken)})
}

// asShown adds to the claims of an id token what the reference's generic OAuth
// shows beside them.
func (h *held) asShown(claims sdk.Value) sdk.Value {
	if !h.generic() {
		return claims
	}
	return claims.With("id", claims.Get("sub")).With("emailVerified", claims.Get("email_verified")).With("image", claims.Get("picture"))
}
