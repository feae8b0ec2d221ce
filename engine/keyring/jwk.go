package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
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

// generate makes a key pair and fills in both JWKs.
func generate(k Key) (Key, error) {
	var (
		raw    crypto.Signer
		err    error
		public []string
	)
	switch k.Alg {
	case RS256:
		raw, err = rsa.GenerateKey(rand.Reader, rsaBits)
		public = rsaMembers()
	case ES256:
		raw, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		public = ecMembers()
	default:
		return k, ErrAlgorithm
	}
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
	k.PublicJWK = pick(members, public).JSON()
	return k, nil
}

// The public members of a JWK (RFC 7518 section 6) in the order of Better
// Auth's key sets. Whatever else a stored key holds is never published.
func rsaMembers() []string { return []string{"kty", "n", "e"} }
func ecMembers() []string  { return []string{"crv", "kty", "x", "y"} }

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
	var names []string
	switch k.Alg {
	case RS256:
		var raw rsa.PrivateKey
		if err := key.Raw(&raw); err != nil {
			return nil, fail("not an RSA private key")
		}
		if err := raw.Validate(); err != nil || raw.N.BitLen() < rsaBits {
			return nil, fail("RSA key is invalid or too short")
		}
		raw.Precompute() // signing is several times as fast
		p.private, names = &raw, rsaMembers()
	case ES256:
		var raw ecdsa.PrivateKey
		if err := key.Raw(&raw); err != nil || raw.Curve != elliptic.P256() {
			return nil, fail("not a P-256 private key")
		}
		p.private, names = &raw, ecMembers()
	default:
		return nil, fail(ErrAlgorithm)
	}
	if p.signer, err = jws.NewSigner(jwa.SignatureAlgorithm(k.Alg)); err != nil {
		return nil, fail(err)
	}
	if p.verifier, err = jws.NewVerifier(jwa.SignatureAlgorithm(k.Alg)); err != nil {
		return nil, fail(err)
	}
	header := document.NewObject(2).Set("alg", document.Text(k.Alg)).Set("kid", document.Text(k.ID))
	p.header = base64.RawURLEncoding.EncodeToString(document.Obj(header).JSON()) + "."
	members, err := document.Parse(k.PrivateJWK, 0)
	if err != nil {
		return nil, fail("private key does not parse")
	}
	public := pick(members, names).Object()
	out := document.NewObject(public.Len()+2).Set("alg", document.Text(k.Alg))
	for name, v := range public.All() {
		out.Set(name, v)
	}
	p.published = document.Obj(out.Set("kid", document.Text(k.ID)))
	return p, nil
}
