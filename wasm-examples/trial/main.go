// Command trial gives new users a trial for some days. It reminds those who have
// not verified their address, tells other plugins when a trial ends, and answers
// them who has one.
package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

const dayMs = 24 * 60 * 60 * 1000

// batch is how many records a run of sweep removes.
const batch = 200

// begin gives a user a trial and makes the appointments for it, in the unit of
// work that creates the user.
func begin(c *sdk.Call) error {
	user, endsAt := c.Record("id").String(), inDays(c, configOf(c).Days())
	if _, err := c.Storage(modelTrial).Insert([]sdk.Field{sdk.F("userId", sdk.String(user)), sdk.F("endsAt", sdk.String(endsAt))}); err != nil {
		return err
	}
	if err := appoint(c, scheduleEnd, user, endsAt); err != nil || c.Record("emailVerified").IsTrue() {
		return err
	}
	return appoint(c, scheduleRemind, user, inDays(c, configOf(c).RemindAfterDays()))
}

// appoint makes an appointment for a user. When there are too many, there is none:
// a sign-up is worth more.
func appoint(c *sdk.Call, schedule, user, at string) error {
	err := c.Schedule().At(schedule, user, at, sdk.ScheduleAtOptions{})
	if errors.Is(err, sdk.Limit) {
		c.Log(sdk.LevelWarn, "no appointment for "+schedule+": there are too many")
		return nil
	}
	return err
}

// inDays is a time as records have it, a number of days from now.
func inDays(c *sdk.Call, days int64) string { return sdk.Date(c.Now() + days*dayMs) }

// change takes the reminder back when the user has verified the address.
func change(c *sdk.Call) error {
	if !c.Record("emailVerified").IsTrue() {
		return nil
	}
	return cancel(c, scheduleRemind)
}

// leave takes everything back when the user is gone, as the trial itself is.
func leave(c *sdk.Call) error {
	return errors.Join(cancel(c, scheduleRemind), cancel(c, scheduleEnd))
}

// cancel takes back the appointment for the user that an event is about, if
// there is one.
func cancel(c *sdk.Call, schedule string) error {
	return sdk.IfNotFound(c.Schedule().Cancel(schedule, c.Record("id").String()), nil)
}

// remind sends the reminder, unless it is not needed any more.
func remind(c *sdk.Call) error {
	trial, err := find(c, c.Appointment().Key)
	if err != nil {
		return sdk.IfNotFound(err, nil)
	}
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: c.Appointment().Key})
	if err != nil || user.EmailVerified {
		return sdk.IfNotFound(err, nil)
	}
	return verifyReminderMail{URL: configOf(c).URL(), Name: user.Name, EndsAt: trial.Fields.Get("endsAt").String()}.Send(c, user.Email)
}

// end tells other plugins that a trial is over.
func end(c *sdk.Call) error {
	user := c.Appointment().Key
	if _, err := find(c, user); err != nil {
		return sdk.IfNotFound(err, nil)
	}
	return c.Plugins().Raise(eventTrialEnded, []sdk.Field{sdk.F("userId", sdk.String(user))})
}

// sweep removes trials that ended long ago, a batch in each run.
func sweep(c *sdk.Call) error {
	before := inDays(c, -configOf(c).KeepDays())
	old, err := c.Storage(modelTrial).List(sdk.StorageListOptions{Index: "endsAt", To: sdk.String(before), Limit: batch})
	if err != nil || len(old.Records) == 0 {
		return err
	}
	writes := make([]sdk.Write, len(old.Records))
	for i, r := range old.Records {
		writes[i] = sdk.Write{Op: "delete", ID: r.ID}
	}
	_, err = c.Storage(modelTrial).Write(writes)
	return err
}

// status is the service that tells whether a user has a trial, and until when.
func status(c *sdk.Call) error {
	trial, err := find(c, statusInput{c}.UserID())
	if errors.Is(err, sdk.NotFound) {
		c.Set("output.active", sdk.Bool(false))
		return nil
	}
	if err != nil {
		return err
	}
	endsAt := trial.Fields.Get("endsAt").String()
	c.Set("output.active", sdk.Bool(endsAt > c.NowISO())) // dates of records are in order as texts
	c.Set("output.endsAt", sdk.String(endsAt))
	return nil
}

// find returns the trial of a user.
func find(c *sdk.Call, user string) (sdk.Record, error) {
	return c.Storage(modelTrial).Find("userId", sdk.String(user))
}
