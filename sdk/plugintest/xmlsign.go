package plugintest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// dsig is the namespace of XML Signature.
const dsig = "http://www.w3.org/2000/09/xmldsig#"

// A played signature has the parts of a real one that a handler may look for. Its
// value is an HMAC over the exclusive form of the element, with a key of the Host's
// for the certificate: real signatures take a library that plugins do not have.

// SignXML signs an element of a document as another server would: xml.verify takes
// it with the certificate, PEM or base64. The zero element is the document's. It
// fails the test if there is no such element, or no certificate. The signature is
// none outside of a Host, and a Host takes no other than its own.
func (h *Host) SignXML(document string, element sdk.XMLName, certificate string) string {
	h.t.Helper()
	args := Object{"document": document, "certificate": certificate}
	if element.Name != "" {
		args["element"] = Object{"name": element.Name, "namespace": element.Namespace}
	}
	var out Object
	if err := try(func() { out = signedXML(args) }); err != nil {
		h.t.Fatalf("plugintest: the document cannot be signed: %s", err.message)
	}
	return text(out["document"])
}

// KeyPair makes a private key with a certificate for it, both as PEM, for a year
// from the Host's time.
func (h *Host) KeyPair() (key, certificate string) {
	h.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: h.now, NotAfter: h.now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		h.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		h.t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return block("PRIVATE KEY", pkcs8), block("CERTIFICATE", der)
}

func (h *Host) signXML(a Object) Object {
	certificate := xmlCertificate(text(a["certificate"]))
	public, ok := h.xmlKey(a).Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(certificate.PublicKey) {
		refuseWith(sdk.Invalid, "key", "the certificate is not that of the private key")
	}
	return signedXML(a)
}

// signedXML puts a played signature into the document of a call.
func signedXML(a Object) Object {
	certificate := xmlCertificate(text(a["certificate"]))
	root := readXML(a)
	n := root.element(a["element"])
	at := signaturePlace(n, text(a["after"]))
	bits := strings.TrimPrefix(cmp.Or(text(a["hash"]), pluginapi.HashSHA256), "SHA-")
	algorithm := "RS" + bits
	if _, ok := certificate.PublicKey.(*ecdsa.PublicKey); ok {
		algorithm = "ES" + bits
	}
	value := base64.StdEncoding.EncodeToString(playedXML(certificate, algorithm, xmlForm{}.canonical(n)))
	s := newXMLNode(n, dsigName("Signature"), []xml.Attr{{Name: xml.Name{Space: "xmlns", Local: "ds"}, Value: dsig}})
	info := newXMLNode(s, dsigName("SignedInfo"), nil)
	newXMLNode(info, dsigName("SignatureMethod"), []xml.Attr{{Name: xml.Name{Local: "Algorithm"}, Value: algorithm}})
	newXMLNode(s, dsigName("SignatureValue"), nil).within = []any{value}
	data := newXMLNode(newXMLNode(s, dsigName("KeyInfo"), nil), dsigName("X509Data"), nil)
	newXMLNode(data, dsigName("X509Certificate"), nil).within = []any{base64.StdEncoding.EncodeToString(certificate.Raw)}
	last := len(n.within) - 1
	n.within = slices.Insert(n.within[:last:last], at, n.within[last])
	return Object{"document": xmlForm{inclusive: true}.canonical(root)}
}

// playedXML is the value of a played signature.
func playedXML(certificate *x509.Certificate, algorithm, canonical string) []byte {
	return mac(hostKey("xml "+algorithm+" "+string(certificate.Raw)), canonical)
}

func dsigName(local string) xml.Name { return xml.Name{Space: "ds", Local: local} }

// signaturePlace is where the signature of an element goes.
func signaturePlace(n *xmlNode, after string) int {
	if n.parent != nil && n.attribute("ID") == "" {
		refuseWith(sdk.Invalid, "malformed", "the element "+n.name.Local+" has no attribute ID by which a signature can name it")
	}
	at := -1
	if after == "" {
		at = 0
	}
	for i, child := range n.within {
		child, ok := child.(*xmlNode)
		switch {
		case !ok:
		case child.is(dsig, "Signature"):
			refuseWith(sdk.Invalid, "malformed", "the element "+n.name.Local+" has a signature")
		case at < 0 && child.name.Local == after:
			at = i + 1
		}
	}
	if at < 0 {
		refuseWith(sdk.Invalid, "malformed", "the element "+n.name.Local+" has no "+after+" for the signature to follow")
	}
	return at
}

// xmlCertificates are those of the arguments.
func xmlCertificates(a Object) []*x509.Certificate {
	texts, _ := a["certificates"].([]any)
	if len(texts) == 0 || len(texts) > pluginapi.MaxXMLCertificates {
		refuse(sdk.Invalid, fmt.Sprintf("there must be 1 to %d certificates", pluginapi.MaxXMLCertificates))
	}
	var known []*x509.Certificate
	for _, t := range texts {
		known = append(known, xmlCertificate(text(t)))
	}
	return known
}

func (h *Host) verifyXML(a Object) Object {
	known := xmlCertificates(a)
	algorithms, _ := a["algorithms"].([]any)
	for _, name := range algorithms {
		if !slices.Contains(pluginapi.XMLAlgorithms(), text(name)) {
			refuse(sdk.Invalid, "there is no signature algorithm "+text(name))
		}
	}
	n := readXML(a).element(a["element"])
	s := takeSignature(n)
	if len(algorithms) > 0 && !slices.Contains(algorithms, any(s.algorithm)) || s.algorithm == pluginapi.XMLAlgorithmSHA1 && len(algorithms) == 0 {
		refuseWith(sdk.Invalid, "algorithm", "the algorithm "+s.algorithm+" is not allowed")
	}
	at := slices.IndexFunc(known, func(c *x509.Certificate) bool { return base64.StdEncoding.EncodeToString(c.Raw) == s.certificate })
	if at < 0 {
		refuseWith(sdk.Invalid, "certificate", "the signature is not of a known certificate")
	}
	if a["checkTime"] == true && !goodAt(known[at], h.now) {
		refuseWith(sdk.Invalid, "expired", "the certificate's time has not come, or is over")
	}
	canonical := xmlForm{}.canonical(n)
	if !hmac.Equal(s.value, playedXML(known[at], s.algorithm, canonical)) {
		refuseWith(sdk.Invalid, "signature", "the signature is not valid")
	}
	return Object{"canonical": canonical, "algorithm": s.algorithm, "certificate": s.certificate}
}

func goodAt(c *x509.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

// playedSignature is what a played signature says.
type playedSignature struct {
	algorithm, certificate string
	value                  []byte
}

// takeSignature takes the signature of an element out of it.
func takeSignature(n *xmlNode) playedSignature {
	var s playedSignature
	found := 0
	n.within = slices.DeleteFunc(slices.Clone(n.within), func(child any) bool {
		c, ok := child.(*xmlNode)
		if !ok || !c.is(dsig, "Signature") {
			return false
		}
		found++
		for _, part := range c.all() {
			switch part.name.Local {
			case "SignatureMethod":
				s.algorithm = part.attribute("Algorithm")
			case "SignatureValue":
				s.value, _ = base64.StdEncoding.DecodeString(part.text())
			case "X509Certificate":
				s.certificate = part.text()
			}
		}
		return true
	})
	switch {
	case found == 0:
		refuseWith(sdk.Invalid, "unsigned", "the element "+n.name.Local+" has no signature of its own")
	case found > 1:
		refuseWith(sdk.Invalid, "malformed", "the element "+n.name.Local+" has two signatures")
	case s.algorithm == "" || s.certificate == "":
		refuseWith(sdk.Invalid, "malformed", "the signature is not one of the test host's")
	}
	return s
}

// xmlCertificate reads a certificate of the arguments, or refuses it.
func xmlCertificate(s string) *x509.Certificate {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if block, _ := pem.Decode([]byte(s)); block != nil && block.Type == "CERTIFICATE" {
		der, err = block.Bytes, nil
	}
	var c *x509.Certificate
	if err == nil && len(s) <= pluginapi.MaxPublicKey {
		c, err = x509.ParseCertificate(der)
	}
	if c == nil || err != nil {
		refuseWith(sdk.Invalid, "key", "a certificate is not one, as PEM or in base64")
	}
	checkXMLKey(c.PublicKey)
	return c
}

// xmlKey reads the private key of a call, or refuses it.
func (h *Host) xmlKey(a Object) crypto.Signer {
	private := h.privateKey(a)
	checkXMLKey(private.Public())
	return private
}

// privateKey reads the private key of a call, or refuses what is none.
func (h *Host) privateKey(a Object) crypto.Signer {
	var s string
	if sealed := object(a["sealedKey"]); sealed != nil {
		s = h.unsealed(sealed)
	} else {
		s = h.secret(text(a["secret"]))
	}
	block, _ := pem.Decode([]byte(s))
	if block == nil {
		refuseWith(sdk.Invalid, "key", "the private key is not in PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	}
	private, ok := key.(crypto.Signer)
	if err != nil || !ok {
		refuseWith(sdk.Invalid, "key", "the private key is malformed")
	}
	return private
}

// checkXMLKey refuses a key that no signature of XML is made with.
func checkXMLKey(key crypto.PublicKey) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= pluginapi.MinRSABits && bits <= pluginapi.MaxRSABits {
			return
		}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P224() {
			return
		}
	}
	refuseWith(sdk.Invalid, "key", "the key is weak, or neither RSA nor on P-256, P-384 or P-521")
}
