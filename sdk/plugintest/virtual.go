package plugintest

import (
	"maps"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// assumeSession makes a session that is not stored the request's.
func (h *Host) assumeSession(a Object) Object {
	if h.misses(pluginapi.PermAuthentication, "session.assume") {
		refuse(sdk.Denied, "session.assume takes the permission authentication")
	}
	h.only(pluginapi.EventRequestBefore)
	user, own, ex := h.user(a["userId"], nil), h.ownFields(a["fields"]), h.exchange
	if ex.request["serviceKey"] != nil || ex.virtual != nil {
		refuse(sdk.Denied, "the request has a service key, or a virtual session already")
	}
	s := h.newSession(text(a["userId"]), false, 0)
	if life := seconds(a["expiresIn"]); life > 0 {
		s["expiresAt"] = iso(h.now.Add(life))
	}
	h.check("session", s, own)
	maps.Copy(s, own)
	if id := text(a["id"]); id != "" {
		s["id"] = id
	}
	s["virtual"] = true
	delete(s, "token")
	ex.virtual, ex.session, ex.kept, ex.request["serverCall"] = s, "", "", true
	return h.pair(s, user)
}

// storedOnly refuses to change or end a session that is there for one request
// alone.
func (h *Host) storedOnly() {
	if h.exchange.virtual != nil {
		reject(403, pluginapi.VirtualSessionCode, "The session is there for this request alone")
	}
}
