package main

import "github.com/authhost/authhost/sdk"

// errUnavailable is the answer to a client whose request depends on an app
// that cannot be asked.
var errUnavailable = sdk.APIError{Status: 503, Code: "CHECK_UNAVAILABLE", Message: "This is not possible at the moment. Please try again later."}

// idLength counts characters of the ids of questions: 190 bits.
const idLength = 32

// ask asks every check that wants the event, in the order of the
// configuration. The first that refuses ends it.
func ask(c *sdk.Call) sdk.Result {
	for _, name := range c.Names("config.checks") {
		at := "checks." + name + "."
		if !wants(c, at) {
			continue
		}
		if result := askOne(c, name, at); result != sdk.Continue {
			return result
		}
	}
	return sdk.Continue
}

func askOne(c *sdk.Call, name, at string) sdk.Result {
	body := payload(c, at, c.NowISO())
	id, status := c.Random().String(idLength, "")
	if status != sdk.OK {
		return c.Fail(status)
	}
	if status = send(c, at, id, body); status != sdk.OK {
		return failed(c, name, at, c.Result("message").StringOr("the request could not be made"))
	}
	switch http := c.Result("status").Int(0); {
	case success(http):
		set(c, name, at)
		return sdk.Continue
	case http >= 400 && http < 500 && c.Result("body.code").String() != "":
		veto := sdk.APIError{Status: int(http), Code: c.Result("body.code").String(), Message: c.Result("body.message").String()}
		return veto.Deny(c)
	default:
		return failed(c, name, at, "HTTP "+c.Result("status").Text())
	}
}

// failed does what the configuration says for a check that could not be asked.
func failed(c *sdk.Call, name, at, reason string) sdk.Result {
	if c.Config(at+"onFailure").String() == "allow" {
		c.Log(sdk.Warn, "check "+name+" could not be asked, and is passed over: "+reason)
		return sdk.Continue
	}
	c.Log(sdk.Error, "check "+name+" could not be asked, and "+c.Event()+" is refused: "+reason)
	return errUnavailable.Deny(c)
}

// set puts the fields of the answer into the record that the configuration
// allows the check to set.
func set(c *sdk.Call, name, at string) {
	for _, field := range c.Names("result.body.set") {
		if !lists(c, at+"fields", field) {
			c.Log(sdk.Warn, "check "+name+" may not set the field "+field+"; add it to its fields")
			continue
		}
		escaped := sdk.EscapeName(field)
		if c.SetRecord(escaped, sdk.Copy("result.body.set."+escaped)) != sdk.OK {
			c.Log(sdk.Warn, "check "+name+" cannot set the field "+field+" of "+c.Event())
		}
	}
}
