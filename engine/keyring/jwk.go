package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const rsaBits = 2048

// parsedKey is a Key ready for use.
type parsedKey struct {
	Key
	private   crypto.Signer
	signer    jws.Signer
	verifier  jws.Verifier
	header    string // of tokens, encoded, with the dot that follows
	published document.Value
	retires   time.Time // RetiresAt, or what follows from the successor; zero: never
}

// family is the sort of key that an algorithm signs with.
type family struct {
	generate func() (crypto.Signer, error)
	// parse reads the private key of a JWK and refuses one of another family
	// or strength. Its errors do not quote the key.
	parse func(jwk.Key) (crypto.Signer, error)
	// public lists the public members of a JWK (RFC 7518 section 6, RFC 8037
	// section 2) in the order of Better Auth's key sets. Whatever else a
	// stored key holds is never published.
	public []string
}

// familyOf returns how keys for an algorithm are made.
func familyOf(alg string) (family, bool) {
	switch alg {
	case RS256, PS256:
		return family{
			generate: func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, rsaBits) },
			parse:    parseRSA, public: []string{"kty", "n", "e"},
		}, true
	case ES256:
		return ecFamily(elliptic.P256()), true
	case ES512:
		return ecFamily(elliptic.P521()), true
	case EdDSA:
		return family{
			generate: func() (crypto.Signer, error) {
				_, key, err := ed25519.GenerateKey(rand.Reader)
				return key, err
			},
			parse: parseEd25519, public: []string{"crv", "x", "kty"},
		}, true
	}
	return family{}, false
}

func parseRSA(key jwk.Key) (crypto.Signer, error) {
	var raw rsa.PrivateKey
	if err := key.Raw(&raw); err != nil {
		return nil, errors.New("not an RSA private key")
	}
	if err := raw.Validate(); err != nil || raw.N.BitLen() < rsaBits {
		return nil, errors.New("RSA key is invalid or too short")
	}
	raw.Precompute() // signing is several times as fast
	return &raw, nil
}

func ecFamily(curve elliptic.Curve) family {
	return family{
		generate: func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) },
		parse: func(key jwk.Key) (crypto.Signer, error) {
			var raw ecdsa.PrivateKey
			if err := key.Raw(&raw); err != nil || raw.Curve != curve {
				return nil, fmt.Errorf("not a %s private key", curve.Params().Name)
			}
			return &raw, nil
		},
		public: []string{"crv", "kty", "x", "y"},
	}
}

func parseEd25519(key jwk.Key) (crypto.Signer, error) {
	var raw ed25519.PrivateKey
	if err := key.Raw(&raw); err != nil || len(raw) != ed25519.PrivateKeySize {
		return nil, errors.New("not an Ed25519 private key")
	}
	return raw, nil
}

// generate makes a key pair and fills in both JWKs.
func generate(k Key) (Key, error) {
	f, ok := familyOf(k.Alg)
	if !ok {
		return k, ErrAlgorithm
	}
	raw, err := f.generate()
	if err != nil {
		return k, err
	}
	key, err := jwk.FromRaw(raw)
	if err != nil {
		return k, err
	}
	if k.PrivateJWK, err = json.Marshal(key); err != nil {
		return k, err
	}
	members, err := document.Parse(k.PrivateJWK, 0)
	if err != nil {
		return k, err
	}
	k.PublicJWK = pick(members, f.public).JSON()
	return k, nil
}

func pick(members document.Value, names []string) document.Value {
	out := document.NewObject(len(names) + 2)
	for _, name := range names {
		out.Set(name, members.Get(name))
	}
	return document.Obj(out)
}

// parse checks that a stored key is what it says and readies it for use.
func parse(k Key) (*parsedKey, error) {
	fail := func(reason any) error { return fmt.Errorf("keyring: stored key %q: %v", k.ID, reason) }
	key, err := jwk.ParseKey(k.PrivateJWK)
	if err != nil {
		return nil, fail("private key does not parse") // the cause could quote the key
	}
	p := &parsedKey{Key: k, retires: k.RetiresAt}
	f, ok := familyOf(k.Alg)
	if !ok {
		return nil, fail(ErrAlgorithm)
	}
	if p.private, err = f.parse(key); err != nil {
		return nil, fail(err)
	}
	if p.signer, err = jws.NewSigner(jwa.SignatureAlgorithm(k.Alg)); err != nil {
		return nil, fail(err)
	}
	if p.verifier, err = jws.NewVerifier(jwa.SignatureAlgorithm(k.Alg)); err != nil {
		return nil, fail(err)
	}
	p.header = p.headerOf("")
	members, err := document.Parse(k.PrivateJWK, 0)
	if err != nil {
		return nil, fail("private key does not parse")
	}
	public := pick(members, f.public).Object()
	out := document.NewObject(public.Len()+2).Set("alg", document.Text(k.Alg))
	for name, v := range public.All() {
		out.Set(name, v)
	}
	p.published = document.Obj(out.Set("kid", document.Text(k.ID)))
	return p, nil
}

// headerOf returns the header of tokens of a type, encoded, with the dot that
// follows.
func (p *parsedKey) headerOf(typ string) string {
	header := document.NewObject(3).Set("alg", document.Text(p.Alg)).Set("kid", document.Text(p.ID))
	if typ != "" {
		header.Set("typ", document.Text(typ))
	}
	return base64.RawURLEncoding.EncodeToString(document.Obj(header).JSON()) + "."
}

// Check reports what is wrong with a key that comes from elsewhere: its
// algorithm, or a private JWK that does not fit it. It does not quote the key.
func Check(k Key) error {
	_, err := parse(k)
	return err
}
