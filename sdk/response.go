package sdk

// SetStatus sets the HTTP status of the answer, 200 to 599.
func (c *Call) SetStatus(status int) Status { return c.Set("response.status", Int(int64(status))) }

// SetBody sets a member of the answer's JSON body; the name "" sets all of
// it.
func (c *Call) SetBody(name string, v Value) Status { return c.put("response.body.", name, v) }

// CopyBody sets a member of the answer's body to a field of the document.
func (c *Call) CopyBody(name, path string) Status { return c.SetBody(name, Copy(path)) }

// Body reads a member of the answer's body, in hooks after the fact.
func (c *Call) Body(name string) Value { return c.at("response.body.", name) }

// SetHeader adds a header to the answer; Null removes it.
func (c *Call) SetHeader(name string, v Value) Status { return c.put("response.headers.", name, v) }

// SetCookie sets a cookie that the manifest declares, with the declared
// attributes.
func (c *Call) SetCookie(name, value string) Status {
	return c.put("response.cookies.", name, String(value))
}

// SetCookieFor sets a cookie with a lifetime of its own, in seconds.
func (c *Call) SetCookieFor(name, value string, maxAge int64) Status {
	text := append([]byte(`{"maxAge":`), Int(maxAge).text...)
	text = append(text, `,"value":`...)
	text = append(appendQuoted(text, value), '}')
	return c.put("response.cookies.", name, JSON(string(text)))
}

// SealCookie sets a cookie that the manifest declares as sealed to an object,
// which the host encrypts. It is bound to the session that the client has when
// it gets the answer: without one the status is Denied. Limit says that the
// object does not fit into cookies; then the client has none.
func (c *Call) SealCookie(name string, object Value) Status {
	return c.put("response.cookies.", name, object)
}

// ExpireCookie takes a cookie away from the client.
func (c *Call) ExpireCookie(name string) Status { return c.put("response.cookies.", name, Null) }

// SessionToken returns the signed session token that the answer's cookie hands
// to the client, "" if there is none. It needs the capability "session".
func (c *Call) SessionToken() string { return c.Get("response.sessionToken").String() }

// RedirectTarget returns where the answer redirects to, "" if it does not.
func (c *Call) RedirectTarget() string { return c.Get("response.redirect").String() }

// Redirect answers 302 with an empty body.
func (c *Call) Redirect(url string) Result {
	c.Set("response.redirect", String(url))
	return Respond
}

// Deny refuses: an endpoint answers the status with {message, code}, a hook
// stops what it was asked about. Writes of this call are dropped. An empty
// code is left out of the answer, and so is the body if both are empty.
func (c *Call) Deny(status int, code, message string) Result {
	c.Set("error.status", Int(int64(status)))
	c.Set("error.code", String(code))
	c.Set("error.message", String(message))
	return Deny
}

// DenyResult is Call.Deny with the code and message of the host call that was
// just refused, for calls whose arguments came from the client.
func (c *Call) DenyResult(status int) Result {
	return c.Deny(status, c.Result("code").String(), c.Result("message").String())
}

// RespondError answers as Deny does, but keeps the writes of this call: the
// mails that it sent and the tokens that it used up.
func (c *Call) RespondError(status int, code, message string) Result {
	c.SetStatus(status)
	c.SetBody("", JSON("{}"))
	c.SetBody("message", String(message))
	if code != "" {
		c.SetBody("code", String(code))
	}
	return Respond
}

// Fail ends a handler whose host call was not done. The client gets the
// host's answer to the refusal: another plugin's error if it was a veto, 503
// if a service was unavailable, else 500.
func (c *Call) Fail(status Status) Result {
	if status == OK {
		c.Log(Error, "Fail was called for a host call that was done")
	}
	return Failed
}

// APIError is an answer that refuses, such as a plugin keeps one variable of
// for each of its error codes.
type APIError struct {
	Status        int
	Code, Message string
}

// Deny is Call.Deny with the error's parts.
func (e *APIError) Deny(c *Call) Result { return c.Deny(e.Status, e.Code, e.Message) }

// Respond is Call.RespondError with the error's parts.
func (e *APIError) Respond(c *Call) Result { return c.RespondError(e.Status, e.Code, e.Message) }
