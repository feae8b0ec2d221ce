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
func verifyTOTP(c *sdk.Call) error {
	options := configOf(c).TOTPOptions()
	if options.Disable() {
		return errTOTPNotConfigured
	}
	a, err := whoAnswers(c)
	if err != nil {
		return err
	}
	if a.secret == "" || a.signsIn() && !a.verified {
		return errTOTPNotEnabled
	}
	if err := a.begin(c); err != nil {
		return err
	}
	secret, err := c.Crypto().Open(purposeTOTPSecret, sdk.String(a.secret))
	if err != nil {
		return err
	}
	step, right := options.match(c, secret, verifyTOTPBody{c.Request()}.Code())
	if !right || step <= a.lastStep {
		return a.reject(c, errInvalidCode)
	}
	if err := a.noteStep(c, step); err != nil {
		return err
	}
	return a.accept(c)
}

// noteStep keeps what a right code means: it is used up, and the first code of
// all turns the second factor on. Records of other servers may not say whether
// there was one: then this is the first.
func (a *answerer) noteStep(c *sdk.Call, step int64) error {
	if err := a.useStep(c, step); err != nil || !a.pending {
		return err
	}
	if err := a.save(c, sdk.F("verified", sdk.Bool(true))); err != nil || a.signsIn() || isOn(a.session.User) {
		return err
	}
	_, err := turnOn(c, a.userID)
	return err
}

// useStep notes that a code was right. From then on it is good no more, nor is
// one of an earlier time step (RFC 6238, section 5.2), whatever either was for: one
// that somebody saw being typed opens nothing. Of two requests with one code the
// host lets the second run again, and it finds the note of the first. A sign-in
// starts the count of failures again.
func (a *answerer) useStep(c *sdk.Call, step int64) error {
	last := sdk.F("lastStep", sdk.Int(step))
	if a.signsIn() {
		return a.clear(c, last)
	}
	return a.save(c, last)
}

// match finds the time step that a code belongs to.
func (o configTOTPOptions) match(c *sdk.Call, secret, code string) (step int64, ok bool) {
	now := c.Now() / 1000 / o.Period()
	for _, s := range [...]int64{now, now - window, now + window} {
		if subtle.ConstantTimeCompare([]byte(hotp(secret, s, int(o.Digits()))), []byte(code)) == 1 {
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

// totpURI serves POST /two-factor/get-totp-uri.
func totpURI(c *sdk.Call) error {
	options, user := configOf(c).TOTPOptions(), c.Session().User
	if options.Disable() {
		return errTOTPNotConfigured
	}
	f, err := findFactor(c, user.ID)
	if err != nil {
		return err
	}
	if f.secret == "" {
		return errTOTPNotEnabled
	}
	if err := checkPassword(c, user.ID, options.AllowPasswordless()); err != nil {
		return err
	}
	secret, err := c.Crypto().Open(purposeTOTPSecret, sdk.String(f.secret))
	return c.ReplyUnless(err, sdk.F("totpURI", options.keyURI(secret, c.Tenant("appName").String(), user.Email)))
}

// keyURI is what authenticator apps scan: the Key Uri Format of Google
// Authenticator.
func (o configTOTPOptions) keyURI(secret, issuer, account string) sdk.Value {
	uri := "otpauth://totp/" + sdk.EncodeURIComponent(issuer) + ":" + sdk.EncodeURIComponent(account)
	for _, p := range [...][2]string{
		{"secret", base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret))},
		{"issuer", issuer},
		{"digits", strconv.FormatInt(o.Digits(), 10)},
		{"period", strconv.FormatInt(o.Period(), 10)},
	} {
		uri = sdk.SetQuery(uri, p[0], p[1])
	}
	return sdk.String(uri)
}
