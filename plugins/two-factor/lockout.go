package main

import "github.com/authhost/authhost/sdk"

// checkLock refuses while the account is locked, and forgets a lock that is
// over. Failures are counted for the account, over all challenges and sorts of
// codes (NIST SP 800-63B, section 5.2.2).
func checkLock(c *sdk.Call, f factor) outcome {
	if !c.Config("accountLockout.enabled").IsTrue() || f.lockedUntil == "" {
		return outcome{}
	}
	if f.lockedUntil > c.NowISO() {
		return refuse(&errLocked)
	}
	return failed(clearFailures(c, f))
}

// recordFailure counts a wrong code, and locks the account when it was one too
// many. The count holds whatever becomes of the call.
func recordFailure(c *sdk.Call, f factor) sdk.Status {
	if !c.Config("accountLockout.enabled").IsTrue() {
		return sdk.OK
	}
	failures, status := c.Storage(model).Increment(f.id, "failedVerificationCount", 1)
	if status != sdk.OK || failures < c.Config("accountLockout.maxFailedAttempts").Int(0) {
		return status
	}
	until := inSeconds(c, c.Config("accountLockout.durationSeconds").Int(0))
	if status := c.Storage(model).Update(f.id, 0, sdk.F("lockedUntil", sdk.String(until))); status != sdk.OK {
		return status
	}
	return c.Audit().Record("locked", "")
}

// clearFailures starts the count again.
func clearFailures(c *sdk.Call, f factor) sdk.Status {
	return c.Storage(model).Update(f.id, 0, sdk.F("failedVerificationCount", sdk.Int(0)), sdk.F("lockedUntil", sdk.Null))
}

// reject answers a wrong code of somebody who is signing in or signed in.
func reject(c *sdk.Call, a answerer, f factor, attempts int, e *sdk.APIError) sdk.Result {
	status := a.setAttempts(c, attempts+1)
	if status == sdk.OK && a.signsIn() {
		status = recordFailure(c, f)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	return e.Respond(c)
}
