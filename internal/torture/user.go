package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kinds of operations, as the counts name them.
const (
	signUp       = "sign-up"
	signIn       = "sign-in"
	signOut      = "sign-out"
	update       = "update"
	revoke       = "revoke"
	twoFactor    = "two-factor"
	backupCode   = "backup code"
	oneTimeToken = "one-time token"
	resetToken   = "reset token"
	password     = "password"
)

// everyKind lists them.
var everyKind = []string{signUp, signIn, signOut, update, revoke, twoFactor, backupCode, oneTimeToken, resetToken, password}

// firstPassword is what everybody begins with.
const firstPassword = "correct horse battery"

// user is a user who does one thing after the other.
type user struct {
	*client
	l        *ledger
	mails    *mailbox
	email    string
	name     string
	password string
	cookie   string
	secret   string   // of the authenticator app; "" without a second factor
	codes    []string // backup codes that were not used
	session  *claim   // what the session's state is
	changed  *claim   // which password holds; nil for the first
}

// deed is something that a user does.
type deed func(*user, context.Context) error

// deeds are what a user does after the sign-up, the cheap ones more often than
// those that take the hash of a password.
var deeds = []deed{
	(*user).rename, (*user).rename, (*user).rename, (*user).useOneTimeToken, (*user).useOneTimeToken,
	(*user).signOutAndIn, (*user).revokeOther, (*user).enrol, (*user).resetPassword,
}

// mostDeeds bounds what a user does in a row.
const mostDeeds = 5

// live signs up, if that was not done yet, and does some deeds. It ends with the
// first that fails.
func (u *user) live(ctx context.Context, todo ...deed) error {
	if u.session == nil {
		u.name, u.password = "First", firstPassword
		a, err := u.succeed(ctx, "/sign-up/email", "", map[string]any{"name": u.name, "email": u.email, "password": u.password})
		if err != nil {
			return err
		}
		if err := u.begin(signUp, a); err != nil {
			return err
		}
	}
	for _, do := range todo {
		if err := do(u, ctx); err != nil {
			return err
		}
	}
	return nil
}

// someDeeds returns what a user does in a row.
func someDeeds() []deed {
	list := make([]deed, rand.IntN(mostDeeds+1))
	for i := range list {
		list[i] = deeds[rand.IntN(len(deeds))]
	}
	return list
}

// begin takes the session of an answer.
func (u *user) begin(what string, a answer) error {
	if u.cookie = a.cookie("session_token"); u.cookie == "" {
		return wrong("%s was answered without a session: %s", what, a.text)
	}
	u.says(what)
	return nil
}

// says notes an acknowledged operation, and that the session and the user are now
// as they should be.
func (u *user) says(what string) {
	u.session = u.l.add(&claim{what: what, of: u.email, holds: alive(u.cookie, u.email, u.name, u.secret != "")})
}

// found is what /get-session says.
type found struct {
	User *struct {
		Email, Name      string
		TwoFactorEnabled bool
	}
}

// alive returns a check of a session.
func alive(cookie, email, name string, second bool) func(context.Context, *client) error {
	return func(ctx context.Context, c *client) error {
		a, err := c.succeed(ctx, "/get-session", cookie, nil)
		if err != nil {
			return err
		}
		var got found
		if err := a.decode(&got); err != nil {
			return err
		}
		if got.User == nil || got.User.Email != email || got.User.Name != name || got.User.TwoFactorEnabled != second {
			return wrong("get-session answered %s; the name is %s, a second factor: %v", a.text, name, second)
		}
		return nil
	}
}

// dead returns a check of a session that was ended.
func dead(cookie string) func(context.Context, *client) error {
	return func(ctx context.Context, c *client) error {
		a, err := c.succeed(ctx, "/get-session", cookie, nil)
		if err == nil && a.text != "null" {
			err = wrong("a session that was ended lives: %s", a.text)
		}
		return err
	}
}

func (u *user) rename(ctx context.Context) error {
	u.l.end(u.session)
	name := fmt.Sprintf("Name %d", rand.Uint32())
	if _, err := u.succeed(ctx, "/update-user", u.cookie, map[string]any{"name": name}); err != nil {
		return err
	}
	u.name = name
	u.says(update)
	return nil
}

func (u *user) signOutAndIn(ctx context.Context) error {
	u.l.end(u.session)
	if _, err := u.succeed(ctx, "/sign-out", u.cookie, map[string]any{}); err != nil {
		return err
	}
	u.l.add(&claim{what: signOut, of: u.email, holds: dead(u.cookie)})
	a, err := u.enter(ctx, u.client)
	if err != nil {
		return err
	}
	return u.begin(signIn, a)
}

func (u *user) credentials() map[string]any {
	return map[string]any{"email": u.email, "password": u.password}
}

// enter signs in, with a backup code if there is a second factor. A code that was
// taken is never taken again.
func (u *user) enter(ctx context.Context, c *client) (answer, error) {
	a, err := c.succeed(ctx, "/sign-in/email", "", u.credentials())
	if err != nil || u.secret == "" {
		return a, err
	}
	if !strings.Contains(a.text, "twoFactorRedirect") {
		return a, wrong("a sign-in without the second step: %s", a.text)
	}
	if len(u.codes) == 0 {
		return a, fmt.Errorf("%w: no backup code is left", errRefused)
	}
	code := u.codes[0]
	u.codes = u.codes[1:]
	a, err = c.succeed(ctx, "/two-factor/verify-backup-code", a.cookie("two_factor"), map[string]any{"code": code})
	if err != nil {
		return a, err
	}
	used := u.credentials()
	u.l.add(&claim{what: backupCode, of: u.email, costs: true, holds: func(ctx context.Context, c *client) error {
		a, err := c.ask(ctx, "/sign-in/email", "", used)
		if err != nil || a.status != http.StatusOK { // the password is another now
			return err
		}
		if !strings.Contains(a.text, "twoFactorRedirect") {
			return wrong("a sign-in without the second step: %s", a.text)
		}
		return c.fail(ctx, "/two-factor/verify-backup-code", a.cookie("two_factor"), map[string]any{"code": code})
	}})
	return a, nil
}

// revokeOther begins a second session, and ends it by the first.
func (u *user) revokeOther(ctx context.Context) error {
	a, err := u.enter(ctx, u.client)
	if err != nil {
		return err
	}
	other := a.cookie("session_token")
	_, value, _ := strings.Cut(other, "=")
	token, _, _ := strings.Cut(value, ".")
	path, body := "/revoke-other-sessions", map[string]any{}
	if rand.IntN(2) == 0 {
		path, body = "/revoke-session", map[string]any{"token": token}
	}
	if _, err := u.succeed(ctx, path, u.cookie, body); err != nil {
		return err
	}
	u.l.add(&claim{what: revoke, of: u.email, holds: dead(other)})
	return nil
}

// enrol turns the second factor on; the session becomes another one.
func (u *user) enrol(ctx context.Context) error {
	if u.secret != "" {
		return nil
	}
	a, err := u.succeed(ctx, "/two-factor/enable", u.cookie, map[string]any{"password": u.password})
	if err != nil {
		return err
	}
	var given struct {
		TotpURI     string
		BackupCodes []string
	}
	if err := a.decode(&given); err != nil {
		return err
	}
	uri, err := url.Parse(given.TotpURI)
	if err != nil {
		return wrong("%s: %v", given.TotpURI, err)
	}
	secret := uri.Query().Get("secret")
	u.l.end(u.session)
	before := u.cookie
	a, err = u.succeed(ctx, "/two-factor/verify-totp", u.cookie, map[string]any{"code": totp(secret, time.Now())})
	if err != nil {
		return err
	}
	u.secret, u.codes = secret, given.BackupCodes
	if err := u.begin(twoFactor, a); err != nil {
		return err
	}
	if before != u.cookie {
		u.l.add(&claim{what: twoFactor, of: u.email, holds: dead(before)})
	}
	return nil
}

// totp returns the code of a time (RFC 6238, SHA-1, six digits, 30 seconds).
func totp(secret string, at time.Time) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return ""
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30) // a hash takes all
	sum := mac.Sum(nil)
	bits := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fffffff
	return fmt.Sprintf("%06d", bits%1_000_000)
}

// useOneTimeToken gets a token and sends it twice at the same time: one of the two
// is answered, and nobody ever again.
func (u *user) useOneTimeToken(ctx context.Context) error {
	a, err := u.succeed(ctx, "/one-time-token/generate", u.cookie, nil)
	if err != nil {
		return err
	}
	var given struct{ Token string }
	if err := a.decode(&given); err != nil {
		return err
	}
	body := map[string]any{"token": given.Token}
	return u.useOnce(ctx, oneTimeToken, "/one-time-token/verify", body, body)
}

// useOnce sends two requests with the same token at the same time. If one is
// acknowledged, the token is used; if the outcome is not known, it is good for one
// more use at most.
func (u *user) useOnce(ctx context.Context, what, path string, first, second map[string]any) error {
	var taken [2]bool
	var errs [2]error
	var both sync.WaitGroup
	for i, body := range []map[string]any{first, second} {
		both.Go(func() {
			a, err := u.ask(ctx, path, "", body)
			taken[i], errs[i] = err == nil && a.status == http.StatusOK, err
		})
	}
	both.Wait()
	err := errors.Join(errs[:]...)
	switch {
	case taken[0] && taken[1]:
		return wrong("a %s was used twice", what)
	case taken[0] || taken[1]:
		u.l.add(&claim{what: what, of: u.email, holds: func(ctx context.Context, c *client) error {
			return c.fail(ctx, path, "", first)
		}})
	case err == nil:
		return wrong("a %s was not taken", what)
	}
	return err
}

// resetPassword asks for a mail and uses the token in it.
func (u *user) resetPassword(ctx context.Context) error {
	request := strconv.FormatUint(rand.Uint64(), 10)
	if _, err := u.succeed(ctx, "/request-password-reset", "", map[string]any{"email": u.email, "redirectTo": u.s.origin + resetPage(request)}); err != nil {
		return err
	}
	token, err := u.mails.await(ctx, request)
	if err != nil {
		return err
	}
	old, next := u.password, fmt.Sprintf("new password %d", rand.Uint32())
	body := map[string]any{"token": token, "newPassword": next}
	u.l.end(u.changed)
	if err := u.useOnce(ctx, resetToken, "/reset-password", body, body); err != nil {
		return err
	}
	u.password = next
	u.changed = u.l.add(&claim{what: password, of: u.email, costs: true, holds: passwordIs(u.email, next, old)})
	return nil
}

// passwordIs returns a check of a password that was changed.
func passwordIs(email, present, old string) func(context.Context, *client) error {
	return func(ctx context.Context, c *client) error {
		if _, err := c.succeed(ctx, "/sign-in/email", "", map[string]any{"email": email, "password": present}); err != nil {
			return err
		}
		return c.fail(ctx, "/sign-in/email", "", map[string]any{"email": email, "password": old})
	}
}
