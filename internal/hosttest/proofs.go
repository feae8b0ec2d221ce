package hosttest

import (
	"bytes"
	"fmt"
	"maps"

	"github.com/authhost/authhost/pluginapi"
)

// proofCheck makes a proof about a user as the user is now, and returns what
// checks whether it holds.
type proofCheck func() (check func(g *guest, what string, holds bool))

// keptProof is that of verification.createFor.
func keptProof(g *guest, userID string, more object) proofCheck {
	return func() func(*guest, string, bool) {
		g.do("verification.createFor", merged(more, object{"identifier": "kept", "value": "v", "userId": userID, "expiresIn": 60}))
		return func(g *guest, what string, holds bool) {
			g.t.Helper()
			if !holds {
				g.refused("verification.find", object{"identifier": "kept"}, pluginapi.StatusNotFound, "")
				g.refused("verification.consume", object{"identifier": "kept"}, pluginapi.StatusNotFound, "")
				return
			}
			if out := g.do("verification.find", object{"identifier": "kept"}); out.text("value") != "v" || len(out) != 6 {
				g.t.Errorf("%s: found %s", what, text(out))
			}
			g.t.want(what, g.do("verification.consume", object{"identifier": "kept"}).text("value"), "v")
		}
	}
}

// signedProof is that of crypto.signToken.
func signedProof(g *guest, userID string, more object) proofCheck {
	return func() func(*guest, string, bool) {
		token := g.do("crypto.signToken", merged(more, object{"purpose": "test", "userId": userID, "expiresIn": 60})).text("token")
		return func(g *guest, what string, holds bool) {
			g.t.Helper()
			if !holds {
				g.refused("crypto.verifyToken", object{"purpose": "test", "token": token}, pluginapi.StatusInvalid, pluginapi.ProofVoid)
				return
			}
			claims := g.do("crypto.verifyToken", object{"purpose": "test", "token": token})
			g.t.want(what, claims.text("claims.sub"), userID)
			if bytes.Contains(text(claims), []byte("proof")) {
				g.t.Errorf("%s: the claims have the proof: %s", what, text(claims))
			}
		}
	}
}

// proofs plays each change of a user between a proof and its use. issue makes a
// check of a proof of ada's, in a unit of work; more are further arguments.
func (t *tester) proofs(issue func(g *guest, userID string, more object) proofCheck) {
	var id string
	var last func(*guest, string, bool)
	t.serve(Request{}, func(g *guest) {
		id = g.addUser()
		for _, whenVerified := range []bool{false, true} {
			g.changes(id, issue(g, id, object{"whenVerified": whenVerified}), whenVerified)
		}
	})
	t.serve(Request{}, func(g *guest) {
		last = issue(g, id, object{})()
		g.do("identity.deleteUser", object{"id": id})
	})
	t.serve(Request{}, func(g *guest) {
		g.addOther("lovelace@example.com")
		last(g, "another user with the address", false)
	})
}

// changes plays changes of a user. Proofs stay good or not when the address is
// verified.
func (g *guest) changes(userID string, issue proofCheck, whenVerified bool) {
	set := func(fields object) { g.do("identity.updateUser", object{"id": userID, "set": fields}) }
	for _, c := range []struct {
		what   string
		change func()
		holds  bool
	}{
		{"nothing", func() {}, true},
		{"another name", func() { set(object{"name": "Ada L."}) }, true},
		{"a verified address", func() { set(object{"emailVerified": true}) }, whenVerified},
		{"another address", func() { set(object{"email": "countess@example.com"}) }, false},
		{"an address and back", func() {
			set(object{"email": "lovelace@example.com"})
			set(object{"email": "countess@example.com"})
		}, false},
		{"an address", func() { set(object{"email": "lovelace@example.com"}) }, false},
		{"another password", func() {
			g.do("identity.setPassword", object{"userId": userID, "password": fmt.Sprint("another horse ", whenVerified)})
		}, false},
		{"no password", func() { g.do("identity.deleteAccount", object{"userId": userID, "providerId": "credential"}) }, false},
		{"a first password", func() {
			g.do("identity.setPassword", object{"userId": userID, "password": "correct horse"})
		}, false},
	} {
		set(object{"emailVerified": false})
		check := issue()
		c.change()
		check(g, c.what, c.holds)
	}
}

// merged has the members of both objects.
func merged(a, b object) object {
	a = maps.Clone(a)
	maps.Copy(a, b)
	return a
}
