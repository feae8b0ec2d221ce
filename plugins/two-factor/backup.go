package main

import (
	"crypto/subtle"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// codeSeparator stands between backup codes, which are kept as one text, and
// sealed.
const codeSeparator = ","

// makeCodes makes new backup codes. They are shown this once.
func (o configBackupCodeOptions) makeCodes(c *sdk.Call) (codes []string, sealed string, err error) {
	for range o.Amount() {
		code, err := c.Random().String(o.Length(), sdk.RandomStringOptions{Alphabet: o.Alphabet()})
		if err != nil {
			return nil, "", err
		}
		if o.Group() > 0 && o.Group() < o.Length() {
			code = code[:o.Group()] + "-" + code[o.Group():]
		}
		codes = append(codes, code)
	}
	sealed, err = sealCodes(c, codes)
	return codes, sealed, err
}

func sealCodes(c *sdk.Call, codes []string) (string, error) {
	return c.Crypto().Seal(purposeBackupCodes, sdk.String(strings.Join(codes, codeSeparator)))
}

// openCodes returns the codes that are not spent.
func (f *factor) openCodes(c *sdk.Call) ([]string, error) {
	text, err := c.Crypto().Open(purposeBackupCodes, sdk.String(f.backupCodes))
	if text == "" {
		return nil, err
	}
	return strings.Split(text, codeSeparator), err
}

// verifyBackupCode serves POST /two-factor/verify-backup-code. A code is good
// once.
func verifyBackupCode(c *sdk.Call) error {
	a, err := whoAnswers(c)
	if err != nil {
		return err
	}
	if a.secret == "" {
		return errBackupCodesNotEnabled
	}
	if err := a.begin(c); err != nil {
		return err
	}
	body := verifyBackupCodeBody{c.Request()}
	right, err := a.spendCode(c, body.Code())
	if err != nil {
		return err
	}
	if !right {
		return a.reject(c, errInvalidBackupCode)
	}
	if err := c.Audit().Record("backup-code-used", sdk.AuditRecordOptions{UserID: a.userID}); err != nil {
		return err
	}
	if body.DisableSession().IsTrue() && a.signsIn() {
		return a.showUser(c)
	}
	return a.accept(c)
}

// showUser answers a right code of a client that wants no session from it. The
// challenge stays open.
func (a *answerer) showUser(c *sdk.Call) error {
	if err := a.keepAttempts(c, a.attempts); err != nil {
		return err
	}
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: a.userID})
	return c.ReplyUnless(err, sdk.F("user", user.Fields))
}

// spendCode takes a code off the user's, if it is one of them. Of two requests
// with one code the host lets the second run again, and it does not find the
// code any more.
func (f *factor) spendCode(c *sdk.Call, given string) (right bool, err error) {
	codes, err := f.openCodes(c)
	if err != nil {
		return false, err
	}
	var left []string
	for _, code := range codes {
		if subtle.ConstantTimeCompare([]byte(code), []byte(given)) == 1 {
			right = true
		} else {
			left = append(left, code)
		}
	}
	if !right {
		return false, nil
	}
	sealed, err := sealCodes(c, left)
	if err != nil {
		return false, err
	}
	return true, f.clear(c, sdk.F("backupCodes", sdk.String(sealed)))
}

// viewBackupCodes serves POST /two-factor/view-backup-codes, for servers alone:
// the codes that a user has not spent yet.
func viewBackupCodes(c *sdk.Call) error {
	userID := viewBackupCodesBody{c.Request()}.UserID()
	f, err := findFactor(c, userID)
	if err != nil {
		return err
	}
	if f.secret == "" {
		return errBackupCodesNotEnabled
	}
	codes, err := f.openCodes(c)
	if err != nil {
		return err
	}
	by := sdk.F("serviceKey", sdk.String(c.Request().ServiceKey()))
	err = c.Audit().Record("backup-codes-viewed", sdk.AuditRecordOptions{UserID: userID, Details: []sdk.Field{by}})
	return c.ReplyUnless(err, sdk.F("status", sdk.Bool(true)), sdk.F("backupCodes", sdk.Strings(codes...)))
}

// generateBackupCodes serves POST /two-factor/generate-backup-codes: new codes
// in the place of all earlier ones.
func generateBackupCodes(c *sdk.Call) error {
	options := configOf(c).BackupCodeOptions()
	if !isOn(c.Session().User) {
		return errTwoFactorNotEnabled
	}
	f, err := ownFactor(c, options.AllowPasswordless())
	if err != nil {
		return err
	}
	if f.secret == "" {
		return errTwoFactorNotEnabled
	}
	codes, sealed, err := options.makeCodes(c)
	if err != nil {
		return err
	}
	if err := f.save(c, sdk.F("backupCodes", sdk.String(sealed))); err != nil {
		return err
	}
	err = c.Audit().Record("backup-codes-made", sdk.AuditRecordOptions{UserID: f.userID})
	return c.ReplyUnless(err, sdk.F("status", sdk.Bool(true)), sdk.F("backupCodes", sdk.Strings(codes...)))
}
