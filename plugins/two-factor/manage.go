package main

import "github.com/authhost/authhost/sdk"

// secretLength is the number of characters of a TOTP secret: 190 bits, where
// RFC 4226 wants 160.
const secretLength = 32

// enable serves POST /two-factor/enable: a new secret and backup codes. They
// count from the first code on that verifies, or at once with
// skipVerificationOnEnable, or if the user had a second factor before.
func enable(c *sdk.Call) sdk.Result {
	if o := checkPassword(c, ""); !o.ok() {
		return o.end(c)
	}
	return enableTOTP(c)
}

// enableMethod serves POST /two-factor/enable in the dialect 1.7, where the
// body may name the method and the answer does. Mailed codes are on at once;
// an authenticator app is not replaced by another.
func enableMethod(c *sdk.Call) sdk.Result {
	if o := checkPassword(c, ""); !o.ok() {
		return o.end(c)
	}
	otp := c.Request().Body("method").String() == "otp"
	switch {
	case otp && !c.Config("otpOptions.sendOTP").IsTrue():
		return errNoOTP.Deny(c)
	case otp:
		return enableOTP(c)
	case c.Config("totpOptions.disable").IsTrue():
		return errNoTOTP.Deny(c)
	}
	if f, found, status := findFactor(c, c.Session().UserID()); status != sdk.OK {
		return c.Fail(status)
	} else if found && !f.unverified {
		return errAlreadyEnabled.Deny(c)
	}
	c.SetBody("method", sdk.String("totp"))
	return enableTOTP(c)
}

func enableOTP(c *sdk.Call) sdk.Result {
	status := setEnabled(c, c.Session().UserID(), true)
	if status == sdk.OK {
		status = renewSession(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("method", sdk.String("otp"))
	return sdk.Continue
}

func enableTOTP(c *sdk.Call) sdk.Result {
	userID := c.Session().UserID()
	secret, status := c.Random().String(secretLength, sdk.Alnum)
	if status != sdk.OK {
		return c.Fail(status)
	}
	codes, sealedCodes, status := makeCodes(c)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("totpURI", sdk.String(keyURI(c, secret, issuer(c))))
	showCodes(c, codes)
	if status := keep(c, userID, secret, sealedCodes); status != sdk.OK {
		return c.Fail(status)
	}
	if c.Config("skipVerificationOnEnable").IsTrue() {
		status = setEnabled(c, userID, true)
		if status == sdk.OK {
			status = renewSession(c)
		}
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	return sdk.Continue
}

// issuer returns the name that an authenticator app shows.
func issuer(c *sdk.Call) string {
	asked := c.Request().Body("issuer").String()
	if asked != "" {
		return asked
	}
	return c.Config("issuer").StringOr(c.Tenant("appName").String())
}

// keep stores a new secret and new backup codes.
func keep(c *sdk.Call, userID, secret, sealedCodes string) sdk.Status {
	sealed, status := c.Crypto().Seal(purposeSecret, sdk.String(secret))
	if status != sdk.OK {
		return status
	}
	f, found, status := findFactor(c, userID)
	if status != sdk.OK {
		return status
	}
	verified := found && !f.unverified || c.Config("skipVerificationOnEnable").IsTrue()
	fields := []sdk.Field{
		sdk.F("secret", sdk.String(sealed)),
		sdk.F("backupCodes", sdk.String(sealedCodes)),
		sdk.F("verified", sdk.Bool(verified)),
		sdk.F("failedVerificationCount", sdk.Int(0)),
		sdk.F("lockedUntil", sdk.Null),
		sdk.F("usedSteps", sdk.String("")),
	}
	if f.id != "" {
		return c.Storage(model).Update(f.id, 0, fields...)
	}
	return c.Storage(model).Insert(append(fields, sdk.F("userId", sdk.String(userID)))...)
}

// disable serves POST /two-factor/disable.
func disable(c *sdk.Call) sdk.Result {
	if o := checkPassword(c, ""); !o.ok() {
		return o.end(c)
	}
	userID := c.Session().UserID()
	f, _, status := findFactor(c, userID)
	if status == sdk.OK && f.id != "" {
		status = c.Storage(model).Delete(f.id)
	}
	if status == sdk.OK {
		status = setEnabled(c, userID, false)
	}
	if status == sdk.OK {
		status = endTrust(c)
	}
	if status == sdk.OK {
		status = renewSession(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}

// setEnabled says in the user's record whether sign-ins take a second step.
func setEnabled(c *sdk.Call, userID string, on bool) sdk.Status {
	_, status := c.Identity().UpdateUser(userID, "", sdk.F("twoFactorEnabled", sdk.Bool(on)))
	if status != sdk.OK {
		return status
	}
	action := "disabled"
	if on {
		action = "enabled"
	}
	return c.Audit().Record(action, userID)
}

// passwordless reports whether users without a password may do what a group of
// options is about; group is "" for turning the second factor on and off.
func passwordless(c *sdk.Call, group string) bool {
	if group != "" {
		if own := c.Config(group + ".allowPasswordless"); !own.IsAbsent() {
			return own.IsTrue()
		}
	}
	return c.Config("allowPasswordless").IsTrue()
}

// checkPassword checks the password in the body, which the host demands by
// the same options (requiredUnless in manifest.json). Where they let them, users
// without one need none.
func checkPassword(c *sdk.Call, group string) outcome {
	userID := c.Session().UserID()
	if passwordless(c, group) {
		hasPassword, status := c.Identity().FindAccount(userID, sdk.ProviderCredential)
		if status == sdk.NotFound || status == sdk.OK && !hasPassword {
			return outcome{}
		}
		if status != sdk.OK {
			return failed(status)
		}
	}
	if !c.Request().Body("password").Truthy() {
		return refuse(&errInvalidPassword)
	}
	valid, status := c.Identity().VerifyPasswordByID(userID, sdk.Copy("request.body.password"))
	if status == sdk.OK && !valid {
		return refuse(&errInvalidPassword)
	}
	return failed(status)
}
