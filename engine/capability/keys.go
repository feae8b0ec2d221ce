package capability

import (
	"context"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/pluginapi"
)

// JWKSMaxAge is how long verifiers may cache a key set. A new key is published
// longer than that before it signs.
const JWKSMaxAge = time.Hour

// DefaultAlg signs where a plugin names no algorithm.
const DefaultAlg = "RS256"

func (h *Host) keysFunctions() map[string]function {
	return map[string]function{"sign": h.signJWT, "jwks": h.jwks}
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

// signJWT signs claims. The host sets iat and exp, and lets token.claims
// hooks add theirs.
func (h *Host) signJWT(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	use, alg, err := h.keyUse(c, args)
	if err != nil {
		return document.Value{}, err
	}
	life, err := seconds(args, "expiresIn")
	if err != nil {
		return document.Value{}, err
	}
	now := c.Exchange.Now
	claims := document.NewObject(12).Set("iat", document.Int(now.Unix()))
	for name, v := range args.Get("claims").Object().All() {
		claims.Set(name, v)
	}
	if err := c.Exchange.Claims(ctx, use, claims); err != nil {
		return document.Value{}, err
	}
	claims.Set("iat", document.Int(now.Unix()))
	claims.Set("exp", document.Int(now.Add(life).Unix()))
	token, kid, err := h.Keys.Sign(ctx, use, alg, object(claims).JSON())
	if err != nil {
		return document.Value{}, keyFault(err)
	}
	return object(document.NewObject(2).Set("token", document.Text(token)).Set("kid", document.Text(kid))), nil
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
	v.Object().Set("maxAge", document.Int(int64(JWKSMaxAge/time.Second)))
	return v, nil
}

// keyFault tells an algorithm that there is not from what is the host's fault.
func keyFault(err error) error {
	if errors.Is(err, keyring.ErrAlgorithm) {
		return invalid("there is no such algorithm")
	}
	return err
}
