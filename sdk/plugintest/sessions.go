package plugintest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// Lives of sessions: as the engine has them by default, and of users who are
// not to be remembered.
const (
	sessionDays   = 7
	forgottenDays = 1
	freshAge      = 24 * time.Hour
)

// newSession makes a session record. A life that is not 0 is its own.
func (h *Host) newSession(userID string, forget bool, life time.Duration) Object {
	days := sessionDays
	if forget {
		days = forgottenDays
	}
	end := h.now.AddDate(0, 0, days)
	if life > 0 {
		end = h.now.Add(life)
	}
	s := h.stamped(Object{
		"id": h.id("session", 32), "token": h.id("token", 32), "userId": userID, "expiresAt": iso(end),
		"ipAddress": "203.0.113.7", "userAgent": "plugintest",
	})
	if life > 0 {
		s["notAfter"], s["forgotten"] = s["expiresAt"], forget
	}
	for name, f := range h.manifest.Fields["session"] {
		if f.Default != nil {
			s[name] = decode(h.t, string(f.Default))
		}
	}
	return s
}

// fixedFields are those of sessions that never change.
var fixedFields = []string{"id", "userId", "token", "notAfter", "forgotten", "impersonatedBy", "virtual"}

// forgotten reports whether a session's user was not to be remembered.
func forgotten(s Object) bool {
	if s["notAfter"] != nil {
		return s["forgotten"] == true
	}
	created, err := time.Parse(timeLayout, text(s["createdAt"]))
	return err == nil && text(s["expiresAt"]) == iso(created.AddDate(0, 0, forgottenDays))
}

// live returns the live session with a token, and its user; nil if there is
// none.
func (h *Host) live(token any) (session, user Object) {
	if v := h.exchange.virtual; v != nil && token == h.exchange.session {
		return v, h.User(text(v["userId"]))
	}
	s := find(h.state.Records["session"], "token", token)
	if user = h.User(text(s["userId"])); user == nil || text(s["expiresAt"]) <= iso(h.now) {
		return nil, nil
	}
	return s, user
}

// mustLive is live where there has to be a session.
func (h *Host) mustLive(token any) (session, user Object) {
	if session, user = h.live(token); session == nil {
		panic(errNotFound)
	}
	return session, user
}

// sessionView is the session that the answer is about as the document has it,
// nil if there is none.
func (h *Host) sessionView() Object {
	ex := h.exchange
	token := ex.issued
	if token == "" && !ex.ended {
		token = ex.session
	}
	s, user := h.live(token)
	if s == nil {
		return nil
	}
	created, err := time.Parse(timeLayout, text(s["createdAt"]))
	view := h.pair(s, user)
	view["fresh"], view["rememberMe"] = err == nil && h.now.Sub(created) < freshAge && s["virtual"] == nil, !forgotten(s)
	return clone(view)
}

// pair is a session and its user, as those see them who may have them.
func (h *Host) pair(s, user Object) Object {
	return Object{"session": h.shownSession(s), "user": h.shown("user", user)}
}

func (h *Host) shownSession(s Object) Object {
	s = h.shown("session", s)
	delete(s, "notAfter")
	delete(s, "forgotten")
	if h.serverCall() {
		delete(s, "token")
	}
	return s
}

// issue hands a session to the client, unless that is none of the user's.
func (h *Host) issue(s, user Object, reason any) Object {
	h.begins()
	ex := h.exchange
	ex.issued, ex.ended, ex.reason = text(s["token"]), false, text(reason)
	h.send(ex.issued)
	return h.pair(s, user)
}

// begins refuses to hand a session to who is no client of the user's.
func (h *Host) begins() {
	if h.serverCall() {
		reject(403, pluginapi.ServerCallCode, "A server call cannot begin a session")
	}
}

// send puts the cookie of a session into the answer.
func (h *Host) send(token string) {
	if _, asked := h.manifest.Capability(pluginapi.CapSession); asked {
		h.exchange.response["sessionToken"] = token + signature
	}
}

// signature ends a signed session token.
const signature = ".signature"

func (h *Host) createSession(a Object) Object {
	h.begins()
	user, forget := h.user(a["userId"], nil), a["rememberMe"] == false
	own := h.ownFields(a["fields"])
	current, _ := h.live(h.exchange.session)
	life := seconds(a["expiresIn"])
	if a["actor"] != nil {
		h.mayImpersonate(current, a)
		forget, life = true, cmp.Or(life, time.Hour)
	}
	replaced := h.replaced(a)
	if a["rememberMe"] == "keep" || a["rememberMe"] == nil && replaced != nil {
		forget = forgotten(current)
	}
	fields := h.newSession(text(a["userId"]), forget, life)
	switch {
	case replaced != nil:
		carry(fields, replaced)
		within(fields, replaced, forget)
		h.drop("session", replaced)
	case a["actor"] != nil:
		fields["impersonatedBy"] = a["actor"]
	case current["impersonatedBy"] != nil && current["userId"] == a["userId"]:
		within(fields, current, forget) // who acts as the user goes on doing so
	}
	maps.Copy(fields, own)
	fixed := maps.Clone(fields)
	if !h.announce(fields, text(a["reason"]), forget) {
		return Object{"pending": true}
	}
	for _, name := range fixedFields {
		delete(fields, name)
		if v, ok := fixed[name]; ok {
			fields[name] = v
		}
	}
	capEnd(fields, fields)
	s := h.insert("session", fields)
	h.done(pluginapi.EventSessionCreated, s, nil)
	if a["actor"] != nil {
		h.exchange.keeps = text(current["token"])
	}
	return h.issue(s, user, a["reason"])
}

// replaced is the session that a new one takes the place of, nil for none.
func (h *Host) replaced(a Object) Object {
	if a["replace"] != true {
		return nil
	}
	s, user := h.mustLive(h.exchange.session)
	if user["id"] != a["userId"] {
		refuse(sdk.Invalid, "argument userId must be the user of the session that is replaced")
	}
	return s
}

// carry takes additional fields over from a session that is replaced.
func carry(fields, old Object) {
	for name, v := range old {
		if !slices.Contains(sessionFields, name) && !slices.Contains(fixedFields, name) {
			fields[name] = v
		}
	}
}

// within gives a new session who acts in another one, and an end of the other's
// own that is earlier than one of the new session's.
func within(fields, old Object, forget bool) {
	if by := old["impersonatedBy"]; by != nil {
		fields["impersonatedBy"] = by
	}
	if latest := old["notAfter"]; latest != nil && (fields["notAfter"] == nil || text(latest) < text(fields["notAfter"])) {
		fields["expiresAt"], fields["notAfter"], fields["forgotten"] = latest, latest, forget
	}
}

// sessionFields are those that every session has of its own.
var sessionFields = []string{"expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent"}

// announce raises session.creating. It reports whether no hook put another step
// before the session.
func (h *Host) announce(fields Object, reason string, forget bool) bool {
	ex, before := h.exchange, h.exchange.reason
	ex.reason, ex.forget = reason, forget
	defer func() { ex.reason, ex.forget = before, false }()
	h.verdict(pluginapi.EventSessionCreating, fields, nil)
	return ex.pending == nil
}

func (h *Host) findSession(a Object) Object { return h.pair(h.mustLive(a["token"])) }

func (h *Host) adoptSession(a Object) Object {
	s, user := h.mustLive(a["token"])
	return h.issue(s, user, a["reason"])
}

func (h *Host) revokeSession(a Object) Object {
	h.namesUser(a)
	by := "token"
	if a["id"] != nil {
		by = "id"
	}
	s := h.one("session", by, a[by])
	if a["userId"] != nil && a["userId"] != s["userId"] {
		panic(errNotFound)
	}
	h.drop("session", s)
	return nil
}

// namesUser refuses the id of a session without its user's.
func (h *Host) namesUser(a Object) {
	if a["id"] != nil && a["userId"] == nil {
		refuse(sdk.Invalid, "the argument id needs the argument userId")
	}
}

// dropSessions ends the sessions of a user but for the one with a token.
func (h *Host) dropSessions(userID any, except string) (n int64) {
	for _, s := range h.SessionsOf(text(userID)) {
		if s["token"] != except {
			h.drop("session", s)
			n++
		}
	}
	return n
}

func (h *Host) revokeUser(a Object) Object {
	except := text(a["exceptToken"])
	if a["exceptCurrent"] == true {
		except = h.exchange.session
	}
	return Object{"count": number(h.dropSessions(a["userId"], except))}
}

func (h *Host) endSession(a Object) Object {
	ex := h.exchange
	h.storedOnly()
	if s := find(h.state.Records["session"], "token", ex.session); s != nil {
		h.drop("session", s)
	}
	ex.issued, ex.ended, ex.reason = "", true, text(a["reason"])
	delete(ex.response, "sessionToken")
	return nil
}

// ownFields are values for fields of sessions that the manifest adds; any other
// is refused.
func (h *Host) ownFields(values any) Object {
	own := Object{}
	for name, v := range object(values) {
		if _, ok := h.manifest.Fields["session"][name]; !ok {
			refuse(sdk.Denied, "the manifest does not add "+name+" to sessions")
		}
		own[name] = v
	}
	return own
}

// capEnd moves an end in set that is after the latest of a session to that.
func capEnd(set, of Object) {
	if latest := of["notAfter"]; latest != nil && text(set["expiresAt"]) > text(latest) {
		set["expiresAt"] = latest
	}
}

// updateSession sets fields that the manifest adds to sessions, and those of
// the input that are open to clients.
func (h *Host) updateSession(a Object) Object {
	s, _ := h.mustLive(h.exchange.session)
	h.storedOnly()
	set := h.ownFields(a["set"])
	h.takeInput("session", set, object(a["input"]), false)
	if len(set) == 0 {
		refuseWith(sdk.Invalid, pluginapi.NoFields, "No fields to update")
	}
	h.change("session", s, set, fixedFields...)
	h.exchange.phase = pluginapi.PhaseRefreshed
	return Object{"session": h.shownSession(s)}
}

func (h *Host) reissueSession(Object) Object {
	if s, _ := h.mustLive(h.exchange.session); !h.serverCall() {
		h.send(text(s["token"]))
	}
	return nil
}

func (h *Host) useSession(a Object) Object {
	ex := h.exchange
	h.only(pluginapi.EventRequestBefore)
	h.namesUser(a)
	token, signed := strings.CutSuffix(text(a["token"]), signature)
	switch {
	case strings.Contains(token, "."), a["id"] == nil && !signed && a["requireSignature"] == true:
		refuse(sdk.Invalid, "the token's signature is wrong or missing")
	case ex.request["serviceKey"] != nil, ex.virtual != nil: // it keeps what the key says, or who assumed it
	case a["id"] == nil:
		ex.session = token
	default:
		ex.request["serverCall"] = true
		ex.session = text(find(h.SessionsOf(text(a["userId"])), "id", a["id"])["token"])
	}
	return nil
}

func seconds(v any) time.Duration { return time.Duration(number64(v)) * time.Second }

func (h *Host) liveSessions(a Object) []Object {
	live := slices.DeleteFunc(where(h.state.Records["session"], "userId", a["userId"]), func(s Object) bool { return text(s["expiresAt"]) <= iso(h.now) })
	return h.meeting("session", live, a)
}

func (h *Host) listSessions(a Object) Object {
	part, next := h.sorted("session", h.liveSessions(a), a)
	var sessions []Object
	for _, s := range part {
		sessions = append(sessions, h.shownSession(s))
	}
	return listed("sessions", sessions, next)
}

func (h *Host) countSessions(a Object) Object { return counted(len(h.liveSessions(a)), a) }
