package xmlsig_test

import (
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/authhost/authhost/engine/xmlsig"
)

// TestText signs texts, has crypto/x509 check them, and checks them itself.
func TestText(t *testing.T) {
	text := []byte("SAMLRequest=fVJNa8Mw&SigAlg=x")
	other := newPair(t, "RSA").certificate
	for _, tt := range []struct {
		kind, algorithm string
		standard        x509.SignatureAlgorithm
	}{
		{"RSA", "RS256", x509.SHA256WithRSA}, {"RSA", "RS384", x509.SHA384WithRSA}, {"RSA", "RS512", x509.SHA512WithRSA},
		{"P-256", "ES256", x509.ECDSAWithSHA256}, {"P-521", "ES512", x509.ECDSAWithSHA512},
	} {
		p := newPair(t, tt.kind)
		signature, err := xmlsig.SignText(text, tt.algorithm, p.key)
		if err != nil {
			t.Fatal(err)
		}
		known := xmlsig.VerifyOptions{Certificates: []*x509.Certificate{other, p.certificate}}
		if c, err := xmlsig.VerifyText(text, tt.algorithm, signature, known); err != nil || !c.Equal(p.certificate) {
			t.Errorf("%s: got %v, %v", tt.algorithm, c, err)
		}
		_, err = xmlsig.VerifyText(append(text, '&'), tt.algorithm, signature, known)
		refused(t, "another text", nil, err, xmlsig.Signature)
		_, err = xmlsig.VerifyText(text, tt.algorithm, signature, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{other}})
		refused(t, "another certificate", nil, err, xmlsig.Signature)
		if tt.kind != "RSA" {
			half := len(signature) / 2
			pair := struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])}
			if signature, err = asn1.Marshal(pair); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.certificate.CheckSignature(tt.standard, text, signature); err != nil {
			t.Errorf("%s: %v", tt.algorithm, err)
		}
		wrong := map[bool]string{true: "ES256", false: "RS256"}[tt.kind == "RSA"]
		_, err = xmlsig.SignText(text, wrong, p.key)
		refused(t, "another algorithm", nil, err, xmlsig.Key)
	}
}
