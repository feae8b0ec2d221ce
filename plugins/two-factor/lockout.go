package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

// checkLock refuses while the account is locked, and forgets a lock that is
// over. Failures are counted for the account, over all challenges and sorts of
// codes (NIST SP 800-63B, section 5.2.2).
func (f *factor) checkLock(c *sdk.Call) error {
	if f.lockedUntil == "" || !configOf(c).AccountLockout().Enabled() {
		return nil
	}
	if f.lockedUntil > c.NowISO() {
		return errAccountTemporarilyLocked.KeepWrites()
	}
	return f.clear(c)
}

// recordFailure counts a wrong code, and locks the account when it was one too
// many. The count holds whatever becomes of the call.
func (f *factor) recordFailure(c *sdk.Call) error {
	lockout := configOf(c).AccountLockout()
	if !lockout.Enabled() {
		return nil
	}
	failures, err := c.Storage(modelTwoFactor).Increment(f.id, "failedVerificationCount", sdk.StorageIncrementOptions{})
	if errors.Is(err, sdk.NotFound) { // the record was made in this request, and is not stored yet
		failures, err = 1, f.save(c, sdk.F("failedVerificationCount", sdk.Int(1)))
	}
	if err != nil || failures < lockout.MaxFailedAttempts() {
		return err
	}
	until := sdk.Date(c.Now() + lockout.DurationSeconds()*1000)
	if err := f.save(c, sdk.F("lockedUntil", sdk.String(until))); err != nil {
		return err
	}
	return c.Audit().Record("locked", sdk.AuditRecordOptions{UserID: f.userID})
}
