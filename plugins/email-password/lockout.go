package main

import "github.com/authhost/authhost/sdk"

// countTry counts a try to guess the password of an address, before the
// password is looked at, so that guesses at the same time do not get past the
// limit. Too many are refused, and the audit log gets to know. It is the same
// for addresses that nobody has: that an account is locked tells nothing.
//
// It returns the key of the counter, in which the address cannot be read, or ""
// where nothing is counted.
func countTry(c *sdk.Call, lockout configAccountLockout, email string) (key string, err error) {
	if !lockout.Enabled() {
		return "", nil
	}
	mac, err := c.Crypto().HMAC(sdk.String(sdk.ToLower(email)), sdk.HMACOptions{Purpose: purposeLockout})
	if err != nil {
		return "", err
	}
	key = "sign-in:" + mac
	hit, err := c.RateLimit().Hit(key, lockout.DurationSeconds(), lockout.MaxFailedAttempts())
	if err != nil || hit.Allowed {
		return key, err
	}
	if err := c.Audit().Record("locked", sdk.AuditRecordOptions{Outcome: "failure"}); err != nil {
		return "", err
	}
	return "", errAccountTemporarilyLocked.KeepWrites()
}

// forgetTries empties a counter, after a right password.
func forgetTries(c *sdk.Call, key string) error {
	if key == "" {
		return nil
	}
	return c.RateLimit().Reset(key)
}
