package main

import (
	"crypto/subtle"
	"strconv"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// otpPrefix starts the identifier under which a mailed code is kept, as the
// sealed code, a colon and the number of wrong answers to it.
const otpPrefix = "2fa-otp-"

// otpID is the identifier of the mailed code of an answerer.
func (a *answerer) otpID() string {
	if a.signsIn() {
		return otpPrefix + a.challenge
	}
	return otpPrefix + a.userID + "!" + a.session.ID
}

// sendOTP serves POST /two-factor/send-otp.
func sendOTP(c *sdk.Call) error {
	options := configOf(c).OTPOptions()
	if !options.SendOTP() {
		return errOTPNotConfigured
	}
	a, err := whoAnswers(c)
	if err != nil {
		return err
	}
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: a.userID})
	if err != nil {
		return sdk.IfNotFound(err, errInvalidTwoFactorCookie)
	}
	code, err := c.Random().String(options.Digits(), sdk.RandomStringOptions{Alphabet: "digits"})
	if err != nil {
		return err
	}
	sealed, err := c.Crypto().Seal(purposeOTP, sdk.String(code))
	if err != nil {
		return err
	}
	if err := a.keepOTP(c, sealed, 0, options.ExpiresIn()); err != nil {
		return err
	}
	err = twoFactorOTPMail{OTP: code}.Send(c, user.Email)
	return c.ReplyUnless(err, sdk.F("status", sdk.Bool(true)))
}

// keepOTP keeps a mailed code for so many seconds, and how many answers to it
// were wrong. It is for the user as the user is now.
func (a *answerer) keepOTP(c *sdk.Call, sealed string, wrong, seconds int64) error {
	value := sealed + ":" + strconv.FormatInt(wrong, 10)
	_, err := c.Verifications().CreateFor(a.otpID(), value, a.userID, seconds, sdk.VerificationCreateForOptions{WhenVerified: true})
	return err
}

// verifyOTP serves POST /two-factor/verify-otp. For a user who is signed in
// without a second factor, a right code turns it on.
func verifyOTP(c *sdk.Call) error {
	a, err := whoAnswers(c)
	if err != nil {
		return err
	}
	if err := a.beginOTP(c); err != nil {
		return err
	}
	if err := a.tryOTP(c); err != nil {
		return err
	}
	if a.signsIn() {
		if err := a.clear(c); err != nil {
			return err
		}
	} else if !isOn(a.session.User) {
		renewed, err := turnOn(c, a.userID)
		if err != nil {
			return err
		}
		return reply(c, renewed.Session, renewed.User)
	}
	return a.accept(c)
}

// beginOTP lets a user sign in with a mailed code: the account is not locked,
// and has a record for its failures and the trust in devices. In the dialect
// 1.6 there must be an authenticator app, too. A user who is signed in needs
// none of this.
func (a *answerer) beginOTP(c *sdk.Call) error {
	if !a.signsIn() {
		return nil
	}
	if a.secret == "" && c.Tenant("dialect").String() != "1.7" {
		return errTwoFactorNotEnabled
	}
	if a.id == "" {
		return a.renew(c, "", "", false)
	}
	return a.checkLock(c)
}

// tryOTP compares the code with the mailed one, which a wrong code leaves good
// for as long as it was, until there were too many.
func (a *answerer) tryOTP(c *sdk.Call) error {
	mailed, err := c.Verifications().Consume(a.otpID())
	if err != nil {
		return sdk.IfNotFound(err, errOTPHasExpired.KeepWrites())
	}
	sealed, count, _ := strings.Cut(mailed.Value, ":")
	wrong, err := strconv.ParseInt(count, 10, 32)
	if err != nil || wrong >= configOf(c).OTPOptions().AllowedAttempts() {
		return errTooManyAttemptsRequestNewCode.KeepWrites()
	}
	code, err := c.Crypto().Open(purposeOTP, sdk.String(sealed))
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(code), []byte(verifyOTPBody{c.Request()}.Code())) == 1 {
		return nil
	}
	if err := a.keepOTP(c, sealed, wrong+1, secondsUntil(c, mailed.ExpiresAt)); err != nil {
		return err
	}
	if a.signsIn() {
		if err := a.recordFailure(c); err != nil {
			return err
		}
	}
	return errInvalidCode.KeepWrites()
}
