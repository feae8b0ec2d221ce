package xmlsig

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/authhost/authhost/pluginapi"
)

// VerifyOptions say whose signature is wanted. Certificates is required.
type VerifyOptions struct {
	// Certificates are those of the signer, which the caller knows beforehand.
	Certificates []*x509.Certificate
	// Algorithms are those that are allowed, of pluginapi.XMLAlgorithms; none:
	// all but RS1. Only who names RS1 takes digests by SHA-1.
	Algorithms []string
	// At, unless it is zero, is a time at which the certificate must be good.
	// Otherwise its times do not matter: the certificates of SAML metadata are
	// keys, which are good as long as they are listed (SAML V2.0 Metadata
	// Interoperability Profile section 2.6.1).
	At time.Time
}

// Verified is an element whose signature is right.
type Verified struct {
	Canonical   []byte // the element without its signature, without comments
	Algorithm   string // of pluginapi.XMLAlgorithms
	Certificate *x509.Certificate
}

// Verify checks the signature of the one element of a name, which is in that
// element. An error is an *Error.
func (d *Document) Verify(name Name, o VerifyOptions) (*Verified, error) {
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	s, err := d.signatureOf(n)
	if err != nil {
		return nil, err
	}
	if err := s.allowed(o.Algorithms); err != nil {
		return nil, err
	}
	signers, err := s.signers(o.Certificates)
	if err != nil {
		return nil, err
	}
	if signers, err = o.good(signers); err != nil {
		return nil, err
	}
	el := s.prepared(n)
	for _, c := range signers {
		if canonical := checked(el, c); canonical != nil {
			return &Verified{Canonical: canonical, Algorithm: s.algorithm.name, Certificate: c}, nil
		}
	}
	return nil, refuse(Signature, "the signature is not valid")
}

// good returns the certificates that are good at the time that is asked for.
func (o VerifyOptions) good(list []*x509.Certificate) ([]*x509.Certificate, error) {
	if o.At.IsZero() {
		return list, nil
	}
	var good []*x509.Certificate
	for _, c := range list {
		if !o.At.Before(c.NotBefore) && !o.At.After(c.NotAfter) {
			good = append(good, c)
		}
	}
	if len(good) == 0 {
		return nil, refuse(Expired, "the certificate's time has not come, or is over")
	}
	return good, nil
}

// allowed checks the algorithms of a signature.
func (s *signature) allowed(names []string) error {
	if len(names) == 0 {
		names = pluginapi.XMLAlgorithms()
		names = slices.DeleteFunc(names, func(n string) bool { return n == pluginapi.XMLAlgorithmSHA1 })
	}
	if !slices.Contains(names, s.algorithm.name) {
		return refuse(Algorithm, "the algorithm %s is not allowed", s.algorithm.name)
	}
	if s.digest == crypto.SHA1 && !slices.Contains(names, pluginapi.XMLAlgorithmSHA1) {
		return refuse(Algorithm, "a digest by SHA-1 is not allowed")
	}
	return nil
}

// signers returns the certificates that may be those of a signature: those among
// its own, if it has any, else all with a key for its algorithm.
func (s *signature) signers(known []*x509.Certificate) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for _, c := range known {
		own := slices.ContainsFunc(s.certificates, func(der []byte) bool { return bytes.Equal(der, c.Raw) })
		if s.algorithm.fits(c.PublicKey) && (own || len(s.certificates) == 0) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil, refuse(Certificate, "the signature is not of a known certificate")
	}
	return list, nil
}

// prepared returns the signed element as the library takes it: the signature
// comes first, where the library finds it, has no KeyInfo, and as its value what
// crypto/x509 reads. The signature covers none of that.
func (s *signature) prepared(n *node) *etree.Element {
	el := n.detached(s.inclusive)
	copied := el.Child[s.node.Index()].(*etree.Element)
	el.RemoveChild(copied)
	el.InsertChildAt(0, copied)
	for _, child := range copied.ChildElements() {
		switch child.Tag {
		case dsig.KeyInfoTag:
			copied.RemoveChild(child)
		case dsig.SignatureValueTag:
			child.SetText(s.encoded())
		case dsig.SignedInfoTag:
			if s.inclusively {
				s.info.bring(child, true)
			}
		}
	}
	return withoutComments(el)
}

// encoded is the value of a signature in base64, of ECDSA as ASN.1 (RFC 3279
// section 2.2.3) in place of r and s one after the other (XML Signature section
// 6.4.3).
func (s *signature) encoded() string {
	if !s.algorithm.ecdsa {
		return s.value
	}
	raw, err := base64.StdEncoding.DecodeString(s.value)
	if err != nil || len(raw)%2 != 0 {
		return ""
	}
	r, n := halves(raw)
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, n})
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(der)
}

// halves are r and s of a signature that has one after the other.
func halves(raw []byte) (r, s *big.Int) {
	half := len(raw) / 2
	return new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])
}

// checked has the library check the signature of an element with one
// certificate, and returns the canonical form of what it covers; nil if it is not
// right.
func checked(el *etree.Element, c *x509.Certificate) []byte {
	v := &dsig.ValidationContext{
		CertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}},
		IdAttribute:      idAttribute,
		Clock:            dsig.NewFakeClockAt(c.NotBefore),
	}
	signed, err := v.Validate(el)
	if err != nil {
		return nil
	}
	// What was digested has every namespace where it is needed: this form adds
	// none, and keeps those that only values have.
	canonical, err := dsig.MakeC14N11Canonicalizer().Canonicalize(signed)
	if err != nil {
		return nil
	}
	return canonical
}
