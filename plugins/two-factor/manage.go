package main

import (
	"cmp"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// secretLength is the number of characters of a TOTP secret: 190 bits, where
// RFC 4226 wants 160.
const secretLength = 32

// enable serves POST /two-factor/enable: a new secret and backup codes. They
// count from the first code on that verifies, or at once with
// skipVerificationOnEnable, or if the user had a second factor before.
func enable(c *sdk.Call) error {
	f, err := ownFactor(c, sdk.Value{})
	if err != nil {
		return err
	}
	return f.enableTOTP(c)
}

// enableMethod serves POST /two-factor/enable in the dialect 1.7, where the
// body may name the method and the answer does. Mailed codes are on at once;
// an authenticator app is not replaced by another.
func enableMethod(c *sdk.Call) error {
	f, err := ownFactor(c, sdk.Value{})
	if err != nil {
		return err
	}
	if (enableMethodBody{c.Request()}).Method() == "otp" {
		return f.enableOTP(c)
	}
	if configOf(c).TOTPOptions().Disable() {
		return errTOTPNotAvailable
	}
	if f.verified {
		return errTOTPAlreadyEnabled
	}
	c.SetBody("method", sdk.String("totp"))
	return f.enableTOTP(c)
}

func (f *factor) enableOTP(c *sdk.Call) error {
	if !configOf(c).OTPOptions().SendOTP() {
		return errOTPNotAvailable
	}
	_, err := turnOn(c, f.userID)
	return c.ReplyUnless(err, sdk.F("method", sdk.String("otp")))
}

func (f *factor) enableTOTP(c *sdk.Call) error {
	settings, email := configOf(c), c.Session().User.Email
	secret, err := c.Random().String(secretLength, sdk.RandomStringOptions{})
	if err != nil {
		return err
	}
	codes, sealedCodes, err := settings.BackupCodeOptions().makeCodes(c)
	if err != nil {
		return err
	}
	sealed, err := c.Crypto().Seal(purposeTOTPSecret, sdk.String(secret))
	if err != nil {
		return err
	}
	if err := f.renew(c, sealed, sealedCodes, f.verified || settings.SkipVerificationOnEnable()); err != nil {
		return err
	}
	if settings.SkipVerificationOnEnable() {
		if _, err := turnOn(c, f.userID); err != nil {
			return err
		}
	}
	issuer := cmp.Or(c.Request().Body("issuer").String(), settings.Issuer(), c.Tenant("appName").String())
	return c.Reply(sdk.F("totpURI", settings.TOTPOptions().keyURI(secret, issuer, email)), sdk.F("backupCodes", sdk.Strings(codes...)))
}

// disable serves POST /two-factor/disable.
func disable(c *sdk.Call) error {
	f, err := ownFactor(c, sdk.Value{})
	if err != nil {
		return err
	}
	if f.id != "" {
		if err := c.Storage(modelTwoFactor).Delete(f.id); err != nil {
			return err
		}
	}
	if err := setEnabled(c, f.userID, false, "disabled"); err != nil {
		return err
	}
	if err := endTrust(c); err != nil {
		return err
	}
	_, err = renewSession(c)
	return c.ReplyUnless(err, sdk.F("status", sdk.Bool(true)))
}

// turnOn makes sign-ins of the session's user take a second step, and returns
// the session in the place of the request's.
func turnOn(c *sdk.Call, userID string) (sdk.SessionCreateResult, error) {
	if err := setEnabled(c, userID, true, "enabled"); err != nil {
		return sdk.SessionCreateResult{}, err
	}
	return renewSession(c)
}

// setEnabled says in the user's record whether sign-ins take a second step, and
// in the audit log what was done.
func setEnabled(c *sdk.Call, userID string, on bool, action string) error {
	set := []sdk.Field{sdk.F("twoFactorEnabled", sdk.Bool(on))}
	if _, err := c.Identity().UpdateUser(userID, sdk.UpdateUserOptions{Set: set}); err != nil {
		return err
	}
	return c.Audit().Record(action, sdk.AuditRecordOptions{UserID: userID})
}

// ownFactor returns the factor of the session's user, if checkPassword
// allows it.
func ownFactor(c *sdk.Call, passwordless sdk.Value) (factor, error) {
	userID := c.Session().UserID
	if err := checkPassword(c, userID, passwordless); err != nil {
		return factor{}, err
	}
	return findFactor(c, userID)
}

// checkPassword checks the password in the body. The option passwordless, or if
// it is absent that for the whole plugin, lets users without one pass; the host
// demands one by the same options (requiredUnless in manifest.json).
func checkPassword(c *sdk.Call, userID string, passwordless sdk.Value) error {
	if passwordless.IsTrue() || passwordless.IsAbsent() && configOf(c).AllowPasswordless() {
		if has, err := kit.HasPassword(c, userID); err != nil || !has {
			return err
		}
	}
	wrong := errInvalidPassword.KeepWrites()
	if !c.Request().Body("password").Truthy() {
		return wrong
	}
	return kit.CheckPassword(c, userID, sdk.Copy("request.body.password"), kit.Refusals{WrongPassword: wrong})
}
