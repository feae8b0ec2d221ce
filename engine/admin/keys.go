package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/pluginapi"
)

// keyAction does something with the keys of a use in a tenant, and returns
// what the operator is to see. Its errors are the operator's.
type keyAction func(ctx context.Context, t *Tenant, use string, q url.Values) (any, error)

// keys answers with what an action has to say.
func (l *listener) keys(do keyAction) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t := l.tenant(w, r)
		if t == nil {
			return
		}
		q := r.URL.Query()
		out, err := any(nil), fmt.Errorf("no plugin of tenant %q signs with keys for %q", t.ID, q.Get("use"))
		if t.signs(q.Get("use")) {
			out, err = do(r.Context(), t, q.Get("use"), q)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		answer(w, http.StatusOK, out)
	}
}

// signs reports whether a plugin of the tenant asks for keys of a use.
func (t *Tenant) signs(use string) bool {
	for _, p := range t.API.Plugins.Plugins() {
		if c, ok := p.Capability(pluginapi.CapKeys); ok && slices.Contains(c.Keys, use) {
			return true
		}
	}
	return false
}

// listedKey is a key as the admin listener shows it.
type listedKey struct {
	Kid       string     `json:"kid"`
	Alg       string     `json:"alg"`
	State     string     `json:"state"`
	CreatedAt time.Time  `json:"createdAt"`
	ActiveAt  time.Time  `json:"activeAt"`
	RetiresAt *time.Time `json:"retiresAt"` // null: not decided yet
}

func listKeys(ctx context.Context, t *Tenant, use string, _ url.Values) (any, error) {
	keys, err := t.Keys.List(ctx, use)
	list := make([]listedKey, len(keys))
	for i, k := range keys {
		list[i] = listedKey{Kid: k.ID, Alg: k.Alg, State: string(k.State), CreatedAt: k.CreatedAt, ActiveAt: k.ActiveAt}
		if !k.RetiresAt.IsZero() {
			list[i].RetiresAt = &keys[i].RetiresAt
		}
	}
	return map[string]any{"keys": list}, err
}

// Formats of exported keys.
const (
	formatJWKS       = "jwks"        // a JSON Web Key Set (RFC 7517, section 5)
	formatConvexJWKS = "convex-jwks" // what getAuthConfigProvider of @convex-dev/better-auth reads
)

// exportKeys gives the published keys, the pending ones included: a verifier
// that was given them goes on through the next rotation.
func exportKeys(ctx context.Context, t *Tenant, use string, q url.Values) (any, error) {
	alg, err := t.algorithm(ctx, use, q.Get("alg"))
	if err != nil {
		return nil, err
	}
	if _, err := t.Keys.JWKS(ctx, use, alg); err != nil { // makes the first key
		return nil, err
	}
	keys, err := t.Keys.List(ctx, use)
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(k keyring.Info) bool { return k.State == keyring.Retired || k.Alg != alg })
	switch format := q.Get("format"); format {
	case formatJWKS:
		set := []json.RawMessage{}
		for _, k := range keys {
			public, err := document.Parse(k.Public, 0)
			if err != nil {
				return nil, err
			}
			public.Object().Set("alg", document.Text(k.Alg)).Set("kid", document.Text(k.ID))
			set = append(set, public.JSON())
		}
		return map[string]any{"keys": set}, nil
	case formatConvexJWKS:
		// Rows of the table that the component has its keys in.
		rows := []map[string]string{}
		for _, k := range keys {
			rows = append(rows, map[string]string{"id": k.ID, "alg": k.Alg, "publicKey": string(k.Public)})
		}
		return rows, nil
	default:
		return nil, fmt.Errorf("there is no format %q; %s and %s are", format, formatConvexJWKS, formatJWKS)
	}
}

// algorithm returns the one that was asked for, or that the keys of a use have.
func (t *Tenant) algorithm(ctx context.Context, use, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	keys, err := t.Keys.List(ctx, use)
	if err != nil {
		return "", err
	}
	var algs []string
	for _, k := range keys {
		if k.State != keyring.Retired && !slices.Contains(algs, k.Alg) {
			algs = append(algs, k.Alg)
		}
	}
	switch len(algs) {
	case 0:
		return "", fmt.Errorf("tenant %q has no keys for %q yet; name the algorithm", t.ID, use)
	case 1:
		return algs[0], nil
	}
	return "", fmt.Errorf("tenant %q has keys of several algorithms for %q, %v; name the one you mean", t.ID, use, algs)
}

func (l *listener) rotateKeys(ctx context.Context, t *Tenant, use string, q url.Values) (any, error) {
	alg, err := t.algorithm(ctx, use, q.Get("alg"))
	if err != nil {
		return nil, err
	}
	kid, err := t.Keys.Rotate(ctx, use, alg)
	if err != nil {
		return nil, err
	}
	l.Logger.Info("signing key published", "tenant", t.ID, "use", use, "alg", alg, "kid", kid)
	return map[string]string{"kid": kid}, nil
}

func (l *listener) withdrawKey(ctx context.Context, t *Tenant, use string, q url.Values) (any, error) {
	kid := q.Get("kid")
	err := t.Keys.Retire(ctx, use, kid)
	if errors.Is(err, keyring.ErrUnknownKey) {
		return nil, fmt.Errorf("tenant %q has no key %q for %q", t.ID, kid, use)
	}
	if err != nil {
		return nil, err
	}
	l.Logger.Warn("signing key withdrawn", "tenant", t.ID, "use", use, "kid", kid)
	return map[string]string{"kid": kid}, nil
}
