package main

import "github.com/authhost/authhost/sdk"

// factor is what is kept of a user's second factor, in a record of the plugin's
// model. Of users who have mailed codes alone, it has no secret, and counts
// failures.
type factor struct {
	userID      string
	id          string // of the record, "" if there is none
	secret      string // sealed; "" if there is no authenticator app
	backupCodes string // sealed
	verified    bool   // the app counts at sign-ins: a code of it has been seen, as far as is known
	pending     bool   // the next right code turns the second factor on; also if it is not known whether one has been seen
	lockedUntil string // as records have dates, "" if it never was
	lastStep    int64  // time step of the latest code of the app that was right; 0: there was none
}

// findFactor reads the record of a user.
func findFactor(c *sdk.Call, userID string) (factor, error) {
	r, err := c.Storage(modelTwoFactor).Find("userId", sdk.String(userID))
	text := func(name string) string { return r.Fields.Get(name).String() }
	f := factor{userID: userID, id: r.ID, secret: text("secret"), backupCodes: text("backupCodes"), lockedUntil: text("lockedUntil"), lastStep: r.Fields.Get("lastStep").Int(0)}
	seen := r.Fields.Get("verified")
	f.verified, f.pending = f.secret != "" && !seen.IsFalse(), !seen.IsTrue()
	return f, sdk.IfNotFound(err, nil)
}

// save changes fields of the record, which it makes if there is none.
func (f *factor) save(c *sdk.Call, set ...sdk.Field) error {
	if f.id != "" {
		_, err := c.Storage(modelTwoFactor).Update(f.id, set, sdk.StorageUpdateOptions{})
		return err
	}
	r, err := c.Storage(modelTwoFactor).Insert(append(set, sdk.F("userId", sdk.String(f.userID))))
	f.id = r.ID
	return err
}

// renew makes the factor one that has just been set up.
func (f *factor) renew(c *sdk.Call, secret, backupCodes string, verified bool) error {
	return f.clear(c, sdk.F("secret", sdk.String(secret)), sdk.F("backupCodes", sdk.String(backupCodes)),
		sdk.F("verified", sdk.Bool(verified)), sdk.F("lastStep", sdk.Int(0)))
}

// clear changes fields, and starts the count of failures again.
func (f *factor) clear(c *sdk.Call, set ...sdk.Field) error {
	return f.save(c, append(set, sdk.F("failedVerificationCount", sdk.Int(0)), sdk.F("lockedUntil", sdk.Null))...)
}

// secondsUntil returns how many seconds there are to a date in a record, at
// least one.
func secondsUntil(c *sdk.Call, date string) int64 {
	ms, _ := sdk.ParseDate(date)
	return max(1, (ms-c.Now()+999)/1000)
}
