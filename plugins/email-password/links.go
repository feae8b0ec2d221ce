package main

import (
	"errors"
	"strings"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// link is a mailed link to /verify-email whose token is good.
type link struct {
	user     sdk.User
	updateTo string // the new address; "" if the link only verifies the present one
	step     string // of a change of address: confirmChange or verifyChange
	page     string // where the browser goes afterwards; "": nowhere, the answer is JSON
}

// verifyEmail serves GET /verify-email, the mailed link. Programs that check
// mails open links as well, so that the request alone does not show that the
// owner of the mailbox wants it: see link.direct.
func verifyEmail(c *sdk.Call) error {
	query := verifyEmailQuery{c.Request()}
	l, err := readLink(c, sdk.Copy("request.query.token"), query.CallbackURL())
	switch {
	case err != nil:
	case l.direct(c):
		err = l.follow(c)
	default:
		err = l.askFirst(c, query.Token())
	}
	return failAt(c, query.CallbackURL(), err)
}

// confirmEmail serves POST /verify-email, which the page of a link sends.
func confirmEmail(c *sdk.Call) error {
	page := confirmEmailBody{c.Request()}.CallbackURL()
	l, err := readLink(c, sdk.Copy("request.body.token"), page)
	if err == nil {
		err = l.follow(c)
	}
	return failAt(c, page, err)
}

// failAt tells the app's page what is wrong with a link, if the link has one.
func failAt(c *sdk.Call, page string, err error) error {
	refused, ok := errors.AsType[*sdk.Error](err)
	if !ok || page == "" {
		return err
	}
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	return c.Redirect(page + separator + "error=" + refused.Code)
}

// readLink checks the token of a link, and finds its user.
func readLink(c *sdk.Call, token sdk.Value, page string) (link, error) {
	claims, err := c.Crypto().VerifyToken(purposeEmailVerification, token)
	switch {
	case sdk.CodeOf(err) == "expired":
		return link{}, errTokenExpired
	case errors.Is(err, sdk.Invalid):
		return link{}, errInvalidLink
	case err != nil:
		return link{}, err
	}
	l := link{updateTo: claims.Get("updateTo").String(), step: claims.Get("requestType").String(), page: page}
	// A token without a user was not made for the user who has its address now.
	if !claims.Get("sub").Truthy() || l.updateTo != "" && !l.changes() {
		return link{}, errInvalidLink
	}
	l.user, err = c.Identity().FindUser(sdk.FindUserOptions{ID: claims.Get("sub").String()})
	if err != nil {
		return link{}, sdk.IfNotFound(err, errInvalidLink)
	}
	if s := c.Session(); l.updateTo != "" && s.Exists() && s.UserID != l.user.ID {
		return link{}, errInvalidUser
	}
	return l, nil
}

// changes reports whether the link is for a step of a change of address.
func (l link) changes() bool {
	return sdk.IsEmail(l.updateTo) && (l.step == confirmChange || l.step == verifyChange)
}

// direct reports whether a GET request follows the link at once: if the link has
// nothing left to do, in the browser in which its user is signed in, and for the
// app's own scripts. A prefetch never does.
func (l link) direct(c *sdk.Call) bool {
	switch {
	case l.updateTo == "" && l.user.EmailVerified:
		return true
	case kit.IsPrefetch(c):
		return false
	case !configOf(c).EmailVerification().ConfirmLinks():
		return true
	}
	return c.Session().UserID == l.user.ID || fromScript(c)
}

// fromScript reports whether a request is one that a script of the app makes, or
// an app without a browser that names its origin. Opening a link does not send
// such headers: it is a navigation (Fetch Metadata Request Headers, section 2.3)
// and has no origin. A script of another site could sign its visitor in as
// somebody else here, so it has to send a POST, whose origin the host checks.
func fromScript(c *sdk.Call) bool {
	r := c.Request()
	site, mode := r.Header("sec-fetch-site"), r.Header("sec-fetch-mode")
	if site == "" {
		return c.Get("request.origin").Truthy()
	}
	return (site == "same-origin" || site == "same-site") && (mode == "cors" || mode == "same-origin")
}

// askFirst answers a link that somebody has to confirm: with the app's page for
// it or with a page of this plugin.
func (l link) askFirst(c *sdk.Call, token string) error {
	if mode := c.Request().Header("sec-fetch-mode"); mode != "" && mode != "navigate" {
		return errConfirmationRequired // a script cannot press a button
	}
	if own := configOf(c).EmailVerification().ConfirmPageURL(); own != "" {
		page := sdk.SetQuery(sdk.AbsoluteURL(c.Tenant("baseURL").String(), own), "token", token)
		if l.page != "" {
			page = sdk.SetQuery(page, "callbackURL", l.page)
		}
		return c.Redirect(page)
	}
	c.SetHeader("cache-control", sdk.String("no-store"))
	return c.ReplyWith(sdk.String(l.confirmPage(c, token)))
}

// follow does what the link is for.
func (l link) follow(c *sdk.Call) error {
	switch {
	case l.updateTo == "":
		return l.markVerified(c)
	case l.step == confirmChange:
		return l.confirmAddress(c)
	}
	return l.replaceAddress(c)
}

// accept answers a link that did its work: at the app's page if the link has
// one, else with the status and a user.
func (l link) accept(c *sdk.Call, user sdk.Value) error {
	if l.page != "" {
		return c.Redirect(l.page)
	}
	return c.Reply(sdk.F("status", sdk.Bool(true)), sdk.F("user", user))
}

// markVerified marks the address of a user as verified. A link works until it
// expires, but only its first use signs in.
func (l link) markVerified(c *sdk.Call) error {
	if l.user.EmailVerified {
		return l.accept(c, sdk.Null)
	}
	verified := sdk.UpdateUserOptions{Set: []sdk.Field{sdk.F("emailVerified", sdk.Bool(true))}}
	if _, err := c.Identity().UpdateUser(l.user.ID, verified); err != nil {
		return err
	}
	if configOf(c).EmailVerification().AutoSignInAfterVerification() {
		if pending, err := l.ensureSession(c); err != nil || pending {
			return err
		}
	}
	return l.accept(c, sdk.Null)
}

// ensureSession sends the cookie of the user's present session again, or signs
// the user in: until the browser closes, if that was chosen in it before.
func (l link) ensureSession(c *sdk.Call) (pending bool, err error) {
	if c.Session().UserID == l.user.ID {
		return false, c.Sessions().Reissue()
	}
	issued, err := c.Sessions().Create(l.user.ID, sdk.SessionCreateOptions{Reason: "verify-email", RememberMe: sdk.String("keep")})
	return issued.Pending, err
}

// confirmAddress follows the link in the mail to the present address: the new
// address gets a link of its own.
func (l link) confirmAddress(c *sdk.Call) error {
	if config := configOf(c); config.EmailVerification().SendVerificationEmail() {
		claims := []sdk.Field{sdk.F("email", sdk.String(l.user.Email)), sdk.F("updateTo", sdk.String(l.updateTo)), sdk.F("requestType", sdk.String(verifyChange))}
		token := sdk.SignTokenOptions{Claims: claims, UserID: l.user.ID}
		if err := mailLink(c, config, l.updateTo, l.page, token); err != nil {
			return err
		}
	}
	return l.accept(c, sdk.Value{})
}

// replaceAddress follows the link in the mail to the new address.
func (l link) replaceAddress(c *sdk.Call) error {
	verified := sdk.UpdateUserOptions{Set: []sdk.Field{sdk.F("email", sdk.String(l.updateTo)), sdk.F("emailVerified", sdk.Bool(true))}}
	_, err := c.Identity().UpdateUser(l.user.ID, verified)
	if errors.Is(err, sdk.Conflict) { // taken since the link was mailed
		return errUserAlreadyExistsUseAnotherEmail
	}
	if err != nil {
		return err
	}
	if pending, err := l.ensureSession(c); err != nil || pending {
		return err
	}
	return l.accept(c, sdk.Copy("session.user"))
}
