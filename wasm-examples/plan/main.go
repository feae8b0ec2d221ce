// Command plan says in tokens which plan a user has: "trial" or "free". Who has a
// trial is the business of the plugin trial, whose service it asks.
package main

import "github.com/authhost/authhost/sdk"

func main() {} // never called: the host calls handlers

// addPlan adds the claim to a token about the user of the session.
func addPlan(c *sdk.Call) error {
	trial, err := c.Plugins().Call(serviceTrialStatus, []sdk.Field{sdk.F("userId", sdk.String(c.Session().UserID))})
	if err != nil {
		return err
	}
	plan := "free"
	if trial.Get("active").IsTrue() {
		plan = "trial"
	}
	c.SetClaim("plan", sdk.String(plan))
	return nil
}

// downgrade records that a user's trial is over.
func downgrade(c *sdk.Call) error {
	return c.Audit().Record("downgraded", sdk.AuditRecordOptions{UserID: c.Record("userId").String()})
}
