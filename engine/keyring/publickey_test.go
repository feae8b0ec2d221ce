package keyring_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/keyring"
)

// published are examples of standards: keys, and what they signed.
var published = []struct{ name, alg, jwk, message, signature string }{
	{
		"RFC 7515 A.3", "ES256",
		`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
		"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
	},
	{
		"RFC 8037 A.4", "EdDSA", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
	},
	{
		// The key of the base point (SEC 2 section 2.4.1), whose private key is 1.
		"secp256k1", "ES256K", `{"kty":"EC","crv":"secp256k1","x":"eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g","y":"SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg"}`,
		"message", "emwIgUDqYrRBMSuTRPrHeZ1JhCCZkriPJngVo5qievYrk0jKeV1Uq5VYzHdn7y9zfwDDrmvD9kWECiv5wyEDiA",
	},
}

func TestPublishedSignatures(t *testing.T) {
	for _, tt := range published {
		key, err := keyring.ParseJWK(tt.alg, []byte(tt.jwk))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		signature := decode(t, tt.signature)
		if err := key.Verify([]byte(tt.message), signature, false); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		for i := range signature {
			signature[i] ^= 1
			if err := key.Verify([]byte(tt.message), signature, false); !errors.Is(err, keyring.ErrSignature) {
				t.Errorf("%s, with byte %d changed: got %v", tt.name, i, err)
			}
			signature[i] ^= 1
		}
	}
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPublicKeys: the reason why a key is refused says what to change.
func TestPublicKeys(t *testing.T) {
	es256, edwards, secp := published[0].jwk, published[1].jwk, published[2].jwk
	for _, tt := range []struct{ name, alg, jwk, want string }{
		{"no JSON", "ES256", "{", "not a JWK"},
		{"no object", "ES256", "[]", "not a JWK"},
		{"no type", "ES256", "{}", "not a JWK"},
		{"a shared secret", "ES256", `{"kty":"oct","k":"AAAA"}`, "private"},
		{"a private key", "EdDSA", strings.Replace(edwards, "{", `{"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",`, 1), "private"},
		{"for encryption", "ES256", strings.Replace(es256, "{", `{"use":"enc",`, 1), "not for signatures"},
		{"of another algorithm", "ES256", strings.Replace(es256, "{", `{"alg":"ES384",`, 1), "for ES384 alone"},
		{"of another curve", "ES384", es256, "not one for the algorithm"},
		{"of another kind", "RS256", es256, "not one for the algorithm"},
		{"not on its curve", "ES256", strings.Replace(es256, "f83OJ3D2", "f83OJ3D3", 1), ""},
		{"too short", "EdDSA", `{"kty":"OKP","crv":"Ed25519","x":""}`, "not one for the algorithm"},
		{"of secp256k1, not on its curve", "ES256K", strings.Replace(secp, "eb5m", "eb5n", 1), "not a point of its curve"},
		{"of secp256k1, too short", "ES256K", `{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}`, "not a JWK"},
		{"of secp256k1, for ES256", "ES256", secp, "not one for the algorithm"},
		{"for an algorithm that is none", "none", es256, "algorithm"},
		{"for a shared secret's algorithm", "HS256", es256, "algorithm"},
		{"1024 bits", "RS256", rsaJWK(1024), "has 1024 bits; it must have 2048 or more"},
		{"16384 bits", "RS256", rsaJWK(16384), "has 16384 bits; it must not have more than 8192"},
	} {
		if _, err := keyring.ParseJWK(tt.alg, []byte(tt.jwk)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

// rsaJWK is a key with a modulus of so many bits that nobody can sign with.
func rsaJWK(bits uint) string {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	n.SetBit(n, 0, 1)
	return `{"kty":"RSA","e":"AQAB","n":"` + base64.RawURLEncoding.EncodeToString(n.Bytes()) + `"}`
}

// TestSubjectPublicKeyInfo reads keys that the standard library writes, and one
// of secp256k1 made by hand.
func TestSubjectPublicKeyInfo(t *testing.T) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&signer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	digest := crypto.SHA256.New()
	digest.Write([]byte("message"))
	signature, err := ecdsa.SignASN1(rand.Reader, signer, digest.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for _, text := range []string{block("PUBLIC KEY", der), "\n" + block("PUBLIC KEY", der), base64.RawURLEncoding.EncodeToString(der)} {
		key, err := keyring.ParseSPKI("ES256", text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if err := key.Verify([]byte("message"), signature, true); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if err := key.Verify([]byte("message"), signature, false); !errors.Is(err, keyring.ErrSignature) {
			t.Errorf("%q: a signature of the other format: %v", text, err)
		}
	}
	secp := secp256k1Info(t)
	key, err := keyring.ParseSPKI("ES256K", secp)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Verify([]byte("message"), decode(t, published[2].signature), false); err != nil {
		t.Error(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weakDER, err := x509.MarshalPKIXPublicKey(&weak.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"": "not a SubjectPublicKeyInfo", "AAAA": "not a SubjectPublicKeyInfo", "-----BEGIN": "not a SubjectPublicKeyInfo",
		block("EC PRIVATE KEY", der): "private", block("CERTIFICATE", der): "CERTIFICATE, not a PUBLIC KEY",
		block("PUBLIC KEY", weakDER): "1024 bits", secp: "not one for the algorithm",
	} {
		if _, err := keyring.ParseSPKI(map[bool]string{true: "RS256", false: "ES256"}[want == "1024 bits"], text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

// secp256k1Info is the base point as a SubjectPublicKeyInfo.
func secp256k1Info(t *testing.T) string {
	t.Helper()
	var key struct{ X, Y string }
	if err := json.Unmarshal([]byte(published[2].jwk), &key); err != nil {
		t.Fatal(err)
	}
	point := append(append([]byte{4}, decode(t, key.X)...), decode(t, key.Y)...)
	type algorithm struct{ Algorithm, Curve asn1.ObjectIdentifier }
	der, err := asn1.Marshal(struct {
		Algorithm algorithm
		PublicKey asn1.BitString
	}{
		algorithm{asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, asn1.ObjectIdentifier{1, 3, 132, 0, 10}},
		asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(der)
}

// TestRecoverKey finds the key of the base point behind its signature.
func TestRecoverKey(t *testing.T) {
	digest := crypto.SHA256.New()
	digest.Write([]byte("message"))
	sum, signature := digest.Sum(nil), decode(t, published[2].signature)
	got, err := keyring.RecoverKey(sum, append(signature[:64:64], 28))
	if err != nil {
		t.Fatal(err)
	}
	if x := base64.RawURLEncoding.EncodeToString(got[1:33]); !strings.Contains(published[2].jwk, x) {
		t.Errorf("got %x", got)
	}
	for _, last := range []byte{2, 3, 26, 29, 31, 255} {
		if _, err := keyring.RecoverKey(sum, append(signature[:64:64], last)); !errors.Is(err, keyring.ErrSignature) {
			t.Errorf("%d: got %v", last, err)
		}
	}
}

// FuzzPublicKey: no key and no signature makes the parsers panic, and what is
// no signature of a key verifies nothing.
func FuzzPublicKey(f *testing.F) {
	for _, p := range published {
		f.Add(p.alg, p.jwk, []byte(p.signature))
	}
	f.Add("RS256", rsaJWK(2048), []byte{})
	f.Add("EdDSA", `{"kty":"OKP","crv":"Ed25519","x":""}`, []byte{})
	f.Add("ES256K", "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE", []byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Fuzz(func(t *testing.T, alg, text string, signature []byte) {
		for _, parse := range []func() (*keyring.PublicKey, error){
			func() (*keyring.PublicKey, error) { return keyring.ParseJWK(alg, []byte(text)) },
			func() (*keyring.PublicKey, error) { return keyring.ParseSPKI(alg, text) },
		} {
			key, err := parse()
			if err != nil {
				continue
			}
			for _, der := range []bool{false, true} {
				_ = key.Verify([]byte("message"), signature, der)
			}
		}
		_, _ = keyring.RecoverKey(make([]byte, 32), signature)
	})
}
