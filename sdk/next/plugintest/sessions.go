package plugintest

import (
	"maps"
	"slices"
	"strings"

	sdk "github.com/authhost/authhost/sdk/next"
)

func (h *Host) sessions() map[string]Function {
	return map[string]Function{
		"session.create": func(a Object) (sdk.Status, any) {
			user := h.User(text(a["userId"]))
			if user == nil {
				return sdk.NotFound, nil
			}
			if h.serverCall() {
				return sdk.Invalid, Object{"code": "SERVER_CALL", "message": "A server call cannot begin a session"}
			}
			s := h.newSession(text(a["userId"]), a["rememberMe"] != false)
			h.hand(text(s["token"]))
			return sdk.OK, Object{"session": s, "user": user}
		},
		"session.find": func(a Object) (sdk.Status, any) { return h.liveSession(a) },
		"session.adopt": func(a Object) (sdk.Status, any) {
			status, result := h.liveSession(a)
			if status == sdk.OK && h.serverCall() {
				return sdk.Invalid, Object{"code": "SERVER_CALL", "message": "A server call cannot begin a session"}
			}
			if status == sdk.OK {
				h.hand(text(a["token"]))
			}
			return status, result
		},
		"session.list": func(a Object) (sdk.Status, any) {
			sessions := h.SessionsOf(text(a["userId"]))
			for i, s := range sessions {
				sessions[i] = h.shown(s)
			}
			return sdk.OK, Object{"sessions": sessions}
		},
		"session.revoke": func(a Object) (sdk.Status, any) {
			by := "token"
			if a["id"] != nil {
				by = "id"
			}
			s := find(h.state.Sessions, by, a[by])
			if s == nil || a["userId"] != nil && s["userId"] != a["userId"] {
				return sdk.NotFound, nil
			}
			h.dropSessions(func(o Object) bool { return o[by] == a[by] })
			return sdk.OK, nil
		},
		"session.revokeUser": func(a Object) (sdk.Status, any) {
			if a["exceptCurrent"] == true {
				a["exceptToken"] = h.current
			}
			n := h.dropSessions(func(o Object) bool { return o["userId"] == a["userId"] && o["token"] != a["exceptToken"] })
			return sdk.OK, Object{"count": n}
		},
		"session.end": func(Object) (sdk.Status, any) {
			h.dropSessions(func(o Object) bool { return o["token"] == h.current })
			h.hand("")
			return sdk.OK, nil
		},
		"session.update": h.updateSession,
		"session.reissue": func(Object) (sdk.Status, any) {
			h.hand(h.current)
			return found(find(h.state.Sessions, "token", h.current))
		},
		"session.use": func(a Object) (sdk.Status, any) {
			if a["id"] != nil {
				h.current = ""
				if s := find(h.state.Sessions, "id", a["id"]); s != nil && s["userId"] == a["userId"] {
					h.current = text(s["token"])
				}
				return sdk.OK, nil
			}
			if signed, _, ok := strings.Cut(text(a["token"]), "."); ok {
				a["token"] = signed
			} else if a["requireSignature"] == true {
				return sdk.Invalid, nil
			}
			h.current = text(a["token"])
			return sdk.OK, nil
		},
	}
}

// updateSession sets fields that the manifest adds to sessions, and those of
// the input that are open to clients.
func (h *Host) updateSession(a Object) (sdk.Status, any) {
	s := h.CurrentSession()
	if s == nil {
		return sdk.NotFound, nil
	}
	set, input := asObject(a["set"]), asObject(a["input"])
	declared := h.manifest.Fields["session"]
	for name := range set {
		if _, ok := declared[name]; !ok {
			return sdk.Denied, nil
		}
	}
	change := Object{}
	for name, field := range declared {
		if v, ok := input[name]; ok && (field.Input == nil || *field.Input) {
			change[name] = v
		}
	}
	maps.Copy(change, set)
	if len(change) == 0 {
		return sdk.Invalid, Object{"code": "NO_FIELDS", "message": "No fields to update"}
	}
	maps.Copy(s, change)
	return sdk.OK, Object{"session": s}
}

func asObject(v any) Object {
	o, _ := v.(Object)
	return o
}

// hand makes a session the request's and the answer's, "" for none.
func (h *Host) hand(token string) {
	h.current = token
	response := h.doc.root["response"].(Object)
	delete(response, "sessionToken")
	if token != "" {
		response["sessionToken"] = token + ".signature"
	}
}

func (h *Host) liveSession(a Object) (sdk.Status, any) {
	s := find(h.state.Sessions, "token", a["token"])
	if s == nil || text(s["expiresAt"]) <= h.iso(h.now) {
		return sdk.NotFound, nil
	}
	return sdk.OK, Object{"session": h.shown(s), "user": h.User(text(s["userId"]))}
}

// CurrentSession returns the session that requests carry, nil if none.
func (h *Host) CurrentSession() Object {
	if h.current == "" {
		return nil
	}
	return find(h.state.Sessions, "token", h.current)
}

func (h *Host) newSession(userID string, remember bool) Object {
	s := Object{
		"id": h.id("session", 32), "token": h.id("token", 32), "userId": userID, "ipAddress": "203.0.113.7",
		"userAgent": "plugintest", "createdAt": h.iso(h.now), "updatedAt": h.iso(h.now), "expiresAt": h.iso(h.now.AddDate(0, 0, 7)),
	}
	if !remember {
		s["expiresAt"] = h.iso(h.now.AddDate(0, 0, 1))
	}
	h.state.Sessions = append(h.state.Sessions, s)
	return s
}

func (h *Host) dropSessions(which func(Object) bool) int {
	before := len(h.state.Sessions)
	h.state.Sessions = slices.DeleteFunc(h.state.Sessions, which)
	return before - len(h.state.Sessions)
}
