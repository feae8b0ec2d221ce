package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// window is how many time steps a code may be early or late: clocks differ, and
// typing takes time (RFC 6238, section 5.2).
const window = 1

// verifyTOTP serves POST /two-factor/verify-totp. The first code turns the
// second factor on, every other one signs in.
func verifyTOTP(c *sdk.Call) sdk.Result {
	if c.Config("totpOptions.disable").IsTrue() {
		return errTOTPDisabled.Deny(c)
	}
	a, o := whoAnswers(c)
	if !o.ok() {
		return o.end(c)
	}
	f, found, status := findFactor(c, a.userID)
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !found || a.signsIn() && f.unverified {
		return errTOTPNotEnabled.Deny(c)
	}
	attempts, o := a.begin(c, f)
	if !o.ok() {
		return o.end(c)
	}
	secret, status := c.Crypto().Open(purposeSecret, sdk.String(f.secret))
	if status != sdk.OK {
		return c.Fail(status)
	}
	step, right := matchTOTP(c, secret, c.Request().Body("code").String())
	if !right || a.signsIn() && used(f, step) {
		return reject(c, a, f, attempts, &errInvalidCode)
	}
	if a.signsIn() {
		status = useStep(c, f, step)
	} else if f.unverified {
		return activate(c, a, f)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	return a.accept(c, f)
}

// activate turns the second factor on. The answer shows the session and the
// user as they were; the cookie has the new session.
func activate(c *sdk.Call, a answerer, f factor) sdk.Result {
	a.accept(c, f)
	status := c.Storage(model).Update(f.id, 0, sdk.F("verified", sdk.Bool(true)))
	if status == sdk.OK && !c.Session().User("twoFactorEnabled").IsTrue() {
		status = setEnabled(c, a.userID, true)
		if status == sdk.OK {
			status = renewSession(c)
		}
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	return sdk.Continue
}

// matchTOTP finds the time step that a code belongs to.
func matchTOTP(c *sdk.Call, secret, code string) (step int64, ok bool) {
	digits := int(c.Config("totpOptions.digits").Int(0))
	now := c.Now() / 1000 / c.Config("totpOptions.period").Int(1)
	for _, s := range [...]int64{now, now - window, now + window} {
		if subtle.ConstantTimeCompare([]byte(hotp(secret, s, digits)), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// hotp is the code of a counter (RFC 4226, section 5.3); of a time step, that
// is TOTP.
func hotp(secret string, counter int64, digits int) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter)))
	sum := mac.Sum(nil)
	n := uint64(binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff)
	limit := uint64(1)
	for range digits {
		limit *= 10
	}
	code := strconv.FormatUint(n%limit, 10)
	return strings.Repeat("0", digits-len(code)) + code
}

// used reports whether a code of a time step has signed in before. A code is
// good once (RFC 6238, section 5.2), even while it is in the window.
func used(f factor, step int64) bool {
	for s := range strings.SplitSeq(f.usedSteps, ",") {
		if s == strconv.FormatInt(step, 10) {
			return true
		}
	}
	return false
}

// useStep notes that a code has signed in, as long as it could come again, and
// that there was a success. Of two requests with one code the host lets the
// second run again, and it finds the note of the first.
func useStep(c *sdk.Call, f factor, step int64) sdk.Status {
	kept := strconv.FormatInt(step, 10)
	for s := range strings.SplitSeq(f.usedSteps, ",") {
		if earlier, err := strconv.ParseInt(s, 10, 64); err == nil && earlier >= step-2*window && earlier <= step+2*window {
			kept += "," + s
		}
	}
	return c.Storage(model).Update(f.id, 0,
		sdk.F("usedSteps", sdk.String(kept)), sdk.F("failedVerificationCount", sdk.Int(0)), sdk.F("lockedUntil", sdk.Null))
}

// totpURI serves POST /two-factor/get-totp-uri.
func totpURI(c *sdk.Call) sdk.Result {
	if c.Config("totpOptions.disable").IsTrue() {
		return errTOTPDisabled.Deny(c)
	}
	f, found, status := findFactor(c, c.Session().UserID())
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !found {
		return errTOTPNotEnabled.Deny(c)
	}
	if o := checkPassword(c, groupTOTP); !o.ok() {
		return o.end(c)
	}
	secret, status := c.Crypto().Open(purposeSecret, sdk.String(f.secret))
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("totpURI", sdk.String(keyURI(c, secret, c.Tenant("appName").String())))
	return sdk.Continue
}

// keyURI is what authenticator apps scan: the Key Uri Format of Google
// Authenticator.
func keyURI(c *sdk.Call, secret, issuer string) string {
	uri := "otpauth://totp/" + sdk.EncodeURIComponent(issuer) + ":" + sdk.EncodeURIComponent(c.Session().User("email").String())
	for _, p := range [...][2]string{
		{"secret", base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret))},
		{"issuer", issuer},
		{"digits", c.Config("totpOptions.digits").Text()},
		{"period", c.Config("totpOptions.period").Text()},
	} {
		uri = sdk.SetQuery(uri, p[0], p[1])
	}
	return uri
}
