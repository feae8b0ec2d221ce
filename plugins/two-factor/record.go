package main

import (
	"time"

	"github.com/authhost/authhost/sdk"
)

// model is the plugin's own, with one record for each user who has set a second
// factor up. Of users who have mailed codes alone, it has no secret, and counts
// failures.
const model = "twoFactor"

// factor is a record of the model.
type factor struct {
	id          string
	secret      string // sealed; "" if there is no authenticator app
	backupCodes string // sealed
	unverified  bool   // set up, but no code of it has been seen yet
	lockedUntil string // as records have times, "" if it never was
	usedSteps   string // time steps of codes that signed in lately
}

// findFactor reads the record of a user; found is false if there is none, or
// none with a secret.
func findFactor(c *sdk.Call, userID string) (f factor, found bool, status sdk.Status) {
	status = c.Storage(model).Find("userId", sdk.String(userID))
	if status != sdk.OK {
		if status == sdk.NotFound {
			status = sdk.OK
		}
		return factor{}, false, status
	}
	f = factor{
		id:          c.Result("id").String(),
		secret:      c.Result("secret").String(),
		backupCodes: c.Result("backupCodes").String(),
		unverified:  c.Result("verified").IsFalse(),
		lockedUntil: c.Result("lockedUntil").String(),
		usedSteps:   c.Result("usedSteps").String(),
	}
	return f, f.secret != "", sdk.OK
}

// counter returns a record for a user who has mailed codes alone, so that wrong
// ones count for the account, and devices can be trusted.
func counter(c *sdk.Call, userID string) (factor, sdk.Status) {
	status := c.Storage(model).Insert(
		sdk.F("userId", sdk.String(userID)), sdk.F("secret", sdk.String("")), sdk.F("backupCodes", sdk.String("")),
		sdk.F("verified", sdk.Bool(false)), sdk.F("failedVerificationCount", sdk.Int(0)), sdk.F("lockedUntil", sdk.Null), sdk.F("usedSteps", sdk.String("")))
	if status != sdk.OK {
		return factor{}, status
	}
	f, _, status := findFactor(c, userID)
	return f, status
}

// timeLayout is the form of times in records.
const timeLayout = "2006-01-02T15:04:05.000Z"

// inSeconds returns the time so many seconds from now.
func inSeconds(c *sdk.Call, seconds int64) string {
	return time.UnixMilli(c.Now() + seconds*1000).UTC().Format(timeLayout)
}

// secondsUntil returns how many seconds there are to a time in a record, at
// least one.
func secondsUntil(c *sdk.Call, when string) int64 {
	t, err := time.Parse(timeLayout, when)
	if err != nil {
		return 1
	}
	return max(1, (t.UnixMilli()-c.Now()+999)/1000)
}
