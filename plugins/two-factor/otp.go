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

// sendOTP serves POST /two-factor/send-otp.
func sendOTP(c *sdk.Call) sdk.Result {
	if !c.Config("otpOptions.sendOTP").IsTrue() {
		return errOTPNotConfigured.Deny(c)
	}
	a, o := whoAnswers(c)
	if !o.ok() {
		return o.end(c)
	}
	user, status := c.Identity().FindUserByID(a.userID)
	if status == sdk.NotFound {
		return errInvalidCookie.Deny(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	code, status := c.Random().String(int(c.Config("otpOptions.digits").Int(0)), sdk.Digits)
	if status == sdk.OK {
		status = keepOTP(c, a, code)
	}
	if status == sdk.OK {
		status = c.Email().Send(sdk.Mail{To: user.Email, Template: "two-factor-otp", OTP: code})
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}

func keepOTP(c *sdk.Call, a answerer, code string) sdk.Status {
	sealed, status := c.Crypto().Seal(purposeOTP, sdk.String(code))
	if status != sdk.OK {
		return status
	}
	return c.Verifications().Create(otpPrefix+a.key(c), sealed+":0", c.Config("otpOptions.expiresIn").Int(0))
}

// verifyOTP serves POST /two-factor/verify-otp. For a user who is signed in
// without a second factor, a right code turns it on.
func verifyOTP(c *sdk.Call) sdk.Result {
	a, o := whoAnswers(c)
	if !o.ok() {
		return o.end(c)
	}
	f, found, status := findFactor(c, a.userID)
	if status != sdk.OK {
		return c.Fail(status)
	}
	if a.signsIn() {
		if !found && c.Tenant("dialect").String() != "1.7" {
			return errNotEnabled.Deny(c)
		}
		if f.id == "" {
			if f, status = counter(c, a.userID); status != sdk.OK {
				return c.Fail(status)
			}
		}
		if o := checkLock(c, f); !o.ok() {
			return o.end(c)
		}
	}
	right, o := a.tryOTP(c)
	switch {
	case !o.ok():
		return o.end(c)
	case !right:
		if a.signsIn() {
			status = recordFailure(c, f)
		}
		if status != sdk.OK {
			return c.Fail(status)
		}
		return errInvalidCode.Respond(c)
	case a.signsIn():
		if status := clearFailures(c, f); status != sdk.OK {
			return c.Fail(status)
		}
	case !c.Session().User("twoFactorEnabled").IsTrue():
		return activateByOTP(c, a)
	}
	return a.accept(c, f)
}

// tryOTP compares the code with the mailed one, which a wrong code leaves good
// for as long as it was, until there were too many.
func (a answerer) tryOTP(c *sdk.Call) (right bool, o outcome) {
	id := otpPrefix + a.key(c)
	value, status := c.Verifications().Consume(id)
	if status == sdk.NotFound {
		return false, refuse(&errOTPExpired)
	}
	if status != sdk.OK {
		return false, failed(status)
	}
	seconds := secondsUntil(c, c.Result("expiresAt").String())
	sealed, count, _ := strings.Cut(value, ":")
	wrong, err := strconv.ParseInt(count, 10, 32)
	if err != nil || wrong >= c.Config("otpOptions.allowedAttempts").Int(0) {
		return false, refuse(&errTooManyAttempts)
	}
	code, status := c.Crypto().Open(purposeOTP, sdk.String(sealed))
	if status != sdk.OK {
		return false, failed(status)
	}
	if subtle.ConstantTimeCompare([]byte(code), []byte(c.Request().Body("code").String())) == 1 {
		return true, outcome{}
	}
	return false, failed(c.Verifications().Create(id, sealed+":"+strconv.FormatInt(wrong+1, 10), seconds))
}

func activateByOTP(c *sdk.Call, a answerer) sdk.Result {
	status := setEnabled(c, a.userID, true)
	if status == sdk.OK {
		status = renewSession(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.CopyBody("token", "result.session.token")
	c.CopyBody("user", "result.user")
	return sdk.Continue
}
