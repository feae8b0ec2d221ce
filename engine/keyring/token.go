package keyring

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/lestrrat-go/jwx/v2/jws"
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
	if alg == "" {
		alg = RS256
	}
	u := r.use(use)
	set, k, err := r.ensure(ctx, u, alg)
	if err != nil {
		return "", "", err
	}
	r.rotateIfDue(ctx, u, set, alg)
	signed, err := jws.Sign(claims, jws.WithKey(k.alg, k.private, jws.WithProtectedHeaders(k.headers)))
	if err != nil {
		return "", "", err
	}
	return string(signed), k.ID, nil
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
// the use signed. The kid must name that key and alg must be the key's own;
// header parameters other than alg, kid and typ are refused, so there is no
// key to fetch or to take from the token, and no extension to obey. The caller
// checks the claims, their times included. Faults of the token, whatever they
// are, give ErrInvalidToken.
func (r *Ring) Verify(ctx context.Context, use, token string) (claims []byte, err error) {
	kid, alg, ok := parseHeader(token)
	if !ok {
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
	claims, err = jws.Verify([]byte(token), jws.WithKey(set.keys[i].alg, set.keys[i].private.Public()))
	if err != nil {
		return nil, ErrInvalidToken
	}
	return claims, nil
}

// parseHeader reads alg and kid of a compact JWS without believing them.
func parseHeader(token string) (kid, alg string, ok bool) {
	if len(token) > MaxTokenBytes {
		return "", "", false
	}
	dot := strings.IndexByte(token[:min(len(token), maxHeaderBytes)], '.')
	if dot < 0 {
		return "", "", false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(token[:dot])
	if err != nil {
		return "", "", false
	}
	header, err := document.Parse(text, maxHeaderDepth)
	if err != nil {
		return "", "", false
	}
	for name := range header.Object().All() {
		if name != "alg" && name != "kid" && name != "typ" {
			return "", "", false
		}
	}
	kid, alg = header.Get("kid").Str(), header.Get("alg").Str()
	return kid, alg, kid != "" && alg != ""
}
