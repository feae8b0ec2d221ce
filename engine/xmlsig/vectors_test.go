package xmlsig_test

import (
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/xmlsig"
	"github.com/authhost/authhost/pluginapi"
)

const (
	samlp = "urn:oasis:names:tc:SAML:2.0:protocol"
	saml  = "urn:oasis:names:tc:SAML:2.0:assertion"
)

var (
	assertion = xmlsig.Name{Namespace: saml, Local: "Assertion"}
	response  = xmlsig.Name{Namespace: samlp, Local: "Response"}
)

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func certificate(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	c, err := xmlsig.ParseCertificate(read(t, name+".crt"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// verify checks a document's element with certificates.
func verify(text string, name xmlsig.Name, o xmlsig.VerifyOptions) (*xmlsig.Verified, error) {
	d, err := xmlsig.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	return d.Verify(name, o)
}

// refused checks that an error has a reason, and that there is no result.
func refused(t testing.TB, what string, v *xmlsig.Verified, err error, want xmlsig.Reason) {
	t.Helper()
	var e *xmlsig.Error
	if !errors.As(err, &e) || e.Reason != want || v != nil {
		t.Errorf("%s: got %v, %v, want the reason %s", what, v, err, want)
	}
}

// all are the algorithms, RS1 included.
var all = pluginapi.XMLAlgorithms()

// TestVectors checks documents that another implementation has signed.
func TestVectors(t *testing.T) {
	for _, tt := range []struct {
		file, algorithm, certificate string
		keeps                        string // in the canonical form
	}{
		{"rs256", "RS256", "rsa", ""}, {"rs384", "RS384", "rsa", ""}, {"rs512", "RS512", "rsa", ""},
		{"es256", "ES256", "ec256", ""}, {"es384", "ES384", "ec384", ""},
		{"rs1", "RS1", "rsa", ""}, {"digest1", "RS256", "rsa", ""},
		{"inclusive", "RS256", "rsa", `xmlns:samlp="` + samlp + `"`}, {"inclusive11", "RS256", "rsa", `xmlns:samlp="` + samlp + `"`},
		{"comments", "RS256", "rsa", ""}, {"prefixes", "RS256", "rsa", `xmlns:xs="http://www.w3.org/2001/XMLSchema"`},
	} {
		t.Run(tt.file, func(t *testing.T) {
			text := read(t, tt.file+".xml")
			known := []*x509.Certificate{certificate(t, "other"), certificate(t, "ec384"), certificate(t, "rsa"), certificate(t, "ec256")}
			for _, text := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), "\ufeff" + text} {
				v, err := verify(text, assertion, xmlsig.VerifyOptions{Certificates: known, Algorithms: all})
				if err != nil {
					t.Fatal(err)
				}
				canonical := string(v.Canonical)
				if v.Algorithm != tt.algorithm || !v.Certificate.Equal(certificate(t, tt.certificate)) {
					t.Errorf("got %s by %s", v.Algorithm, v.Certificate.Subject)
				}
				if !strings.HasPrefix(canonical, `<saml:Assertion xmlns:`) || strings.Contains(canonical, "Signature") || !strings.Contains(canonical, tt.keeps) ||
					!strings.Contains(canonical, "<saml:NameID>ada@example.com.example</saml:NameID>") || !strings.Contains(canonical, "Ada &amp; &lt;Byron&gt; é") {
					t.Errorf("got %s", canonical)
				}
			}
			v, err := verify(text, assertion, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{certificate(t, "other")}, Algorithms: all})
			refused(t, "another certificate", v, err, xmlsig.Certificate)
			v, err = verify(strings.Replace(text, "ada@", "eve@", 1), assertion, xmlsig.VerifyOptions{Certificates: known, Algorithms: all})
			refused(t, "a changed text", v, err, xmlsig.Signature)
		})
	}
}

// TestAlgorithms: SHA-1 is refused unless it is asked for, and the secret of an
// HMAC is never the public key.
func TestAlgorithms(t *testing.T) {
	known := []*x509.Certificate{certificate(t, "rsa"), certificate(t, "ec256")}
	for _, tt := range []struct {
		file    string
		allowed []string
	}{
		{"rs1", nil}, {"digest1", nil}, {"digest1", []string{"RS256"}}, {"rs1", []string{"RS256"}}, {"rs256", []string{"RS1"}}, {"rs256", []string{"ES256"}},
		{"es256", []string{"RS256", "ES384"}}, {"hmac", nil}, {"hmac", all},
	} {
		v, err := verify(read(t, tt.file+".xml"), assertion, xmlsig.VerifyOptions{Certificates: known, Algorithms: tt.allowed})
		refused(t, tt.file, v, err, xmlsig.Algorithm)
	}
	_, err := xmlsig.ParseCertificate(read(t, "weak.crt"))
	refused(t, "a weak key", nil, err, xmlsig.Key)
}

// TestTimes: a certificate whose time is over is refused only if asked.
func TestTimes(t *testing.T) {
	c := certificate(t, "rsa")
	for days, want := range map[int]xmlsig.Reason{-1: xmlsig.Expired, 1: "", 364: "", 366: xmlsig.Expired} {
		v, err := verify(read(t, "rs256.xml"), assertion, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{c}, At: c.NotBefore.AddDate(0, 0, days)})
		if want != "" {
			refused(t, "the time", v, err, want)
		} else if err != nil {
			t.Errorf("%d: %v", days, err)
		}
	}
}

// TestCanonicalForms compares with libxml2.
func TestCanonicalForms(t *testing.T) {
	for _, name := range []string{"canonical", "rs256"} {
		for _, inclusive := range []bool{false, true} {
			d, err := xmlsig.Parse([]byte(read(t, name+".xml")))
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Canonicalize(xmlsig.Name{}, xmlsig.CanonicalOptions{Inclusive: inclusive, Comments: true})
			want := read(t, name+map[bool]string{false: ".exclusive", true: ".inclusive"}[inclusive])
			if err != nil || string(got) != want {
				t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, want)
			}
		}
	}
}
