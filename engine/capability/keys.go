package capability

import (
	"cmp"
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

// keyUse checks that the manifest asks for a key use, and gives the algorithm
// that is meant.
func keyUse(c *dispatch.Call, use, alg string) (string, error) {
	request, _ := c.Entry.Plugin.Capability(pluginapi.CapKeys)
	if !slices.Contains(request.Keys, use) {
		return "", refuse(pluginapi.StatusDenied, "the manifest does not ask for the key use "+use)
	}
	return cmp.Or(alg, DefaultAlg), nil
}

// keysSign signs claims. The host sets iat, exp and, if asked, a random jti,
// and lets token.claims hooks add theirs. With reuse it may give a token that
// was signed before for the same claims.
func (h *Functions) keysSign(ctx context.Context, c *dispatch.Call, a keysSignArgs) (document.Value, error) {
	alg, err := keyUse(c, a.Use, a.Alg)
	if err != nil {
		return document.Value{}, err
	}
	if most := h.Keys.MaxLife(); life(a.ExpiresIn) > most {
		return document.Value{}, invalid(fmt.Sprintf("a token must not live longer (%s) than its key stays published (keys.overlap, %s)", life(a.ExpiresIn), most))
	}
	claims := mergeClaims(a)
	if err := c.Exchange.Claims(ctx, a.Use, claims, a.Reserved); err != nil {
		return document.Value{}, err
	}
	if err := checkSubject(ctx, c, claims.Get("sub")); err != nil {
		return document.Value{}, err
	}
	key := newTokenKey(c.Entry.Plugin.ID, a.Use, alg, object(claims).JSON())
	if a.Reuse > 0 {
		t, ok, err := h.reusable(ctx, a.Use, key, c.Exchange.Now, life(a.Reuse))
		if ok || err != nil {
			h.repeatable(c, a, t)
			return signed(t), err
		}
	}
	t, err := h.signNew(ctx, a.Use, alg, claims, c.Exchange.Now, life(a.ExpiresIn), a.ID)
	if err != nil {
		return document.Value{}, keyFault(err)
	}
	h.tokens.Put(key, t)
	if a.Reuse > 0 {
		h.repeatable(c, a, t)
	}
	return signed(t), nil
}

// repeatable says that the same call would give the same token as long as it
// may be reused. Hooks that add claims may add others each time.
func (h *Functions) repeatable(c *dispatch.Call, a keysSignArgs, t signedToken) {
	if c.Exchange.Set().Has(pluginapi.EventTokenClaims) {
		return
	}
	c.Repeatable(t.expires.Add(-life(a.Reuse)), func(ctx context.Context) (bool, error) {
		return h.Keys.Published(ctx, a.Use, t.kid)
	})
}

// checkSubject refuses a token that is not about the user of the session, unless
// the plugin may sign about anybody: its subject is the user's id, or the field
// by which the plugin's settings name users.
func checkSubject(ctx context.Context, c *dispatch.Call, sub document.Value) error {
	if c.Entry.Plugin.May.Has(pluginapi.PermSubjects) {
		return nil
	}
	_, user, err := c.Exchange.Session.Answered(ctx)
	if err != nil {
		return err
	}
	if user != nil && sub.Kind() == document.String {
		if sub.Str() == user.ID {
			return nil
		}
		for _, field := range c.Entry.Plugin.Subjects {
			if sub.Str() != "" && sub.Str() == user.Str(field) {
				return nil
			}
		}
	}
	c.Lacks(pluginapi.PermSubjects, "the subject of a token")
	return refuse(pluginapi.StatusDenied, "the token is not about the user of the session, which takes the permission subjects")
}

// reusable returns an earlier token that lives so long and whose key is still
// published: one that was withdrawn signs nothing, old tokens included.
func (h *Functions) reusable(ctx context.Context, use string, key tokenKey, now time.Time, left time.Duration) (signedToken, bool, error) {
	t, ok := h.tokens.get(key, now, left)
	if !ok {
		return t, false, nil
	}
	ok, err := h.Keys.Published(ctx, use, t.kid)
	return t, ok, err
}

// keysVerify gives the claims of a token that a key of the use has signed and
// whose time has neither passed nor is still to come. Whom it is from and for
// is the caller's to check.
func (h *Functions) keysVerify(ctx context.Context, c *dispatch.Call, a keysVerifyArgs) (document.Value, error) {
	alg, err := keyUse(c, a.Use, a.Alg)
	if err != nil {
		return document.Value{}, err
	}
	bad := badToken("invalid", "the token is not valid")
	text, err := h.Keys.Verify(ctx, a.Use, alg, a.Token)
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
		return document.Value{}, badToken("expired", "the token has expired")
	}
	return object(document.NewObject(1).Set("claims", v)), nil
}

// maxClaimsDepth bounds the nesting of claims that are read.
const maxClaimsDepth = 32

// mergeClaims puts claims over base, which is taken without the members that
// omit lists. The times are the host's.
func mergeClaims(a keysSignArgs) *document.Object {
	claims := document.NewObject(12)
	for name, v := range a.Base.All() {
		if !slices.Contains(a.Omit, name) {
			claims.Set(name, v)
		}
	}
	for name, v := range a.Claims.All() {
		claims.Set(name, v.Clone())
	}
	claims.Delete("iat")
	claims.Delete("exp")
	return claims
}

// signNew signs claims with the times, and the id if asked, in front and at
// the end, as the reference has them.
func (h *Functions) signNew(ctx context.Context, use, alg string, claims *document.Object, now time.Time, life time.Duration, id bool) (signedToken, error) {
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

func (h *Functions) keysJWKS(ctx context.Context, c *dispatch.Call, a keysJWKSArgs) (document.Value, error) {
	alg, err := keyUse(c, a.Use, a.Alg)
	if err != nil {
		return document.Value{}, err
	}
	set, err := h.Keys.JWKS(ctx, a.Use, alg)
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
