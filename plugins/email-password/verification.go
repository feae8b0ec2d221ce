package main

import (
	"errors"
	"strings"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// Request types of tokens that change an address: the first is mailed to the
// present address, the second to the new one. The plugin account signs tokens
// of the same purpose.
const (
	confirmChange = "change-email-confirmation"
	verifyChange  = "change-email-verification"
)

// sendsOnSignUp reports whether sign-up mails a verification link. Unless it
// is said, it does when the address must be verified.
func (x config) sendsOnSignUp() bool {
	said := x.EmailVerification().SendOnSignUp()
	return x.EmailVerification().SendVerificationEmail() && (said.IsTrue() || said.IsAbsent() && x.RequireEmailVerification())
}

// mailVerification mails a link that verifies the address of a user. It stays
// good when that is done, but does nothing then.
func mailVerification(c *sdk.Call, config config, user sdk.User, page string) error {
	email := sdk.ToLower(user.Email)
	return mailLink(c, config, email, page, sdk.SignTokenOptions{
		Claims: []sdk.Field{sdk.F("email", sdk.String(email))}, UserID: user.ID, WhenVerified: true,
	})
}

// mailLink mails a link to /verify-email with a token.
func mailLink(c *sdk.Call, config config, to, page string, token sdk.SignTokenOptions) error {
	link := kit.LinkMail{To: to, Template: mailVerifyEmail, Path: "/verify-email", CallbackURL: page}
	return link.SendSigned(c, purposeEmailVerification, config.EmailVerification().ExpiresIn(), token)
}

// sendVerificationEmail serves POST /send-verification-email.
func sendVerificationEmail(c *sdk.Call) error {
	config, session, body := configOf(c), c.Session(), sendVerificationEmailBody{c.Request()}
	if !config.EmailVerification().SendVerificationEmail() {
		return errVerificationEmailNotEnabled
	}
	email := sdk.ToLower(body.Email())
	if !session.Exists() {
		return done(c, mailDiscreetly(c, config, email, body.CallbackURL()))
	}
	if sdk.ToLower(session.User.Email) != email {
		return errEmailMismatch
	}
	if session.User.EmailVerified {
		return errEmailAlreadyVerified
	}
	return done(c, mailVerification(c, config, session.User, body.CallbackURL()))
}

// mailNobody does what mailVerification does, for an address that nobody has who
// is to verify it.
func mailNobody(c *sdk.Call, config config, email, page string) error {
	link := kit.LinkMail{To: email, Template: mailVerifyEmail, Path: "/verify-email", CallbackURL: page, Decoy: true}
	token := sdk.SignTokenOptions{Claims: []sdk.Field{sdk.F("email", sdk.String(email))}, UserID: kit.Nobody, WhenVerified: true}
	return link.SendSigned(c, purposeEmailVerification, decoyLife, token)
}

// mailDiscreetly mails a link if there is somebody to verify, and does the same
// for nobody if there is not, so that both take the same time: the mail itself
// is sent after the answer.
func mailDiscreetly(c *sdk.Call, config config, email, page string) error {
	user, err := c.Identity().FindUser(sdk.FindUserOptions{Email: email})
	if err == nil && !user.EmailVerified {
		return mailVerification(c, config, user, page)
	}
	if err := sdk.IfNotFound(err, nil); err != nil {
		return err
	}
	return mailNobody(c, config, email, page)
}

// verifyEmail serves GET /verify-email, the mailed link. What is wrong with it
// is told to the app's page if the link has one.
func verifyEmail(c *sdk.Call) error {
	err := followLink(c)
	refused, ok := errors.AsType[*sdk.Error](err)
	page := verifyEmailQuery{c.Request()}.CallbackURL()
	if !ok || page == "" {
		return err
	}
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	return c.Redirect(page + separator + "error=" + refused.Code)
}

func followLink(c *sdk.Call) error {
	claims, err := c.Crypto().VerifyToken(purposeEmailVerification, sdk.Copy("request.query.token"))
	switch {
	case sdk.CodeOf(err) == "expired":
		return errTokenExpired
	case errors.Is(err, sdk.Invalid):
		return errInvalidLink
	case err != nil:
		return err
	}
	// A token without a user was not made for the user who has its address now.
	updateTo := claims.Get("updateTo").String()
	if !claims.Get("sub").Truthy() || updateTo != "" && !sdk.IsEmail(updateTo) {
		return errInvalidLink
	}
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: claims.Get("sub").String()})
	if err != nil {
		return sdk.IfNotFound(err, errInvalidLink)
	}
	if updateTo != "" {
		return changeAddress(c, user, updateTo, claims.Get("requestType").String())
	}
	return markVerified(c, user)
}

// acceptLink answers a link that did its work: at the app's page if the link
// has one, else with the status and a user.
func acceptLink(c *sdk.Call, user sdk.Value) error {
	if page := (verifyEmailQuery{c.Request()}).CallbackURL(); page != "" {
		return c.Redirect(page)
	}
	return c.Reply(sdk.F("status", sdk.Bool(true)), sdk.F("user", user))
}

// markVerified marks the address of a user as verified. A link works until it
// expires, but only its first use signs in.
func markVerified(c *sdk.Call, user sdk.User) error {
	if user.EmailVerified {
		return acceptLink(c, sdk.Null)
	}
	verified := sdk.UpdateUserOptions{Set: []sdk.Field{sdk.F("emailVerified", sdk.Bool(true))}}
	if _, err := c.Identity().UpdateUser(user.ID, verified); err != nil {
		return err
	}
	if configOf(c).EmailVerification().AutoSignInAfterVerification() {
		if pending, err := ensureSession(c, user, c.Session().UserID == user.ID); err != nil || pending {
			return err
		}
	}
	return acceptLink(c, sdk.Null)
}

// ensureSession sends the cookie of the present session again, or signs the
// user in: until the browser closes, if that was chosen in it before.
func ensureSession(c *sdk.Call, user sdk.User, present bool) (pending bool, err error) {
	if present {
		return false, c.Sessions().Reissue()
	}
	issued, err := c.Sessions().Create(user.ID, sdk.SessionCreateOptions{Reason: "verify-email", RememberMe: sdk.String("keep")})
	return issued.Pending, err
}

// changeAddress takes a step of a change of address.
func changeAddress(c *sdk.Call, user sdk.User, updateTo, requestType string) error {
	session := c.Session()
	if session.Exists() && session.UserID != user.ID {
		return errInvalidUser
	}
	switch requestType {
	case confirmChange:
		return confirmAddress(c, user, updateTo)
	case verifyChange:
		return replaceAddress(c, user, updateTo, session.Exists())
	}
	return errInvalidLink
}

// confirmAddress follows the link in the mail to the present address: the new
// address gets a link of its own.
func confirmAddress(c *sdk.Call, user sdk.User, updateTo string) error {
	if config := configOf(c); config.EmailVerification().SendVerificationEmail() {
		claims := []sdk.Field{sdk.F("email", sdk.String(user.Email)), sdk.F("updateTo", sdk.String(updateTo)), sdk.F("requestType", sdk.String(verifyChange))}
		token := sdk.SignTokenOptions{Claims: claims, UserID: user.ID}
		if err := mailLink(c, config, updateTo, verifyEmailQuery{c.Request()}.CallbackURL(), token); err != nil {
			return err
		}
	}
	return acceptLink(c, sdk.Value{})
}

// replaceAddress follows the link in the mail to the new address.
func replaceAddress(c *sdk.Call, user sdk.User, updateTo string, present bool) error {
	verified := sdk.UpdateUserOptions{Set: []sdk.Field{sdk.F("email", sdk.String(updateTo)), sdk.F("emailVerified", sdk.Bool(true))}}
	_, err := c.Identity().UpdateUser(user.ID, verified)
	if errors.Is(err, sdk.Conflict) { // taken since the link was mailed
		return errUserAlreadyExistsUseAnotherEmail
	}
	if err != nil {
		return err
	}
	if pending, err := ensureSession(c, user, present); err != nil || pending {
		return err
	}
	return acceptLink(c, sdk.Copy("session.user"))
}
