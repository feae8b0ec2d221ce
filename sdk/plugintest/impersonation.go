package plugintest

import (
	"fmt"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// mayImpersonate refuses what the user of the current session may not do as
// another.
func (h *Host) mayImpersonate(current, a Object) {
	switch {
	case h.misses(pluginapi.PermImpersonation, "session.create with actor"):
		refuse(sdk.Denied, "the argument actor takes the permission impersonation")
	case current == nil || current["userId"] != a["actor"]:
		refuse(sdk.Denied, "argument actor must be the user of the request's session")
	case current["impersonatedBy"] != nil:
		refuse(sdk.Denied, "the user of the request's session is impersonated")
	case a["actor"] == a["userId"]:
		refuse(sdk.Invalid, "argument actor must be another user than argument userId")
	case a["replace"] == true:
		refuse(sdk.Invalid, "only one of the arguments actor, replace must be given")
	case number64(a["expiresIn"]) > pluginapi.MaxImpersonationSeconds:
		refuse(sdk.Invalid, fmt.Sprintf("argument expiresIn must be at most %d with the argument actor", pluginapi.MaxImpersonationSeconds))
	}
}

// restoreSession ends an impersonated session, and hands the client the one that
// it has kept.
func (h *Host) restoreSession(a Object) Object {
	ex := h.exchange
	if h.misses(pluginapi.PermImpersonation, "session.restore") {
		refuse(sdk.Denied, "session.restore takes the permission impersonation")
	}
	h.begins()
	s, _ := h.live(ex.session)
	if s["impersonatedBy"] == nil {
		refuseWith(sdk.Invalid, pluginapi.NotImpersonatedCode, "Nobody acts in the session for its user")
	}
	own, user := h.mustLive(ex.kept)
	if own["userId"] != s["impersonatedBy"] {
		panic(errNotFound)
	}
	h.drop("session", s)
	ex.keeps = ""
	return h.issue(own, user, a["reason"])
}
