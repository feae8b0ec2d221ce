package keyring

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
)

// Bounds on tokens that Verify reads, checked before anything is decoded.
const (
	MaxTokenBytes  = 32 << 10
	maxHeaderBytes = 1 << 10
	maxHeaderDepth = 2
)

// Sign returns the claims, JSON text that is taken as it is, as a compact JWS
// with the header {"alg":…,"kid":…}, and the id of the key. The first call
// for a use and algorithm makes the key. alg "" means RS256.
func (r *Ring) Sign(ctx context.Context, use, alg string, claims []byte) (token, kid string, err error) {
	return r.SignTyped(ctx, use, alg, "", claims)
}

// SignTyped is Sign for tokens of a type of their own, which is the header member
// typ (RFC 8725 section 3.11): VerifyTyped takes them, and Verify does not.
func (r *Ring) SignTyped(ctx context.Context, use, alg, typ string, claims []byte) (token, kid string, err error) {
	if alg == "" {
		alg = RS256
	}
	u := r.use(use)
	set, k, err := r.ensure(ctx, u, alg)
	if err != nil {
		return "", "", err
	}
	r.rotateIfDue(ctx, u, set, alg)
	header := k.header
	if typ != "" {
		header = k.headerOf(typ)
	}
	b64 := base64.RawURLEncoding
	signed := b64.AppendEncode([]byte(header), claims)
	signature, err := k.signer.Sign(signed, k.private)
	if err != nil {
		return "", "", err
	}
	return string(b64.AppendEncode(append(signed, '.'), signature)), k.ID, nil
}

// JWKS returns the published keys of a use as {"keys":[…]}, public members
// only, newest last. algs narrows it to some algorithms, and a key is made for
// each of them that has none, so that verifiers never cache an empty set; no
// algs means all that there are, or RS256 if there are none.
func (r *Ring) JWKS(ctx context.Context, use string, algs ...string) ([]byte, error) {
	u := r.use(use)
	set, err := r.keys(ctx, u)
	if err != nil {
		return nil, err
	}
	wanted := algs
	if now := r.config.Now(); len(algs) == 0 && !slices.ContainsFunc(set.keys, func(k *parsedKey) bool { return k.live(now) }) {
		wanted = []string{RS256}
	}
	for _, alg := range wanted {
		if set, _, err = r.ensure(ctx, u, alg); err != nil {
			return nil, err
		}
		r.rotateIfDue(ctx, u, set, alg)
	}
	if now := u.set.Load(); now != nil {
		set = now // with what a rotation added
	}
	out := []byte(`{"keys":[`)
	for _, k := range set.keys {
		if !k.live(r.config.Now()) || len(algs) > 0 && !slices.Contains(algs, k.Alg) {
			continue
		}
		if out[len(out)-1] != '[' {
			out = append(out, ',')
		}
		out = k.published.AppendJSON(out)
	}
	return append(out, "]}"...), nil
}

// Verify returns the claims, as JSON text, of a token that a published key of
// the use and algorithm signed; algorithm "" is any. The kid must name that
// key and alg must be the key's own; header parameters other than alg, kid and
// typ are refused, so there is no key to fetch or to take from the token, and
// no extension to obey. A typ, if there is one, must be JWT (RFC 7519 section
// 5.1). The caller checks the claims, their times included. Faults of the token,
// whatever they are, give ErrInvalidToken.
func (r *Ring) Verify(ctx context.Context, use, algorithm, token string) (claims []byte, err error) {
	return r.VerifyTyped(ctx, use, algorithm, "", token)
}

// VerifyTyped is Verify for the tokens of SignTyped, of that type and no other.
func (r *Ring) VerifyTyped(ctx context.Context, use, algorithm, typ, token string) (claims []byte, err error) {
	parts, ok := split(token)
	if !ok {
		return nil, ErrInvalidToken
	}
	kid, alg, ok := parseHeader(parts[0], typ)
	if !ok || algorithm != "" && alg != algorithm {
		return nil, ErrInvalidToken
	}
	set, err := r.keys(ctx, r.use(use))
	if err != nil {
		return nil, err
	}
	now := r.config.Now()
	i := slices.IndexFunc(set.keys, func(k *parsedKey) bool { return k.ID == kid && k.Alg == alg && k.live(now) })
	if i < 0 {
		return nil, ErrInvalidToken
	}
	signed := token[:strings.LastIndexByte(token, '.')]
	if err := set.keys[i].verifier.Verify([]byte(signed), parts[2], set.keys[i].private.Public()); err != nil {
		return nil, ErrInvalidToken
	}
	return parts[1], nil
}

// split decodes a compact JWS (RFC 7515 section 7.1). A token has one
// spelling: three parts of base64url without padding, line breaks or stray
// trailing bits.
func split(token string) (parts [3][]byte, ok bool) {
	dot := strings.IndexByte(token[:min(len(token), maxHeaderBytes)], '.')
	if dot < 0 || len(token) > MaxTokenBytes || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return parts, false
	}
	for i, text := range strings.Split(token, ".") {
		part, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil {
			return parts, false
		}
		parts[i] = part
	}
	return parts, true
}

// parseHeader reads alg and kid of a token of a type without believing them.
func parseHeader(text []byte, typ string) (kid, alg string, ok bool) {
	header, err := document.Parse(text, maxHeaderDepth)
	if err != nil {
		return "", "", false
	}
	for name := range header.Object().All() {
		if name != "alg" && name != "kid" && name != "typ" {
			return "", "", false
		}
	}
	own := header.Get("typ")
	plain := own.IsAbsent() || strings.EqualFold(own.Str(), "JWT")
	kid, alg = header.Get("kid").Str(), header.Get("alg").Str()
	return kid, alg, kid != "" && alg != "" && (typ == "" && plain || typ != "" && own.Str() == typ)
}
