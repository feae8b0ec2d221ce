package main

import (
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
