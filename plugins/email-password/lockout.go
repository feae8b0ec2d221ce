package main

import "github.com/authhost/authhost/sdk"

// purposeLockout keeps addresses out of the counters' keys.
const purposeLockout = "lockout"

// guard counts the tries to guess the password of an address. It is the same
// for addresses that nobody has: that an account is locked tells nothing.
type guard struct{ key string } // "": nothing is counted

// guardOf returns the guard of an address.
func guardOf(c *sdk.Call, email string) (guard, sdk.Status) {
	if !c.Config("accountLockout.enabled").IsTrue() {
		return guard{}, sdk.OK
	}
	mac, status := c.Crypto().HMAC(purposeLockout, sdk.String(sdk.ToLower(email)))
	return guard{"sign-in:" + mac}, status
}

// locked counts a try, before the password is looked at, so that guesses at
// the same time do not get past the limit; and reports whether there are too
// many, which the audit log gets to know.
func (g guard) locked(c *sdk.Call) (bool, sdk.Status) {
	if g.key == "" {
		return false, sdk.OK
	}
	lockout := func(option string) int64 { return c.Config("accountLockout." + option).Int(0) }
	allowed, _, status := c.RateLimit().Hit(g.key, lockout("durationSeconds"), lockout("maxFailedAttempts"))
	if status != sdk.OK || allowed {
		return false, status
	}
	return true, c.Audit().Record("locked", "")
}

// open forgets the tries, after a right password.
func (g guard) open(c *sdk.Call) sdk.Status {
	if g.key == "" {
		return sdk.OK
	}
	return c.RateLimit().Reset(g.key)
}
