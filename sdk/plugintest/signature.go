package plugintest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash"
	"math/big"
	"strings"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// hashes are the hash functions by name.
var hashes = map[string]func() hash.Hash{
	pluginapi.HashSHA1: sha1.New, pluginapi.HashSHA256: sha256.New, pluginapi.HashSHA384: sha512.New384, pluginapi.HashSHA512: sha512.New,
	pluginapi.HashKeccak256: newKeccak,
}

// algorithmHashes are the hash functions of algorithms, by the last three
// characters of their names; Ed25519 needs none.
var algorithmHashes = map[string]crypto.Hash{"256": crypto.SHA256, "56K": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

// verifySignature plays crypto.verify.
func (h *Host) verifySignature(a Object) Object {
	alg := text(a["alg"])
	message, signature := decoded(a["valueEncoding"], a, "value"), decoded("base64url", a, "signature")
	key := givenKey(alg, a["key"])
	digest := message
	if f := algorithmHashes[alg[len(alg)-3:]]; f != 0 {
		sum := f.New()
		sum.Write(message)
		digest = sum.Sum(nil)
	}
	if !verifies(alg, key, digest, signature, a["format"] == "der") {
		refuseWith(sdk.Invalid, "signature", "the signature is not valid")
	}
	return nil
}

// signValue plays crypto.sign.
func (h *Host) signValue(a Object) Object {
	alg, value := text(a["alg"]), decoded(a["valueEncoding"], a, "value")
	key := h.privateKey(a)
	if reason := unfit(alg, key.Public()); reason != "" {
		refuseWith(sdk.Invalid, "key", reason)
	}
	f, digest := algorithmHashes[alg[len(alg)-3:]], value
	if f != 0 {
		sum := f.New()
		sum.Write(value)
		digest = sum.Sum(nil)
	}
	var o crypto.SignerOpts = f
	if alg[:2] == "PS" {
		o = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: f}
	}
	signature, err := key.Sign(rand.Reader, digest, o)
	if err != nil {
		h.t.Fatal(err)
	}
	if public, is := key.Public().(*ecdsa.PublicKey); is {
		r, s, _ := numbers(signature, 0, true)
		size := (public.Curve.Params().BitSize + 7) / 8
		signature = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	return Object{"signature": base64.RawURLEncoding.EncodeToString(signature)}
}

func verifies(alg string, key any, digest, signature []byte, der bool) bool {
	f := algorithmHashes[alg[len(alg)-3:]]
	switch key := key.(type) {
	case *rsa.PublicKey:
		if alg[:2] == "PS" {
			return rsa.VerifyPSS(key, f, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(key, f, digest, signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, digest, signature)
	case *ecdsa.PublicKey:
		r, s, ok := numbers(signature, (key.Curve.Params().BitSize+7)/8, der)
		return ok && ecdsa.Verify(key, digest, r, s)
	case point:
		r, s, ok := numbers(signature, coordinateSize, der)
		return ok && key.signed(digest, r, s)
	}
	return false
}

// numbers are r and s of a signature of ECDSA.
func numbers(signature []byte, size int, der bool) (r, s *big.Int, ok bool) {
	if der {
		var pair struct{ R, S *big.Int }
		rest, err := asn1.Unmarshal(signature, &pair)
		return pair.R, pair.S, err == nil && len(rest) == 0
	}
	if len(signature) != 2*size {
		return nil, nil, false
	}
	return new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]), true
}

// givenKey reads a key of the arguments, or refuses it.
func givenKey(alg string, v any) any {
	var key any
	var reason string
	s, isText := v.(string)
	switch {
	case len(marshal(v)) > pluginapi.MaxPublicKey:
		reason = fmt.Sprintf("the key is longer than %d bytes", pluginapi.MaxPublicKey)
	case isText:
		key, reason = spki(s)
	default:
		key, reason = jwk(alg, object(v))
	}
	if reason == "" {
		reason = unfit(alg, key)
	}
	if reason != "" {
		refuseWith(sdk.Invalid, "key", reason)
	}
	return key
}

// unfit says why a key is none for an algorithm; "" if it is.
func unfit(alg string, key any) string {
	fit := false
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < pluginapi.MinRSABits || bits > pluginapi.MaxRSABits {
			return fmt.Sprintf("the RSA key has %d bits; it must have %d to %d", bits, pluginapi.MinRSABits, pluginapi.MaxRSABits)
		}
		fit = alg[:2] == "RS" || alg[:2] == "PS"
	case *ecdsa.PublicKey:
		fit = k.Curve == curves[map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[alg]]
	case ed25519.PublicKey:
		fit = alg == "EdDSA" && len(k) == ed25519.PublicKeySize
	case point:
		fit = alg == "ES256K"
	}
	if !fit {
		return "the key is not one for the algorithm"
	}
	return ""
}

// jwk reads a public key from a JWK, or says what is wrong with it.
func jwk(alg string, o Object) (key any, reason string) {
	switch {
	case o["d"] != nil || o["k"] != nil:
		return nil, "the key is private"
	case o["use"] != nil && o["use"] != "sig":
		return nil, "the key is not for signatures"
	case o["alg"] != nil && o["alg"] != alg:
		return nil, "the key is for " + text(o["alg"]) + " alone"
	}
	number := func(name string) *big.Int {
		b, _ := base64.RawURLEncoding.DecodeString(text(o[name]))
		return new(big.Int).SetBytes(b)
	}
	switch o["kty"] {
	case "RSA":
		if n, e := number("n"), number("e"); n.Sign() > 0 && e.IsInt64() {
			return &rsa.PublicKey{N: n, E: int(e.Int64())}, ""
		}
	case "OKP":
		if b, err := base64.RawURLEncoding.DecodeString(text(o["x"])); err == nil && o["crv"] == "Ed25519" {
			return ed25519.PublicKey(b), ""
		}
	case "EC":
		return jwkPoint(text(o["crv"]), number("x"), number("y"))
	}
	return nil, "the key is not a JWK"
}

// jwkPoint reads a key of an elliptic curve, or says what is wrong with it.
func jwkPoint(crv string, x, y *big.Int) (key any, reason string) {
	curve, known := curves[crv]
	switch {
	case crv == "secp256k1":
		p, ok := pointAt(x, y)
		return onCurve(p, ok)
	case !known:
		return nil, "the key is not a JWK"
	}
	size := (curve.Params().BitSize + 7) / 8
	if max(x.BitLen(), y.BitLen()) > 8*size {
		return onCurve(nil, false)
	}
	k, err := ecdsa.ParseUncompressedPublicKey(curve, uncompressed(x, y, size))
	return onCurve(k, err == nil)
}

func onCurve(key any, ok bool) (any, string) {
	if !ok {
		return nil, "the key is not a point of its curve"
	}
	return key, ""
}

// spki reads a public key from a SubjectPublicKeyInfo, or says what is wrong
// with it.
func spki(s string) (key any, reason string) {
	der, err := base64.RawURLEncoding.DecodeString(s)
	if block, _ := pem.Decode([]byte(s)); block != nil {
		if strings.Contains(block.Type, "PRIVATE") {
			return nil, "the key is private"
		}
		der, err = block.Bytes, nil
	}
	if err == nil {
		key, err = x509.ParsePKIXPublicKey(der)
	}
	if err == nil {
		return key, ""
	}
	// crypto/x509 does not know secp256k1: 1.3.132.0.10 (SEC 2 appendix A.2.1).
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	var curve asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(der, &info); err == nil {
		_, _ = asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve)
	}
	if b := info.PublicKey.Bytes; curve.Equal(asn1.ObjectIdentifier{1, 3, 132, 0, 10}) && len(b) == 1+2*coordinateSize {
		p, ok := pointAt(new(big.Int).SetBytes(b[1:1+coordinateSize]), new(big.Int).SetBytes(b[1+coordinateSize:]))
		return onCurve(p, ok)
	}
	return nil, "the key is not a SubjectPublicKeyInfo, as PEM or in base64url"
}

// recoverKey plays crypto.recoverKey.
func (h *Host) recoverKey(a Object) Object {
	digest, signature := decoded("base64url", a, "digest"), decoded("base64url", a, "signature")
	if len(digest) != keccakSize || len(signature) != 2*coordinateSize+1 {
		refuseWith(sdk.Invalid, "signature", "the signature is not valid")
	}
	which := signature[2*coordinateSize]
	if which >= 27 {
		which -= 27
	}
	r, s, _ := numbers(signature[:2*coordinateSize], coordinateSize, false)
	key, ok := recovered(digest, r, s, uint(which))
	if which > 1 || !ok {
		refuseWith(sdk.Invalid, "signature", "the signature is not valid")
	}
	return Object{"key": base64.RawURLEncoding.EncodeToString(uncompressed(key.x, key.y, coordinateSize))}
}
