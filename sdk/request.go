package sdk

import "strings"

// Request reads the request.
type Request struct{ c *Call }

// Request returns the request.
func (c *Call) Request() Request { return Request{c} }

// Method returns the method: GET, POST …
func (r Request) Method() string { return r.c.Get("request.method").text }

// Path returns the path below the tenant's base path: "/sign-in/email".
func (r Request) Path() string { return r.c.Get("request.path").text }

// Route returns the pattern of the endpoint: "/reset-password/:token".
func (r Request) Route() string { return r.c.Get("request.route").text }

// Param returns a named segment of the path, decoded.
func (r Request) Param(name string) string { return r.c.at("request.params.", name).text }

// Query returns a parameter of the query: a string, or a JSON array if it is
// repeated.
func (r Request) Query(name string) Value { return r.c.at("request.query.", name) }

// Body returns a member of the body, which the host has parsed and checked
// against the schema in the manifest. The name is a path: "user.name".
func (r Request) Body(name string) Value { return r.c.at("request.body.", name) }

// Header returns a header; several lines of one name are joined with ", ".
func (r Request) Header(name string) string { return r.c.at("request.headers.", name).String() }

// bearerScheme is the authentication scheme of RFC 6750 with the space after
// it.
const bearerScheme = "bearer "

// BearerToken returns the session token in the Authorization header, fit for
// Sessions.Use, and "" if there is none. It may be signed, and percent-encoded
// as it is in the cookie, or plain.
func (r Request) BearerToken() string {
	header := r.Header("authorization")
	if len(header) < len(bearerScheme) || !strings.EqualFold(header[:len(bearerScheme)], bearerScheme) {
		return ""
	}
	token := strings.TrimSpace(header[len(bearerScheme):])
	if strings.Contains(token, ".") {
		if decoded, ok := DecodeURIComponent(token); ok {
			return decoded
		}
	}
	return token
}

// Cookie returns a cookie by its name without the tenant's prefix. The
// signature of a cookie that is declared as signed has been checked. A sealed
// one is an object, and only there beside the session that it was given with.
// The engine's own cookies cannot be read.
func (r Request) Cookie(name string) Value { return r.c.at("request.cookies.", name) }

// Cookies returns the request's cookies that the plugin declares, an object by
// their names without the tenant's prefix. Signed ones whose signature is wrong
// are left out.
func (r Request) Cookies() Value { return r.c.Get("request.cookies") }

// IP returns the client's address as sessions record it, "" when unknown.
func (r Request) IP() string { return r.c.Get("request.ip").String() }

// UserAgent returns the client's User-Agent header.
func (r Request) UserAgent() string { return r.c.Get("request.userAgent").String() }

// ServerCall reports whether the request acts for a user without being the
// user's client: it gets no session, no cookie and no session's token.
func (r Request) ServerCall() bool { return r.c.Get("request.serverCall").IsTrue() }

// ServiceKey returns the id of the service key that the request came with, ""
// without one.
func (r Request) ServiceKey() string { return r.c.Get("request.serviceKey").String() }

// SetBody replaces a member of the body; request.before hooks may.
func (r Request) SetBody(name string, v Value) { r.c.put("request.body.", name, v) }

// SetQuery replaces a parameter of the query; request.before hooks may.
func (r Request) SetQuery(name string, v Value) { r.c.put("request.query.", name, v) }

// SetHeader replaces a header; request.before hooks may.
func (r Request) SetHeader(name string, v Value) { r.c.put("request.headers.", name, v) }

// CurrentSession is the session of the request, or the one that was just
// issued, with its user, as they were when Call.Session read them.
type CurrentSession struct {
	Session
	User User
	// Fresh says whether the session began recently, by the tenant's freshAge.
	Fresh bool
	// Remembered is false if the session ends with the browser.
	Remembered bool
}

// Session reads the session of the request, or the one that was just issued.
func (c *Call) Session() CurrentSession {
	var s CurrentSession
	for name, v := range c.Get("session").Members() {
		switch name {
		case "session":
			s.Session = sessionOf(v)
		case "user":
			s.User = userOf(v)
		case "fresh":
			s.Fresh = v.IsTrue()
		case "rememberMe":
			s.Remembered = v.IsTrue()
		}
	}
	return s
}

// Exists reports whether there is a session.
func (s CurrentSession) Exists() bool { return s.ID != "" }

// Config returns a member of the plugin's configuration, with the defaults of
// the manifest's schema filled in. The name is a path: "mail.subject". The code
// that "authhost plugin bind" makes has a typed method for each setting.
func (c *Call) Config(name string) Value { return c.Settings().Value(name) }

// Tenant returns a property of the tenant: id, appName, baseURL, basePath,
// authURL (the two together), errorURL, issuer, dialect, development.
func (c *Call) Tenant(name string) Value { return c.at("tenant.", name) }

// Now returns the time of the request in milliseconds since 1970.
func (c *Call) Now() int64 { return c.Get("now.ms").Int(0) }

// NowISO returns the time of the request as records have it:
// "2006-01-02T15:04:05.000Z".
func (c *Call) NowISO() string { return c.Get("now.iso").String() }

// Event returns the name of the event that a hook was called for, and "" in
// an endpoint.
func (c *Call) Event() string { return c.Get("event.name").String() }

// Phase returns the phase of a response.session event.
func (c *Call) Phase() string { return c.Get("event.phase").String() }

// Reason returns why a session is created or has ended, in session events.
func (c *Call) Reason() string { return c.Get("event.reason").String() }

// Cause returns the id of the plugin whose host call raised the event, "" for
// the engine.
func (c *Call) Cause() string { return c.Get("event.plugin").String() }

// Record returns a field of the record that a record event is about.
func (c *Call) Record(name string) Value { return c.at("record.", name) }

// Previous returns a field of the record as it was before an update.
func (c *Call) Previous(name string) Value { return c.at("previous.", name) }

// SetRecord changes a field of the record; hooks before the fact may.
func (c *Call) SetRecord(name string, v Value) { c.put("record.", name, v) }

// Claim returns a claim of the token that a token.claims event is about.
func (c *Call) Claim(name string) Value { return c.at("claims.", name) }

// SetClaim adds or changes a claim; token.claims hooks may.
func (c *Call) SetClaim(name string, v Value) { c.put("claims.", name, v) }
