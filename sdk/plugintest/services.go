package plugintest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

func (h *Host) sendMail(a Object) Object {
	message := maps.Clone(a)
	h.verdict(pluginapi.EventMailSending, message, nil)
	if strings.ContainsAny(text(message["to"]), "\r\n\x00") {
		refuse(sdk.Invalid, "argument to must be one address")
	}
	h.state.Mails = append(h.state.Mails, Mail{
		To: text(message["to"]), Template: text(message["template"]), Subject: text(message["subject"]),
		URL: text(message["url"]), Token: text(message["token"]), OTP: text(message["otp"]), Data: object(message["data"]),
	})
	return nil
}

// alphabets are those that random.string knows by name.
var alphabets = map[string]string{
	"": lower + upper + digits, "lower": lower, "upper": upper, "digits": digits, "url": lower + upper + digits + "-_",
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// randomString counts, in the letters that are asked for.
func (h *Host) randomString(a Object) Object {
	letters, named := alphabets[text(a["alphabet"])]
	if !named {
		letters = text(a["alphabet"])
	}
	if len(letters) < 2 || len(letters) > 256 {
		refuse(sdk.Invalid, "argument alphabet must have 2 to 256 characters")
	}
	h.sequence++
	out := make([]byte, number64(a["length"]))
	for i, n := len(out)-1, h.sequence; i >= 0; i-- {
		out[i] = letters[n%len(letters)]
		n /= len(letters)
	}
	return Object{"value": string(out)}
}

func (h *Host) uuid() string {
	h.sequence++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", h.sequence)
}

func (h *Host) randomUUID(Object) Object { return Object{"value": h.uuid()} }

// window counts the uses of a key since the first.
type window struct {
	Uses int64
	Ends time.Time
}

func (h *Host) hit(a Object) Object {
	name := text(a["key"])
	w := h.state.Windows[name]
	if !h.now.Before(w.Ends) {
		w = window{Ends: h.now.Add(seconds(a["window"]))}
	}
	if w.Uses >= number64(a["max"]) {
		left := w.Ends.Sub(h.now) + time.Second - 1
		return Object{"allowed": false, "retryAfter": number(int64(left / time.Second))}
	}
	w.Uses++
	h.keep(func() { h.state.Windows[name] = w })
	return Object{"allowed": true, "retryAfter": number(0)}
}

func (h *Host) resetHits(a Object) Object {
	h.keep(func() { delete(h.state.Windows, text(a["key"])) })
	return nil
}

func (h *Host) recordAudit(a Object) Object {
	h.keep(func() { h.state.Audit = append(h.state.Audit, a) })
	return nil
}

// only refuses a call outside of hooks on some events.
func (h *Host) only(events ...string) {
	if !slices.Contains(events, h.call.event) {
		refuse(sdk.Denied, "this call is for hooks on "+strings.Join(events, ", "))
	}
}

func (h *Host) injectCookies(a Object) Object {
	header := text(a["header"])
	h.only(pluginapi.EventRequestBefore)
	if strings.ContainsAny(header, "\r\n\x00") {
		refuse(sdk.Invalid, "argument header is not a header value")
	}
	if h.serverCall() {
		return nil
	}
	h.exchange.injected = header
	cookies, _ := http.ParseCookie(header)
	for _, c := range cookies {
		h.injectCookie(strings.TrimPrefix(c.Name, cookiePrefix), c.Value)
	}
	return nil
}

// cookiePrefix begins the names of the tenant's cookies.
const cookiePrefix = "better-auth."

// sessionCookie is the cookie of the session, which handlers do not see.
const sessionCookie = "session_token"

// injectCookie adds a cookie to the request unless it has one of that name.
func (h *Host) injectCookie(name, value string) {
	ex, own := h.exchange, object(h.exchange.request["cookies"])
	token, signed := strings.CutSuffix(value, signature)
	switch _, given := own[name]; {
	case name == sessionCookie && signed && ex.session == "":
		ex.session = token
	case name != sessionCookie && !given:
		own[name] = value
	}
}

func (h *Host) detachCookies(Object) Object {
	h.only(pluginapi.EventResponseSession, pluginapi.EventRequestAfter, pluginapi.EventRequestRefused)
	ex, lines := h.exchange, []any{}
	if h.serverCall() {
		return Object{"lines": lines}
	}
	for _, line := range ex.setCookies {
		lines = append(lines, line)
	}
	add := func(name string, c Cookie) {
		line := http.Cookie{Name: cookiePrefix + name, Value: c.Value, MaxAge: c.MaxAge, Path: "/", HttpOnly: true}
		if c.Expired {
			line.MaxAge = -1
		}
		lines = append(lines, line.String())
	}
	if token := text(ex.response["sessionToken"]); token != "" && ex.issued != "" {
		add(sessionCookie, Cookie{Value: token, MaxAge: sessionDays * 24 * 60 * 60})
	}
	if ex.ended {
		add(sessionCookie, Cookie{Expired: true})
	}
	own := object(ex.response["cookies"])
	for _, name := range slices.Sorted(maps.Keys(own)) {
		add(name, h.cookie(name, own[name]))
	}
	clear(own)
	ex.setCookies = nil
	return Object{"lines": lines}
}

func (h *Host) describe(Object) Object {
	return Object{
		"openapi": "3.1.1", "info": Object{"title": h.tenant["appName"], "version": "1"},
		"paths": Object{"/ok": Object{"get": Object{"summary": "Is it there?", "responses": Object{"200": Object{"description": "Yes"}}}}},
	}
}
