package sdk

// SetStatus sets the HTTP status of the answer, 200 to 599.
func (c *Call) SetStatus(status int) { c.Set("response.status", Int(int64(status))) }

// SetBody sets a member of the answer's JSON body; the name "" sets all of
// it. The name is a path: "user.name".
func (c *Call) SetBody(name string, v Value) { c.put("response.body.", name, v) }

// Reply adds members to the answer's JSON body. It returns nil, so that a
// handler can end with it.
func (c *Call) Reply(members ...Field) error {
	for _, m := range members {
		c.put("response.body.", EscapeName(m.Name), m.Value)
	}
	return nil
}

// ReplyUnless is Reply, unless there was an error: that it returns then, and
// adds nothing.
func (c *Call) ReplyUnless(err error, members ...Field) error {
	if err != nil {
		return err
	}
	return c.Reply(members...)
}

// ReplyWith makes a value the whole body of the answer. It returns nil, so
// that a handler can end with it.
func (c *Call) ReplyWith(v Value) error {
	c.SetBody("", v)
	return nil
}

// Body reads a member of the answer's body, in hooks after the fact.
func (c *Call) Body(name string) Value { return c.at("response.body.", name) }

// SetHeader adds a header to the answer; Null removes it.
func (c *Call) SetHeader(name string, v Value) { c.put("response.headers.", name, v) }

// SetCookie sets a cookie that the manifest declares, with the declared
// attributes.
func (c *Call) SetCookie(name, value string) { c.put("response.cookies.", name, String(value)) }

// SetCookieFor sets a cookie with a lifetime of its own, in seconds.
func (c *Call) SetCookieFor(name, value string, maxAge int64) {
	c.put("response.cookies.", name, Object(F("value", String(value)), F("maxAge", Int(maxAge))))
}

// SealCookie sets a cookie that the manifest declares as sealed to an object,
// which the host encrypts. It is bound to the session that the client has when
// it gets the answer: without one the error is Denied. Limit says that the
// object does not fit into cookies; then the client has none.
func (c *Call) SealCookie(name string, object Value) error {
	c.path = append(append(c.path[:0], "response.cookies."...), name...)
	return c.set(c.path, object)
}

// ExpireCookie takes a cookie away from the client.
func (c *Call) ExpireCookie(name string) { c.put("response.cookies.", name, Null) }

// SessionToken returns the signed session token that the answer's cookie hands
// to the client, "" if there is none. It needs the capability "session".
func (c *Call) SessionToken() string { return c.Get("response.sessionToken").String() }

// RedirectTarget returns where the answer redirects to, "" if it does not.
func (c *Call) RedirectTarget() string { return c.Get("response.redirect").String() }

// Redirect answers 302 with an empty body. It returns Respond.
func (c *Call) Redirect(url string) error {
	c.Set("response.redirect", String(url))
	return Respond
}
