package dispatch

import (
	"net/http"
	"slices"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/pluginapi"
)

// Response is the answer as it is being put together.
type Response struct {
	Status   int // 0: 200, or 302 with Redirect
	Body     document.Value
	Headers  http.Header // to be changed by Header alone
	Redirect string
	Cookies  []session.Cookie // to be changed by SetCookie and DropCookies alone
	// Page says what a body is that is a text; nil: JSON, or what the header
	// Content-Type says.
	Page *pluginapi.Answer
	// FormTarget is the site to which the answer to a form of the page may
	// redirect; see pluginapi.Answer.Policy.
	FormTarget string

	// Plugins that say where the answer leads and may not lead anywhere; "" for
	// a target that needs no check.
	redirectBy, locationBy string

	detachedToken document.Value // the session token in a cookie that was detached

	// What a snapshot has too is copied before it is changed.
	sharedBody, sharedHeaders bool
}

// Untrusted returns where plugins without the permission "redirects" lead the
// client, by the ids of the plugins.
func (r *Response) Untrusted() map[string]string {
	if r.redirectBy == "" && r.locationBy == "" {
		return nil
	}
	out := map[string]string{}
	if r.redirectBy != "" && r.Redirect != "" {
		out[r.redirectBy] = r.Redirect
	}
	if r.locationBy != "" && r.Redirect == "" {
		for _, target := range r.Headers.Values("Location") {
			out[r.locationBy] = target
		}
	}
	return out
}

// snapshot returns the answer as it is now, and is to be. It costs nothing
// until one of the two is changed.
func (r *Response) snapshot() Response {
	r.sharedBody, r.sharedHeaders = true, true
	r.Cookies = slices.Clip(r.Cookies)
	return *r
}

// Header returns the headers, to be changed.
func (r *Response) Header() http.Header {
	switch {
	case r.Headers == nil:
		r.Headers = http.Header{}
	case r.sharedHeaders:
		r.Headers = r.Headers.Clone()
	}
	r.sharedHeaders = false
	return r.Headers
}

// assignBody writes a member of the body, or the body as a whole. It reports
// false, and the body is as it was, where that has no such place.
func (r *Response) assignBody(segments []string, v document.Value) bool {
	body := r.Body
	if r.sharedBody && len(segments) > 0 {
		body = body.Clone()
	}
	body, ok := assign(body, segments, v)
	if ok {
		r.Body, r.sharedBody = body, false
	}
	return ok
}

// SetCookie adds a cookie; an earlier one of the same name is dropped, so
// that a value which was taken back never reaches the wire.
func (r *Response) SetCookie(c session.Cookie) {
	r.DropCookies(func(name string) bool { return name == c.Name })
	r.Cookies = append(r.Cookies, c)
}

func (r *Response) setCookies(cookies []session.Cookie) {
	for _, c := range cookies {
		r.SetCookie(c)
	}
}

// sessionCookie returns the value of the session cookie in the answer, if it
// has one; "" takes the cookie away.
func (r *Response) sessionCookie() (value string, ok bool) {
	for _, c := range r.Cookies {
		if c.Name == session.CookieToken {
			return c.Value, true
		}
	}
	return "", false
}

// DropCookies takes back the cookies whose names match.
func (r *Response) DropCookies(match func(name string) bool) {
	dropped := func(c session.Cookie) bool { return match(c.Name) }
	if slices.ContainsFunc(r.Cookies, dropped) {
		r.Cookies = slices.DeleteFunc(slices.Clone(r.Cookies), dropped)
	}
}

// StatusOrDefault returns the HTTP status that the answer will have.
func (r *Response) StatusOrDefault() int {
	switch {
	case r.Status != 0:
		return r.Status
	case r.Redirect != "":
		return http.StatusFound
	default:
		return http.StatusOK
	}
}
