package importer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/pluginapi"
)

// keyGrace is how long Better Auth publishes a key after its expiry.
const keyGrace = 30 * 24 * time.Hour

// foundKey is a signing key of the source.
type foundKey struct {
	keyring.Key
	there bool // the tenant has it
}

// checkKeys reads the signing keys: there are few.
func (r *run) checkKeys(ctx context.Context) error {
	if r.keys == nil {
		return nil
	}
	t := r.keys
	r.report.Tables = append(r.report.Tables, t.report)
	err := r.eachRow(ctx, t, PassCheck, func(row *document.Object) error {
		t.report.Rows++
		key, f := r.keyOf(row)
		switch {
		case f != nil:
			t.report.Refused++
			r.report.problem(t.Name, f, key.ID)
		case key.Use == "":
			t.report.Unclaimed++
		default:
			r.found = append(r.found, foundKey{Key: key})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(r.found, func(a, b foundKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return r.compareKeys(ctx)
}

// compareKeys tells keys that the tenant has from new ones. Keys of its own
// stand in the way: verifiers know those by now.
func (r *run) compareKeys(ctx context.Context) error {
	numbers := map[string]int{}
	for i := range r.found {
		k := &r.found[i]
		line := k.Use + " " + k.Alg
		have, err := r.target.Keys.Keys(ctx, k.Use)
		if err != nil {
			return err
		}
		own := false
		for _, h := range have {
			if h.Alg != k.Alg {
				continue
			}
			k.there = k.there || h.ID == k.ID
			numbers[line] = max(numbers[line], h.Number)
			own = own || !slices.ContainsFunc(r.found, func(f foundKey) bool { return f.ID == h.ID })
		}
		switch {
		case k.there:
			r.keys.report.Unchanged++
		case own:
			r.keys.report.Refused++
			r.report.problem(r.keys.Name, &fault{
				what:   "the tenant has " + k.Alg + " keys of its own already",
				remedy: "import before the tenant signs its first token, or leave the old keys out with --ignore jwks: tokens that they signed then end",
			}, k.ID)
		default:
			numbers[line]++
			k.Number = numbers[line]
			r.keys.report.New++
		}
	}
	return nil
}

// keyOf reads one row of the table of keys.
func (r *run) keyOf(row *document.Object) (keyring.Key, *fault) {
	k := keyring.Key{ID: r.idOf(r.keys, row)}
	column := map[string]document.Value{}
	for name, v := range row.All() {
		column[key(name)] = v
	}
	public, err := jwkOf(column["publickey"])
	if k.ID == "" || err != nil {
		return k, &fault{what: "a key has no id or no public key", remedy: "leave the keys out with --ignore jwks"}
	}
	k.Alg = algorithm(column["alg"].Str(), public)
	private := column["privatekey"]
	if text := unquoted(private.Str()); secret.LooksSealed(text) {
		plain, err := r.target.Secrets.Open(text)
		if err != nil {
			return k, wrongSecret("privateKey")
		}
		r.report.Unsealed++
		private = document.Text(string(plain))
	}
	jwk, err := jwkOf(private)
	if err != nil {
		return k, &fault{what: "the private key is no JWK", remedy: "leave the keys out with --ignore jwks"}
	}
	k.PublicJWK, k.PrivateJWK = public.JSON(), jwk.JSON()
	k.Use = r.useOf(k.Alg)
	created := asTime(column["createdat"], r.Zone)
	if k.CreatedAt, _ = created.Time(); k.CreatedAt.IsZero() {
		k.CreatedAt = r.Now()
	}
	if expires, ok := asTime(column["expiresat"], r.Zone).Time(); ok && expires.Add(keyGrace).Before(r.Now()) {
		k.Use = "" // Better Auth does not publish it any more either
	}
	if k.Use == "" {
		return k, nil
	}
	k.ActiveAt = r.Now()
	if err := keyring.Check(k); err != nil {
		return k, &fault{what: strings.TrimPrefix(err.Error(), "keyring: "), remedy: "leave the keys out with --ignore jwks"}
	}
	return k, nil
}

// unquoted takes the quotes off a JSON string; other texts stay.
func unquoted(text string) string {
	if v, err := document.Parse([]byte(text), 0); err == nil && v.Kind() == document.String {
		return v.Str()
	}
	return text
}

func jwkOf(v document.Value) (document.Value, error) {
	if v = asJSON(v); v.Kind() == document.String {
		v = asJSON(v)
	}
	if v.Get("kty").Str() == "" {
		return v, errors.New("no JWK")
	}
	return v, nil
}

// algorithm is that of a key: the one that the table names, or the usual one of
// its sort (RFC 7518, section 6.2.1.1, and RFC 8037).
func algorithm(named string, public document.Value) string {
	if alg := public.Get("alg").Str(); named == "" && alg != "" {
		return alg
	}
	if named != "" {
		return named
	}
	switch public.Get("kty").Str() + " " + public.Get("crv").Str() {
	case "RSA ":
		return keyring.RS256
	case "EC P-256":
		return keyring.ES256
	case "EC P-521":
		return keyring.ES512
	}
	return keyring.EdDSA
}

// useOf says which of the tenant's plugins takes keys of an algorithm over, by
// the use that it signs them with; of several, the one that takes the fewest.
func (r *run) useOf(alg string) string {
	use, fewest := "", 0
	for _, p := range r.target.Plugins {
		k := p.Imports[pluginapi.ProductBetterAuth].Keys
		if k != nil && slices.Contains(k.Algs, alg) && (use == "" || len(k.Algs) < fewest) {
			use, fewest = k.Use, len(k.Algs)
		}
	}
	return use
}

// writeKeys stores the new keys. The newest signs from now on; tokens of the
// others verify for as long as those of a key that was rotated.
func (r *run) writeKeys(ctx context.Context) error {
	for _, k := range r.found {
		if k.there || k.Number == 0 {
			continue
		}
		if err := r.target.Keys.Insert(ctx, k.Key); err != nil {
			return err
		}
	}
	return nil
}
