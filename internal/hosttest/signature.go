package hosttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // of ES384 and the like
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// A key of secp256k1 and what it signs, made with
// github.com/decred/dcrd/dcrec/secp256k1; its private key is 1, so that its
// point is the base point of the curve (SEC 2 section 2.4.1).
const (
	walletAddress   = "7e5f4552091a69125d5dfcb7b8c2659029395bdf"
	walletX         = "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g"
	walletY         = "SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg"
	walletSignature = "emwIgUDqYrRBMSuTRPrHeZ1JhCCZkriPJngVo5qievYrk0jKeV1Uq5VYzHdn7y9zfwDDrmvD9kWECiv5wyEDiA" // over the SHA-256 digest of message
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(s string) []byte {
	b, _ := base64.RawURLEncoding.DecodeString(s)
	return b
}

// signed is a signature of an algorithm over the text "message", and the key.
type signed struct {
	alg, format, signature string
	jwk                    object
	key                    any // for crypto/x509, if it knows the curve
}

const message = "message"

// signatures makes one of each algorithm.
func signatures(t *tester) []signed {
	t.Helper()
	ecdsaJWK := object{"kty": "EC", "crv": "secp256k1", "x": walletX, "y": walletY}
	list := []signed{{alg: "ES256K", signature: walletSignature, jwk: ecdsaJWK}, {alg: "ES256K", format: "der", signature: der(walletSignature), jwk: ecdsaJWK}}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	list = append(list, signed{alg: "EdDSA", signature: b64(ed25519.Sign(edwards, []byte(message))), key: edwards.Public(),
		jwk: object{"kty": "OKP", "crv": "Ed25519", "x": b64(edwards.Public().(ed25519.PublicKey))}})
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		list = append(list, ecdsaSigned(t, alg, curve)...)
	}
	return append(list, rsaSigned(t)...)
}

// hashed is the digest that an algorithm signs.
func hashed(alg string) (crypto.Hash, []byte) {
	f := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	sum := f.New()
	sum.Write([]byte(message))
	return f, sum.Sum(nil)
}

func ecdsaSigned(t *tester, alg string, curve elliptic.Curve) []signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, digest := hashed(alg)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		t.Fatal(err)
	}
	size := (curve.Params().BitSize + 7) / 8
	bytes := func(n *big.Int) []byte { return n.FillBytes(make([]byte, size)) }
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwk := object{"kty": "EC", "crv": curve.Params().Name, "x": b64(public[1 : 1+size]), "y": b64(public[1+size:])}
	jws := b64(append(bytes(r), bytes(s)...))
	return []signed{
		{alg: alg, signature: jws, jwk: jwk, key: &key.PublicKey},
		{alg: alg, format: "der", signature: der(jws), jwk: jwk, key: &key.PublicKey},
	}
}

// der writes r and s as an ASN.1 structure.
func der(jws string) string {
	b := decode(jws)
	out, _ := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(b[:len(b)/2]), new(big.Int).SetBytes(b[len(b)/2:])})
	return b64(out)
}

func rsaSigned(t *tester) []signed {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, pluginapi.MinRSABits)
	if err != nil {
		t.Fatal(err)
	}
	var list []signed
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		f, digest := hashed(alg)
		signature, err := rsa.SignPKCS1v15(nil, key, f, digest)
		if alg[0] == 'P' {
			signature, err = rsa.SignPSS(rand.Reader, key, f, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, signed{alg: alg, signature: b64(signature), key: &key.PublicKey, jwk: rsaJWK(key.N)})
	}
	return list
}

func rsaJWK(n *big.Int) object { return object{"kty": "RSA", "n": b64(n.Bytes()), "e": "AQAB"} }

// args are the arguments of crypto.verify for a signature.
func (s signed) args() object {
	args := object{"alg": s.alg, "key": s.jwk, "value": message, "signature": s.signature}
	if s.format != "" {
		args["format"] = s.format
	}
	return args
}

// spki is the key as PEM and in base64url, nothing for secp256k1.
func (s signed) spki(t *tester) []string {
	t.Helper()
	if s.key == nil {
		return nil
	}
	der, err := x509.MarshalPKIXPublicKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return []string{string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), b64(der)}
}

// signatureCases are those of the functions of crypto that check signatures.
var signatureCases = table{
	"crypto.verify": func(t *tester) {
		list := signatures(t)
		t.serve(Request{}, func(g *guest) {
			for i, s := range list {
				g.do("crypto.verify", s.args())
				g.do("crypto.verify", with(s.args(), "key", with(with(s.jwk, "alg", s.alg), "use", "sig")))
				g.do("crypto.verify", with(with(s.args(), "value", b64([]byte(message))), "valueEncoding", "base64url"))
				for _, key := range s.spki(t) {
					g.do("crypto.verify", with(s.args(), "key", key))
				}
				other := list[(i+1)%len(list)]
				for _, bad := range []object{
					with(s.args(), "value", "massage"), with(s.args(), "signature", other.signature), with(s.args(), "signature", b64(decode(s.signature)[1:])),
					with(s.args(), "signature", "AAAA"), with(s.args(), "signature", b64(make([]byte, 64))), with(s.args(), "signature", b64(make([]byte, 4096))),
				} {
					g.refused("crypto.verify", bad, pluginapi.StatusInvalid, "signature")
				}
				g.refused("crypto.verify", with(s.args(), "signature", "?"), pluginapi.StatusInvalid, "")
				for _, key := range badKeys(s) {
					g.refused("crypto.verify", with(s.args(), "key", key), pluginapi.StatusInvalid, "key")
				}
				if other.jwk["kty"] != "RSA" && other.alg != s.alg {
					g.refused("crypto.verify", with(s.args(), "key", other.jwk), pluginapi.StatusInvalid, "key")
				}
			}
		})
	},
	"crypto.sign": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			for alg, p := range privateKeys(t) {
				args := object{"alg": alg, "sealedKey": g.seal(p.private), "value": message}
				signature := g.do("crypto.sign", args).text("signature")
				g.do("crypto.verify", object{"alg": alg, "key": p.public, "value": message, "signature": signature})
				signature = g.do("crypto.sign", with(with(args, "value", b64([]byte(message))), "valueEncoding", "base64url")).text("signature")
				g.do("crypto.verify", object{"alg": alg, "key": p.public, "value": message, "signature": signature})
				g.refused("crypto.verify", object{"alg": alg, "key": p.public, "value": "massage", "signature": signature}, pluginapi.StatusInvalid, "signature")
				for _, bad := range []string{"", "?", p.public, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
					g.refused("crypto.sign", with(args, "sealedKey", g.seal(bad)), pluginapi.StatusInvalid, "key")
				}
				g.refused("crypto.sign", with(args, "valueEncoding", "hex"), pluginapi.StatusInvalid, "")
			}
			args := object{"alg": "RS256", "value": message, "secret": "privateKey"}
			g.do("crypto.sign", args)
			g.refused("crypto.sign", with(args, "alg", "ES256"), pluginapi.StatusInvalid, "key")
			g.refused("crypto.sign", with(args, "alg", "ES256K"), pluginapi.StatusInvalid, "")
			g.refused("crypto.sign", with(args, "secret", "jefe"), pluginapi.StatusInvalid, "key")
			g.refused("crypto.sign", with(args, "secret", "unheardOf"), pluginapi.StatusInvalid, "")
			g.refused("crypto.sign", with(with(args, "secret", nil), "sealedKey", g.seal(xmlPairs().weak.key)), pluginapi.StatusInvalid, "key")
			g.refused("crypto.sign", with(with(args, "secret", nil), "sealedKey", object{"purpose": "unasked", "sealed": "x"}), pluginapi.StatusDenied, "")
		})
	},
	"crypto.recoverKey": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			digest := g.do("crypto.digest", object{"value": message}).text("digest")
			recovered := func(which byte) string {
				t.Helper()
				return g.do("crypto.recoverKey", object{"digest": digest, "signature": walletSigned(which)}).text("key")
			}
			key := decode(recovered(1))
			t.want("the key", b64(key[1:]), b64(append(decode(walletX), decode(walletY)...)))
			t.want("the key as Ethereum has it", recovered(28), recovered(1))
			// An address is the last 20 bytes of the digest of the point.
			address := g.do("crypto.digest", object{"value": b64(key[1:]), "valueEncoding": "base64url", "algorithm": pluginapi.HashKeccak256, "encoding": "hex"}).text("digest")
			t.want("the address", address[len(address)-len(walletAddress):], walletAddress)
			if recovered(0) == recovered(1) {
				t.Error("another key is the same one")
			}
			for _, bad := range []object{
				{"digest": digest, "signature": walletSignature}, {"digest": "AAAA", "signature": walletSigned(1)}, {"digest": digest, "signature": walletSigned(2)},
				{"digest": digest, "signature": walletSigned(29)}, {"digest": digest, "signature": b64(make([]byte, 65))},
			} {
				g.refused("crypto.recoverKey", bad, pluginapi.StatusInvalid, "signature")
			}
			g.refused("crypto.recoverKey", object{"digest": digest, "signature": "?"}, pluginapi.StatusInvalid, "")
			g.refused("crypto.recoverKey", object{"digest": "?", "signature": walletSigned(1)}, pluginapi.StatusInvalid, "")
		})
	},
}

// keyTexts are a private and its public key as PEM.
type keyTexts struct{ private, public string }

// privateKeys makes one for each algorithm, in the form that tools write it in.
func privateKeys(t *tester) map[string]keyTexts {
	t.Helper()
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]keyTexts{"EdDSA": inPEM(t, edwards, false)}
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[alg] = inPEM(t, key, alg == "ES256")
	}
	key, err := rsa.GenerateKey(rand.Reader, pluginapi.MinRSABits)
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		keys[alg] = inPEM(t, key, alg == "RS256")
	}
	return keys
}

// inPEM writes a key, in PKCS #8 or in the form of its kind alone.
func inPEM(t *tester, key crypto.Signer, old bool) keyTexts {
	t.Helper()
	kind := "PRIVATE KEY"
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if k, is := key.(*rsa.PrivateKey); is && old {
		kind, private = "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k)
	}
	if k, is := key.(*ecdsa.PrivateKey); is && old {
		kind = "EC PRIVATE KEY"
		private, err = x509.MarshalECPrivateKey(k)
	}
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return keyTexts{text(kind, private), text("PUBLIC KEY", public)}
}

// walletSigned is the wallet's signature, with which of the possible keys it is.
func walletSigned(which byte) string { return b64(append(decode(walletSignature), which)) }

// badKeys are keys that are none for a signature.
func badKeys(s signed) []any {
	weak := new(big.Int).Lsh(big.NewInt(1), 1023)
	huge := new(big.Int).Lsh(big.NewInt(1), pluginapi.MaxRSABits)
	keys := []any{
		object{}, object{"kty": "oct", "k": "AAAA"}, object{"kty": "EC", "crv": "P-192", "x": "AA", "y": "AA"}, object{"kty": 1},
		with(s.jwk, "d", "AQAB"), with(s.jwk, "use", "enc"), with(s.jwk, "alg", "HS256"), with(s.jwk, "kty", "none"),
		rsaJWK(weak.Add(weak, big.NewInt(1))), rsaJWK(huge.Add(huge, big.NewInt(1))),
		"", "?", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		strings.Repeat("A", pluginapi.MaxPublicKey+1), with(s.jwk, "x5c", strings.Repeat("A", pluginapi.MaxPublicKey)),
	}
	if s.jwk["kty"] != "RSA" {
		keys = append(keys, with(s.jwk, "x", "AA"))
	}
	if s.jwk["kty"] == "EC" {
		keys = append(keys, with(s.jwk, "x", s.jwk["y"])) // no point of the curve
	}
	return keys
}
