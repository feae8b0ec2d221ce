package plugintest

import (
	"maps"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// boundTo is the field of a verification, and the claim of a token, with what it
// is bound to. Handlers do not see it.
const boundTo = "authhost_proof"

// proof describes a user as the proofs about the user see it.
func (h *Host) proof(userID, whenVerified any) string {
	user := find(h.state.Records["user"], "id", userID)
	password := find(where(h.state.Records["account"], "userId", userID), "providerId", sdk.ProviderCredential)["password"]
	state := Object{"userId": userID, "gone": user == nil, "email": user["email"], "password": password, "changes": h.state.AddressChanges[text(userID)]}
	if whenVerified != true {
		state["verified"] = user["emailVerified"] == true
	}
	return string(marshal(Object{"whenVerified": whenVerified == true, "state": state}))
}

// holds reports whether a proof holds.
func (h *Host) holds(proof any) bool {
	was, err := parse[Object]([]byte(text(proof)))
	state := object(was["state"])
	return err == nil && state["gone"] == false && h.proof(state["userId"], was["whenVerified"]) == proof
}

// noteAddressChange makes proofs void that a change of a user's address ends,
// even if the user comes back to the earlier one.
func (h *Host) noteAddressChange(before, after Object) {
	if before["email"] == after["email"] {
		return
	}
	if h.state.AddressChanges == nil {
		h.state.AddressChanges = map[string]int{}
	}
	h.state.AddressChanges[text(after["id"])]++
}

func (h *Host) createVerification(a Object) Object { return h.keepVerification(a, nil) }

func (h *Host) createVerificationFor(a Object) Object {
	return h.keepVerification(a, h.proof(a["userId"], a["whenVerified"]))
}

func (h *Host) keepVerification(a Object, proof any) Object {
	h.deleteVerification(a)
	h.create("verification", h.stamped(Object{"identifier": a["identifier"], "value": a["value"], "expiresAt": iso(h.now.Add(seconds(a["expiresIn"])))}))
	v := h.one("verification", "identifier", a["identifier"])
	if proof != nil {
		v[boundTo] = proof
	}
	return unbound(v)
}

// unbound is a verification as handlers see it.
func unbound(v Object) Object {
	v = maps.Clone(v)
	delete(v, boundTo)
	return v
}

func (h *Host) findVerification(a Object) Object {
	v := h.one("verification", "identifier", a["identifier"])
	if text(v["expiresAt"]) <= iso(h.now) || v[boundTo] != nil && !h.holds(v[boundTo]) {
		panic(errNotFound)
	}
	return unbound(v)
}

func (h *Host) consumeVerification(a Object) Object {
	defer h.deleteVerification(a)
	return h.findVerification(a)
}

func (h *Host) deleteVerification(a Object) Object {
	if v := find(h.state.Records["verification"], "identifier", a["identifier"]); v != nil {
		h.remove("verification", v)
	}
	return nil
}

// bind binds the claims of a token to the user that a call names, if it does.
func (h *Host) bind(a Object) Object {
	claims := maps.Clone(object(a["claims"]))
	if a["userId"] == nil {
		return claims
	}
	if number64(a["expiresIn"]) > pluginapi.MaxProofSeconds {
		refuse(sdk.Invalid, "expiresIn is above what a proof about a user may have")
	}
	if claims == nil {
		claims = Object{}
	}
	claims["sub"], claims[boundTo] = a["userId"], h.proof(a["userId"], a["whenVerified"])
	return claims
}

// checkBound takes what a token is bound to out of its claims, and refuses one
// that is void.
func (h *Host) checkBound(claims Object) Object {
	if proof := claims[boundTo]; proof != nil && !h.holds(proof) {
		refuseWith(sdk.Invalid, pluginapi.ProofVoid, "the user that the token is about is gone or has changed")
	}
	return unbound(claims)
}
