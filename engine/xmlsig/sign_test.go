package xmlsig_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/xmlsig"
)

// pair is a key with its certificate.
type pair struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

func newPair(t testing.TB, kind string) pair {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "RSA":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "P-256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P-521":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := xmlsig.ParseCertificate(base64.StdEncoding.EncodeToString(der))
	if err != nil {
		t.Fatal(err)
	}
	return pair{key, c}
}

// sign signs an element of a document.
func sign(t testing.TB, text string, name xmlsig.Name, p pair, after string) string {
	t.Helper()
	d, err := xmlsig.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.Sign(name, xmlsig.SignOptions{Key: p.key, Certificate: p.certificate, After: after})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

const request = `<samlp:AuthnRequest xmlns:samlp="` + samlp + `" ID="_request" Version="2.0"><saml:Issuer xmlns:saml="` + saml + `">https://app.example.com<!-- x --></saml:Issuer>` +
	`<samlp:NameIDPolicy xmlns="" Format="a&#10;b"/><plain xmlns="urn:p"><q xmlns=""/></plain></samlp:AuthnRequest>`

// TestSign signs, and checks what was signed.
func TestSign(t *testing.T) {
	for kind, algorithm := range map[string]string{"RSA": "RS256", "P-256": "ES256", "P-521": "ES256"} {
		p := newPair(t, kind)
		signed := sign(t, request, xmlsig.Name{}, p, "Issuer")
		if !strings.Contains(signed, `</saml:Issuer><ds:Signature `) || strings.Contains(signed, "<!--") {
			t.Errorf("got %s", signed)
		}
		v, err := verify(signed, xmlsig.Name{Namespace: samlp, Local: "AuthnRequest"}, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{p.certificate}})
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if v.Algorithm != algorithm || !strings.Contains(string(v.Canonical), `Format="a&#xA;b"`) {
			t.Errorf("got %s, %s", v.Algorithm, v.Canonical)
		}
		first := sign(t, request, xmlsig.Name{}, p, "")
		if !strings.Contains(first, `Version="2.0"><ds:Signature `) {
			t.Errorf("got %s", first)
		}
	}
}

// TestSignedTwice signs an assertion, and then the response around it.
func TestSignedTwice(t *testing.T) {
	text := `<samlp:Response xmlns:samlp="` + samlp + `" ID="r"><a:Assertion xmlns:a="` + saml + `" ID="a"><a:Subject/></a:Assertion></samlp:Response>`
	idp := newPair(t, "RSA")
	text = sign(t, sign(t, text, assertion, idp, ""), response, idp, "")
	for _, name := range []xmlsig.Name{response, assertion} {
		if _, err := verify(text, name, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{idp.certificate}}); err != nil {
			t.Errorf("%s: %v", name.Local, err)
		}
	}
	// Without the KeyInfo, every certificate that is known is tried.
	start, end := strings.Index(text, "<ds:KeyInfo>"), strings.Index(text, "</ds:KeyInfo>")+len("</ds:KeyInfo>")
	text = text[:start] + text[end:]
	others := []*x509.Certificate{newPair(t, "P-256").certificate, newPair(t, "RSA").certificate}
	v, err := verify(text, response, xmlsig.VerifyOptions{Certificates: others})
	refused(t, "no certificate", v, err, xmlsig.Signature)
	v, err = verify(text, response, xmlsig.VerifyOptions{Certificates: append(others, idp.certificate)})
	if err != nil || !v.Certificate.Equal(idp.certificate) {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestSignRefuses(t *testing.T) {
	rsaPair, ecPair := newPair(t, "RSA"), newPair(t, "P-256")
	for what, tt := range map[string]struct {
		text string
		name xmlsig.Name
		o    xmlsig.SignOptions
		want xmlsig.Reason
	}{
		"another's certificate":      {`<r/>`, xmlsig.Name{}, xmlsig.SignOptions{Key: rsaPair.key, Certificate: ecPair.certificate}, xmlsig.Key},
		"nothing to follow":          {`<r/>`, xmlsig.Name{}, xmlsig.SignOptions{Key: rsaPair.key, Certificate: rsaPair.certificate, After: "a"}, xmlsig.Malformed},
		"no such element":            {`<r/>`, xmlsig.Name{Local: "a"}, xmlsig.SignOptions{Key: rsaPair.key, Certificate: rsaPair.certificate}, xmlsig.NotFound},
		"an element without ID":      {`<r><a/></r>`, xmlsig.Name{Local: "a"}, xmlsig.SignOptions{Key: rsaPair.key, Certificate: rsaPair.certificate}, xmlsig.Malformed},
		"one that has a signature":   {sign(t, `<r/>`, xmlsig.Name{}, rsaPair, ""), xmlsig.Name{}, xmlsig.SignOptions{Key: rsaPair.key, Certificate: rsaPair.certificate}, xmlsig.Malformed},
		"two elements of that name":  {`<r><a ID="x"/><a ID="y"/></r>`, xmlsig.Name{Local: "a"}, xmlsig.SignOptions{Key: rsaPair.key, Certificate: rsaPair.certificate}, xmlsig.Ambiguous},
		"an element of another name": {`<r xmlns="urn:r" ID="x"/>`, xmlsig.Name{Local: "r"}, xmlsig.SignOptions{Key: rsaPair.key, Certificate: rsaPair.certificate}, xmlsig.NotFound},
	} {
		d, err := xmlsig.Parse([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Sign(tt.name, tt.o)
		refused(t, what, nil, err, tt.want)
	}
}

// TestKeys reads keys in each form.
func TestKeys(t *testing.T) {
	rsaKey, ecKey := newPair(t, "RSA").key, newPair(t, "P-256").key
	block := func(kind string, der []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	good := []string{block("PRIVATE KEY", pkcs8, err), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey.(*rsa.PrivateKey)), nil)}
	sec1, err := x509.MarshalECPrivateKey(ecKey.(*ecdsa.PrivateKey))
	good = append(good, block("EC PRIVATE KEY", sec1, err))
	for _, text := range good {
		if _, err := xmlsig.ParseKey(text); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"", "a key", block("PUBLIC KEY", []byte("x"), nil), block("ENCRYPTED PRIVATE KEY", pkcs8, nil), block("PRIVATE KEY", []byte("x"), nil)} {
		_, err := xmlsig.ParseKey(text)
		refused(t, text, nil, err, xmlsig.Key)
	}
	for _, text := range []string{"", "?", "AAAA", good[0], strings.Repeat("A", 1<<20)} {
		_, err := xmlsig.ParseCertificate(text)
		refused(t, text[:min(len(text), 30)], nil, err, xmlsig.Key)
	}
}
