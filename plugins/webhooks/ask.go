package main

import (
	"slices"

	"github.com/authhost/authhost/sdk"
)

// idLength counts characters of the ids of questions: 190 bits.
const idLength = 32

// ask asks every check that wants the event, in the order of the
// configuration. The first that refuses ends it.
func ask(c *sdk.Call) error {
	for _, check := range configOf(c).Checks() {
		if !slices.Contains(check.Events(), c.Event()) {
			continue
		}
		if err := check.ask(c); err != nil {
			return err
		}
	}
	return nil
}

func (check configCheck) ask(c *sdk.Call) error {
	id, err := c.Random().String(idLength, sdk.RandomStringOptions{})
	if err != nil {
		return err
	}
	to := receiver{"checks." + check.Name(), check.URL(), len(check.Secrets()), check.TimeoutMs()}
	answer, err := send(c, to, id, payload(c, c.NowISO(), check.Omit()))
	if err != nil {
		return check.failed(c, reason(err))
	}
	if success(answer.Status) {
		check.set(c, answer.Body.Get("set"))
		return nil
	}
	code, message := answer.Body.Get("code").String(), answer.Body.Get("message").String()
	if answer.Status >= 400 && answer.Status < 500 && code != "" {
		return &sdk.Error{Status: int(answer.Status), Code: code, Message: message}
	}
	return check.failed(c, httpStatus(answer.Status))
}

// failed does what the configuration says for a check that could not be asked.
func (check configCheck) failed(c *sdk.Call, reason string) error {
	if check.OnFailure() == "allow" {
		c.Log(sdk.LevelWarn, "check "+check.Name()+" could not be asked, and is passed over: "+reason)
		return nil
	}
	c.Log(sdk.LevelError, "check "+check.Name()+" could not be asked, and "+c.Event()+" is refused: "+reason)
	return errCheckUnavailable
}

// set puts the fields of an answer into the record that the configuration
// allows the check to set.
func (check configCheck) set(c *sdk.Call, fields sdk.Value) {
	for name, value := range fields.Members() {
		if !slices.Contains(check.Fields(), name) {
			c.Log(sdk.LevelWarn, "check "+check.Name()+" may not set the field "+name+"; add it to its fields")
		} else if err := c.Try("record."+sdk.EscapeName(name), value); err != nil {
			c.Log(sdk.LevelWarn, "check "+check.Name()+" cannot set the field "+name+" of "+c.Event())
		}
	}
}
