package xmlsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// SignOptions say how a document is signed. Key and Certificate are required.
type SignOptions struct {
	Key         crypto.Signer // of ParseKey
	Certificate *x509.Certificate
	Hash        crypto.Hash // default crypto.SHA256
	// After is the name, without its prefix, of the child of the signed element
	// that the signature follows, such as the Issuer of SAML 2.0; "" makes the
	// signature the first child.
	After string
}

// Sign signs the one element of a name: with RSA (PKCS #1 v1.5) or ECDSA, in
// exclusive canonical form, with the certificate in the KeyInfo. It returns the
// document without comments, in a canonical form. An error is an *Error, but for
// faults of the key's.
func (d *Document) Sign(name Name, o SignOptions) ([]byte, error) {
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	if n.parent != nil && n.attribute(idAttribute) == "" {
		return nil, malformed("the element %s has no attribute %s by which a signature can name it", n.Tag, idAttribute)
	}
	at, err := d.place(n, o.After)
	if err != nil {
		return nil, err
	}
	if err := fitting(o.Key, o.Certificate); err != nil {
		return nil, err
	}
	c, err := dsig.NewSigningContext(signer{o.Key}, [][]byte{o.Certificate.Raw})
	if err != nil {
		return nil, err
	}
	c.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if o.Hash != 0 {
		c.Hash = o.Hash
	}
	s, err := c.ConstructSignature(withoutComments(n.detached(false)), true)
	if err != nil {
		return nil, fmt.Errorf("xmlsig: %w", err)
	}
	n.InsertChildAt(at, s)
	return canonical(dsig.MakeC14N11Canonicalizer(), withoutComments(d.nodes[0].Element))
}

// place returns where the signature of an element goes.
func (d *Document) place(n *node, after string) (int, error) {
	at := -1
	if after == "" {
		at = 0
	}
	for child := range n.ChildElementsSeq() {
		switch {
		case d.byElement[child].name == signatureName:
			return 0, malformed("the element %s has a signature", n.Tag)
		case at < 0 && child.Tag == after:
			at = child.Index() + 1
		}
	}
	if at < 0 {
		return 0, malformed("the element %s has no %s for the signature to follow", n.Tag, after)
	}
	return at, nil
}

// signer makes signatures of ECDSA as r and s one after the other, as XML has
// them (XML Signature section 6.4.3).
type signer struct{ crypto.Signer }

// Sign implements crypto.Signer.
func (s signer) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	signature, err := s.Signer.Sign(random, digest, o)
	key, ok := s.Public().(*ecdsa.PublicKey)
	if err != nil || !ok {
		return signature, err
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &pair); err != nil {
		return nil, err
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	return append(pair.R.FillBytes(make([]byte, size)), pair.S.FillBytes(make([]byte, size))...), nil
}

func canonical(c dsig.Canonicalizer, el *etree.Element) ([]byte, error) {
	out, err := c.Canonicalize(el)
	if err != nil {
		return nil, &Error{Reason: Malformed, Message: "the element has no canonical form", Cause: err}
	}
	return out, nil
}
