package plugintest

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// Cookie is a cookie of an answer. The value of a sealed one is the JSON of its
// object, with the session that it is bound to: sent back beside that session,
// it is read again.
type Cookie struct {
	Value   string
	MaxAge  int // seconds; the declared one unless the handler set another
	Expired bool
}

// checkCookie says whether the manifest's cookie takes a value.
func (h *Host) checkCookie(name string, v any) sdk.Status {
	_, isObject := v.(Object)
	_, isText := v.(string)
	switch sealed := h.sealed(name); {
	case h.declared(name) == nil:
		return sdk.Denied
	case v == nil:
		return sdk.OK
	case !isObject && (sealed || !isText):
		return sdk.Invalid
	case sealed && h.answered() == nil:
		return sdk.Denied
	}
	return sdk.OK
}

// answered is the session that the client has when it gets the answer.
func (h *Host) answered() Object { return object(h.sessionView()["session"]) }

// declared returns the manifest's declaration of a cookie, nil if there is none.
func (h *Host) declared(name string) *pluginapi.Cookie {
	i := slices.IndexFunc(h.manifest.Cookies, func(c pluginapi.Cookie) bool { return c.Covers(name) })
	if i < 0 {
		return nil
	}
	return &h.manifest.Cookies[i]
}

func (h *Host) sealed(name string) bool {
	c := h.declared(name)
	return c != nil && c.Sealed
}

// cookie is a cookie of the answer.
func (h *Host) cookie(name string, value any) Cookie {
	c := Cookie{MaxAge: h.declared(name).MaxAge}
	switch v := value.(type) {
	case string:
		c.Value = v
	case Object:
		if h.sealed(name) {
			c.Value = h.seal(v)
			break
		}
		c.Value = text(v["value"])
		if v["maxAge"] != nil {
			c.MaxAge = int(number64(v["maxAge"]))
		}
	default:
		c.Expired, c.MaxAge = true, 0
	}
	return c
}

// sealedPart is a member of a sealed cookie that is the host's.
const sealedPart = "sessionId"

// seal is the value of a sealed cookie for the session of the answer.
func (h *Host) seal(data Object) string {
	data = maps.Clone(data)
	data[sealedPart] = h.answered()["id"]
	return string(marshal(data))
}

// unseal is the object in a sealed cookie, nil if it is of no use beside the
// session of the request.
func (h *Host) unseal(value string) Object {
	data, err := parse[Object]([]byte(value))
	session := h.answered()
	if err != nil || session == nil || data[sealedPart] != session["id"] {
		return nil
	}
	return data
}

// ownCookies leaves those of the request's cookies that the manifest declares.
func (h *Host) ownCookies(cookies Object) Object {
	out := Object{}
	for name, v := range cookies {
		if h.declared(name) != nil {
			out[name] = v
		}
	}
	return out
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
	lines := h.listCookies(nil)
	if ex := h.exchange; !h.serverCall() {
		clear(object(ex.response["cookies"]))
		ex.setCookies = nil
	}
	return lines
}

func (h *Host) listCookies(Object) Object {
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
	return Object{"lines": lines}
}
