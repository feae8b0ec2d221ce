// Package keyring owns the asymmetric keys with which a tenant signs tokens:
// their creation on demand, their rotation, the JSON Web Key Set (RFC 7517)
// that verifiers fetch, and signing and verifying itself (RFC 7515). It is
// the only package that knows the JOSE library.
//
// A key is published from its creation, signs from Key.ActiveAt until its
// successor does, and stays published for Policy.Overlap after that:
//
//	created      active                 successor active        retired
//	|-- Publish --|------- signs --------|------- Overlap -------|
//	|------------------------ in the JWKS ------------------------|
//
// So a verifier that caches the set for less than Publish knows every key
// before it meets a token signed with it, and a token that lives less than
// Overlap can be verified to its end. The first key of a use signs at once:
// no verifier can have cached a set before it.
//
// Neighbours: engine/secret owns HMAC tokens; the engine adapts engine/store
// to Storage and seals private keys there. Several processes may share one
// storage; see Storage.Insert.
//
//	ring := keyring.New(keyring.Config{Storage: storage})
//	token, kid, err := ring.Sign(ctx, "convex", keyring.RS256, []byte(`{"sub":"…"}`))
//	jwks, err := ring.JWKS(ctx, "convex")
//
// Decisions and their reasons: docs/rationale/keys.md.
package keyring
