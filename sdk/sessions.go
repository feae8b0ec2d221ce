package sdk

// Sessions is the capability "session". Session reads the current one without
// it.
type Sessions struct{ c *Call }

// Sessions returns the capability.
func (c *Call) Sessions() Sessions { return Sessions{c} }

// SessionOptions say how a session begins.
type SessionOptions struct {
	// Reason goes to the hooks and the audit log: "sign-in", "sign-up" …
	Reason string
	// Forget makes a session that ends with the browser, and after a day.
	Forget bool
	// Keep makes a session that ends with the browser if the client carries
	// the cookie that says so of the session before; without Forget.
	Keep bool
}

// Issued is a session that was created.
type Issued struct {
	Token string
	// Pending says that another plugin put a step before the session, such as
	// a second factor. There is no session yet; the host answers with what
	// that plugin set, and the handler has nothing more to do.
	Pending bool
}

// Create signs a user in: it creates a session and hands its cookies to the
// client. The records are at result.session and result.user.
func (s Sessions) Create(userID string, o SessionOptions) (Issued, Status) {
	s.c.Arg("userId", String(userID))
	s.c.Arg("reason", String(o.Reason))
	switch {
	case o.Forget:
		s.c.Arg("rememberMe", Bool(false))
	case o.Keep:
		s.c.Arg("rememberMe", String("keep"))
	}
	if st := s.c.host.session("create"); st != OK {
		return Issued{}, st
	}
	return Issued{
		Token:   s.c.Result("session.token").String(),
		Pending: s.c.Result("pending").Truthy(),
	}, OK
}

// List lists a user's live sessions. They are at result.sessions.0 …
func (s Sessions) List(userID string) Status {
	s.c.Arg("userId", String(userID))
	return s.c.host.session("list")
}

// Revoke ends the session with a token. With a userID, a session of another
// user is NotFound.
func (s Sessions) Revoke(token, userID string) Status {
	s.c.Arg("token", String(token))
	if userID != "" {
		s.c.Arg("userId", String(userID))
	}
	return s.c.host.session("revoke")
}

// RevokeID ends the session of a user with an id.
func (s Sessions) RevokeID(id, userID string) Status {
	s.c.Arg("id", String(id))
	s.c.Arg("userId", String(userID))
	return s.c.host.session("revoke")
}

// RevokeOthers ends all sessions of a user but the request's own.
func (s Sessions) RevokeOthers(userID string) Status {
	s.c.Arg("userId", String(userID))
	s.c.Arg("exceptCurrent", Bool(true))
	return s.c.host.session("revokeUser")
}

// RevokeUser ends all sessions of a user, but for the one with the token
// except, if that is not "".
func (s Sessions) RevokeUser(userID, except string) Status {
	s.c.Arg("userId", String(userID))
	if except != "" {
		s.c.Arg("exceptToken", String(except))
	}
	return s.c.host.session("revokeUser")
}

// End ends the current session, if there is one, and expires its cookies.
func (s Sessions) End() Status { return s.c.host.session("end") }

// EndBecause is End with a reason for the hooks on response.session, which see
// it as event.reason.
func (s Sessions) EndBecause(reason string) Status {
	s.c.Arg("reason", String(reason))
	return s.c.host.session("end")
}

// Find looks a live session up by its token. The records are at
// result.session and result.user.
func (s Sessions) Find(token string) Status {
	s.c.Arg("token", String(token))
	return s.c.host.session("find")
}

// Adopt hands the live session with a token to the client: it sends its
// cookies and is the request's session from now on. The records are at
// result.session and result.user. The plugin must know by other means that
// the client may have it.
func (s Sessions) Adopt(token, reason string) Status {
	s.c.Arg("token", String(token))
	s.c.Arg("reason", String(reason))
	return s.c.host.session("adopt")
}

// Update changes additional fields of the current session. The fields are
// those that the plugin's manifest adds to sessions. If inputFrom is not "",
// it is the path of an object that a client sent, such as "request.body", of
// which the host takes the fields that are open to clients. The session is at
// result.session. The status is Invalid with the code NO_FIELDS if nothing is
// to change.
func (s Sessions) Update(inputFrom string, set ...Field) Status {
	s.c.args("args.set.", set)
	if inputFrom != "" {
		s.c.Arg("input", Copy(inputFrom))
	}
	return s.c.host.session("update")
}

// Reissue sends the cookie of the current session again.
func (s Sessions) Reissue() Status { return s.c.host.session("reissue") }

// Use makes a session token the credential of this request, in place of its
// cookie; request.before hooks may. A token may be plain or signed
// ("token.signature"). The status is Invalid if the signature is wrong, or
// missing though required; then the cookie counts.
func (s Sessions) Use(token string, requireSignature bool) Status {
	s.c.Arg("token", String(token))
	if requireSignature {
		s.c.Arg("requireSignature", Bool(true))
	}
	return s.c.host.session("use")
}

// UseID makes the session with an id the request's, if it is the user's;
// request.before hooks may. The plugin must know otherwise that the request
// may act in it. The request is a server call then: it can do what the session
// may, and gets neither cookies nor the session's token, nor a new session.
func (s Sessions) UseID(id, userID string) Status {
	s.c.Arg("id", String(id))
	s.c.Arg("userId", String(userID))
	return s.c.host.session("use")
}
