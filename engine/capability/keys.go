package capability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/pluginapi"
)

// DefaultJWKSMaxAge is how long verifiers may cache a key set unless the
// configuration says otherwise.
const DefaultJWKSMaxAge = time.Hour

// DefaultAlg signs where a plugin names no algorithm.
const DefaultAlg = "RS256"

func (h *Host) keysFunctions() map[string]function {
	return map[string]function{"sign": h.signJWT, "verify": h.verifyJWT, "jwks": h.jwks}
}

func (h *Host) keyUse(c *dispatch.Call, args *document.Object) (use, alg string, err error) {
	if use, err = text(args, "use"); err != nil {
		return "", "", err
	}
	if !asked(c, pluginapi.CapKeys, use, func(r pluginapi.Capability) []string { return r.Keys }) {
		return "", "", refuse(pluginapi.StatusDenied, "the manifest does not ask for the key use "+use)
	}
	if alg = args.Get("alg").Str(); alg == "" {
		alg = DefaultAlg
	}
	return use, alg, nil
}

// signJWT signs claims. The host sets iat, exp and, if asked, a random jti,
// and lets token.claims hooks add theirs. With reuse it may give a token that
// was signed before for the same claims.
func (h *Host) signJWT(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	use, alg, err := h.keyUse(c, args)
	if err != nil {
		return document.Value{}, err
	}
	life, err := seconds(args, "expiresIn")
	if err != nil {
		return document.Value{}, err
	}
	if most := h.Keys.MaxLife(); life > most {
		return document.Value{}, refuse(pluginapi.StatusInvalid, fmt.Sprintf("a token must not live longer (%s) than its key stays published (keys.overlap, %s)", life, most))
	}
	claims := mergeClaims(args)
	if err := c.Exchange.Claims(ctx, use, claims, reservedClaims(args)); err != nil {
		return document.Value{}, err
	}
	key := newTokenKey(c.Entry.Plugin.ID, use, alg, object(claims).JSON())
	if left, ok := args.Get("reuse").Int(); ok && left > 0 {
		t, ok, err := h.reusable(ctx, use, key, c.Exchange.Now, time.Duration(left)*time.Second)
		if ok || err != nil {
			return signed(t), err
		}
	}
	t, err := h.signNew(ctx, use, alg, claims, c.Exchange.Now, life, args.Get("id").Bool())
	if err != nil {
		return document.Value{}, keyFault(err)
	}
	h.tokens.put(key, t)
	return signed(t), nil
}

// reusable returns an earlier token that lives so long and whose key is still
// published: one that was withdrawn signs nothing, old tokens included.
func (h *Host) reusable(ctx context.Context, use string, key tokenKey, now time.Time, left time.Duration) (signedToken, bool, error) {
	t, ok := h.tokens.get(key, now, left)
	if !ok {
		return t, false, nil
	}
	ok, err := h.Keys.Published(ctx, use, t.kid)
	return t, ok, err
}

// reservedClaims lists what token.claims hooks must leave alone, besides the
// host's claims, which it sets after them.
func reservedClaims(args *document.Object) []string {
	var names []string
	for _, v := range args.Get("reserved").Items() {
		names = append(names, v.Str())
	}
	return names
}

// verifyJWT gives the claims of a token that a key of the use has signed and
// whose time has neither passed nor is still to come. Whom it is from and for
// is the caller's to check.
func (h *Host) verifyJWT(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	use, alg, err := h.keyUse(c, args)
	if err != nil {
		return document.Value{}, err
	}
	bad := &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "invalid", Message: "the token is not valid"}
	text, err := h.Keys.Verify(ctx, use, alg, args.Get("token").Str())
	switch {
	case errors.Is(err, keyring.ErrInvalidToken):
		return document.Value{}, bad
	case err != nil:
		return document.Value{}, err
	}
	v, err := document.Parse(text, maxClaimsDepth)
	if err != nil || v.Kind() != document.ObjectKind {
		return document.Value{}, bad
	}
	exp, ok := v.Get("exp").Float()
	nbf, later := v.Get("nbf").Float()
	switch now := float64(c.Exchange.Now.UnixMilli()) / 1000; {
	case !ok || later && nbf > now:
		return document.Value{}, bad
	case exp <= now:
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "expired", Message: "the token has expired"}
	}
	return object(document.NewObject(1).Set("claims", v)), nil
}

// maxClaimsDepth bounds the nesting of claims that are read.
const maxClaimsDepth = 32

// mergeClaims puts claims over base, which is taken without the members that
// omit lists. The times are the host's.
func mergeClaims(args *document.Object) *document.Object {
	omit := args.Get("omit").Items()
	claims := document.NewObject(12)
	for name, v := range args.Get("base").Object().All() {
		if !slices.ContainsFunc(omit, func(o document.Value) bool { return o.Str() == name }) {
			claims.Set(name, v)
		}
	}
	for name, v := range args.Get("claims").Object().All() {
		claims.Set(name, v.Clone())
	}
	claims.Delete("iat")
	claims.Delete("exp")
	return claims
}

// signNew signs claims with the times, and the id if asked, in front and at
// the end, as the reference has them.
func (h *Host) signNew(ctx context.Context, use, alg string, claims *document.Object, now time.Time, life time.Duration, id bool) (signedToken, error) {
	whole := document.NewObject(claims.Len()+3).Set("iat", document.Int(now.Unix()))
	for name, v := range claims.All() {
		if name != "iat" && name != "exp" {
			whole.Set(name, v)
		}
	}
	if id {
		whole.Set("jti", document.Text(secret.UUID()))
	}
	expires := now.Truncate(time.Second).Add(life)
	whole.Set("exp", document.Int(expires.Unix()))
	token, kid, err := h.Keys.Sign(ctx, use, alg, object(whole).JSON())
	return signedToken{token: token, kid: kid, expires: expires}, err
}

func signed(t signedToken) document.Value {
	return object(document.NewObject(2).Set("token", document.Text(t.token)).Set("kid", document.Text(t.kid)))
}

func (h *Host) jwks(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	use, alg, err := h.keyUse(c, args)
	if err != nil {
		return document.Value{}, err
	}
	set, err := h.Keys.JWKS(ctx, use, alg)
	if err != nil {
		return document.Value{}, keyFault(err)
	}
	v, err := document.Parse(set, 0)
	if err != nil {
		return document.Value{}, err
	}
	v.Object().Set("maxAge", document.Int(int64(h.JWKSMaxAge/time.Second)))
	return v, nil
}

// keyFault tells an algorithm that there is not from what is the host's fault.
func keyFault(err error) error {
	if errors.Is(err, keyring.ErrAlgorithm) {
		return invalid("there is no such algorithm")
	}
	return err
}
