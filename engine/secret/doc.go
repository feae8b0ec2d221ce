// Package secret owns everything that is computed from a tenant's secret or
// from a password: cookie signatures, sealed values, derived keys, HS256
// tokens, password hashes, and random strings. Its formats are those of
// Better Auth, so data and cookies of an existing application stay valid.
//
// Of several versions of a secret the first is current. It alone signs and
// verifies, so that what an old secret signed ends with the rotation: whoever
// stole that secret cannot go on minting. The others only open what was
// sealed with them.
//
// Neighbours: engine/keyring owns asymmetric keys; engine/store keeps what is
// sealed here. Neither is imported. Guests never see anything from this
// package but results.
//
//	s, err := secret.New([]secret.Version{{Value: "…"}})
//	cookie := s.Sign(token)
//	token, ok := s.Verify(cookie)
//
//	h, err := secret.NewHasher(secret.HasherConfig{})
//	hash, err := h.Hash(ctx, password)
//	ok, rehash, err := h.Verify(ctx, hash, password)
//
// Decisions and their reasons: docs/rationale/keys.md.
package secret
