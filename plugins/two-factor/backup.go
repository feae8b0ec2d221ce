package main

import (
	"crypto/subtle"
	"strings"

	"github.com/authhost/authhost/sdk"
)

const codeSeparator = ","

// makeCodes makes new backup codes. They are kept as one text: separated, and
// sealed.
func makeCodes(c *sdk.Call) (codes []string, sealed string, status sdk.Status) {
	length := int(c.Config("backupCodeOptions.length").Int(0))
	head := int(c.Config("backupCodeOptions.group").Int(0))
	alphabet := c.Config("backupCodeOptions.alphabet").StringOr(sdk.Alnum)
	for range c.Config("backupCodeOptions.amount").Int(0) {
		code, status := c.Random().String(length, alphabet)
		if status != sdk.OK {
			return nil, "", status
		}
		if head > 0 && head < length {
			code = code[:head] + "-" + code[head:]
		}
		codes = append(codes, code)
	}
	sealed, status = sealCodes(c, codes)
	return codes, sealed, status
}

func sealCodes(c *sdk.Call, codes []string) (string, sdk.Status) {
	return c.Crypto().Seal(purposeCodes, sdk.String(strings.Join(codes, codeSeparator)))
}

// showCodes puts the codes into the answer, the only time that they are shown.
func showCodes(c *sdk.Call, codes []string) {
	c.SetBody("backupCodes", sdk.JSON("[]"))
	for _, code := range codes {
		c.SetBody("backupCodes.-", sdk.String(code))
	}
}

// verifyBackupCode serves POST /two-factor/verify-backup-code. A code is good
// once.
func verifyBackupCode(c *sdk.Call) sdk.Result {
	a, o := whoAnswers(c)
	if !o.ok() {
		return o.end(c)
	}
	f, found, status := findFactor(c, a.userID)
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !found {
		return errNoBackupCodes.Deny(c)
	}
	attempts, o := a.begin(c, f)
	if !o.ok() {
		return o.end(c)
	}
	right, status := spendCode(c, f)
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !right {
		return reject(c, a, f, attempts, &errInvalidBackup)
	}
	if status := c.Audit().Record("backup-code-used", a.userID); status != sdk.OK {
		return c.Fail(status)
	}
	if !c.Request().Body("disableSession").IsTrue() {
		return a.accept(c, f)
	}
	return showOnly(c, a, attempts)
}

// showOnly answers a right code of a client that wants no session from it. The
// challenge stays open.
func showOnly(c *sdk.Call, a answerer, attempts int) sdk.Result {
	status := a.setAttempts(c, attempts)
	if status == sdk.OK && a.signsIn() {
		_, status = c.Identity().FindUserByID(a.userID)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	if a.signsIn() {
		c.CopyBody("user", "result")
	} else {
		c.CopyBody("token", "session.session.token")
		c.CopyBody("user", "session.user")
	}
	return sdk.Continue
}

// spendCode takes the request's code off the user's, if it is one of them. Of
// two requests with one code the host lets the second run again, and it does
// not find the code any more.
func spendCode(c *sdk.Call, f factor) (right bool, status sdk.Status) {
	text, status := c.Crypto().Open(purposeCodes, sdk.String(f.backupCodes))
	if status != sdk.OK {
		return false, status
	}
	given := []byte(c.Request().Body("code").String())
	var left []string
	for code := range strings.SplitSeq(text, codeSeparator) {
		if subtle.ConstantTimeCompare([]byte(code), given) == 1 && len(given) > 0 {
			right = true
		} else {
			left = append(left, code)
		}
	}
	if !right {
		return false, sdk.OK
	}
	sealed, status := sealCodes(c, left)
	if status != sdk.OK {
		return false, status
	}
	return true, c.Storage(model).Update(f.id, 0, sdk.F("backupCodes", sdk.String(sealed)),
		sdk.F("failedVerificationCount", sdk.Int(0)), sdk.F("lockedUntil", sdk.Null))
}

// viewBackupCodes serves POST /two-factor/view-backup-codes, for servers alone:
// the codes that a user has not spent yet.
func viewBackupCodes(c *sdk.Call) sdk.Result {
	user := c.Request().Body("userId").String()
	f, found, status := findFactor(c, user)
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !found {
		return errNoBackupCodes.Deny(c)
	}
	text, status := c.Crypto().Open(purposeCodes, sdk.String(f.backupCodes))
	if status == sdk.OK {
		status = c.Audit().Record("backup-codes-viewed", user, sdk.F("serviceKey", sdk.String(c.Request().ServiceKey())))
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	var codes []string
	if text != "" { // else all are spent
		codes = strings.Split(text, codeSeparator)
	}
	showCodes(c, codes)
	return sdk.Continue
}

// generateBackupCodes serves POST /two-factor/generate-backup-codes: new codes
// in the place of all earlier ones.
func generateBackupCodes(c *sdk.Call) sdk.Result {
	if !c.Session().User("twoFactorEnabled").IsTrue() {
		return errNotEnabled.Deny(c)
	}
	if o := checkPassword(c, groupCodes); !o.ok() {
		return o.end(c)
	}
	f, found, status := findFactor(c, c.Session().UserID())
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !found {
		return errNotEnabled.Deny(c)
	}
	codes, sealed, status := makeCodes(c)
	if status == sdk.OK {
		status = c.Storage(model).Update(f.id, 0, sdk.F("backupCodes", sdk.String(sealed)))
	}
	if status == sdk.OK {
		status = c.Audit().Record("backup-codes-made", "")
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	showCodes(c, codes)
	return sdk.Continue
}
