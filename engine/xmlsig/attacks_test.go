package xmlsig_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/authhost/authhost/engine/xmlsig"
)

// mallory is who an attacker would like to be; ada is who was signed.
const mallory, ada = "mallory@example.com", "ada@example.com.example"

// tree reads a document without looking at it, as an attacker would.
func tree(t testing.TB, text string) *etree.Document {
	t.Helper()
	d := etree.NewDocument()
	if err := d.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	return d
}

func textOf(t testing.TB, d *etree.Document) string {
	t.Helper()
	text, err := d.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// without is a copy of an element without its own signature.
func without(el *etree.Element) *etree.Element {
	el = el.Copy()
	el.RemoveChild(signatureIn(el))
	return el
}

func signatureIn(el *etree.Element) *etree.Element { return el.SelectElement("ds:Signature") }

// evil is a copy of an element, its signature included, about somebody else and
// with another id.
func evil(el *etree.Element, id string) *etree.Element {
	el = el.Copy()
	name := el.FindElement(".//saml:NameID")
	for len(name.Child) > 0 {
		name.RemoveChildAt(0)
	}
	name.SetText(mallory)
	el.CreateAttr("ID", id)
	return el
}

// wrapped are the attacks of J. Somorovsky and others, On Breaking SAML: Be
// Whoever You Want to Be (USENIX Security 2012), by the numbers that they have
// since. Each changes a document with a signed response, or with a signed
// assertion, so that the signature still is over the original, but who looks for
// the element by its place or name finds another one.
var wrapped = map[string]struct {
	signed xmlsig.Name
	do     func(d *etree.Document)
}{
	"XSW1: the response in the signature of a new one": {response, func(d *etree.Document) {
		old := d.Root()
		forged := evil(old, "_evil")
		signatureIn(forged).CreateElement("ds:Object").AddChild(without(old))
		d.SetRoot(forged)
	}},
	"XSW2: the response beside its signature in a new one": {response, func(d *etree.Document) {
		old := d.Root()
		forged := evil(old, "_evil")
		forged.InsertChildAt(signatureIn(forged).Index(), without(old))
		d.SetRoot(forged)
	}},
	"XSW3: another assertion before the signed one": {assertion, func(d *etree.Document) {
		old := d.FindElement("//saml:Assertion")
		d.Root().InsertChildAt(old.Index(), without(evil(old, "_evil")))
	}},
	"XSW4: the signed assertion in another one": {assertion, func(d *etree.Document) {
		old := d.FindElement("//saml:Assertion")
		forged := without(evil(old, "_evil"))
		at := old.Index()
		d.Root().RemoveChildAt(at)
		forged.AddChild(old)
		d.Root().InsertChildAt(at, forged)
	}},
	"XSW5: the signature in another assertion, the signed one at the end": {assertion, func(d *etree.Document) {
		old := d.FindElement("//saml:Assertion")
		at := old.Index()
		d.Root().RemoveChildAt(at)
		d.Root().InsertChildAt(at, evil(old, "_evil"))
		d.Root().AddChild(without(old))
	}},
	"XSW6: the signed assertion in the signature in another one": {assertion, func(d *etree.Document) {
		old := d.FindElement("//saml:Assertion")
		at := old.Index()
		d.Root().RemoveChildAt(at)
		forged := evil(old, "_evil")
		signatureIn(forged).AddChild(without(old))
		d.Root().InsertChildAt(at, forged)
	}},
	"XSW7: another assertion of the same id in extensions": {assertion, func(d *etree.Document) {
		old := d.FindElement("//saml:Assertion")
		extensions := etree.NewElement("samlp:Extensions")
		extensions.AddChild(without(evil(old, old.SelectAttrValue("ID", ""))))
		d.Root().InsertChildAt(old.Index(), extensions)
	}},
	"XSW8: the signed assertion in an object of the signature": {assertion, func(d *etree.Document) {
		old := d.FindElement("//saml:Assertion")
		at := old.Index()
		d.Root().RemoveChildAt(at)
		forged := evil(old, old.SelectAttrValue("ID", ""))
		signatureIn(forged).CreateElement("ds:Object").AddChild(without(old))
		d.Root().InsertChildAt(at, forged)
	}},
	"the signed response's assertion, with a new one around": {response, func(d *etree.Document) {
		old := d.Root()
		forged := without(evil(old, "_evil"))
		forged.CreateElement("samlp:Extensions").AddChild(old)
		d.SetRoot(forged)
	}},
	"the signed assertion in extensions, another in its place": {assertion, func(d *etree.Document) {
		old := d.FindElement("//saml:Assertion")
		at := old.Index()
		d.Root().RemoveChildAt(at)
		d.Root().CreateElement("samlp:Extensions").AddChild(old)
		d.Root().InsertChildAt(at, without(evil(old, "_evil")))
	}},
}

// signedDocuments are documents with one signed element each, and the
// certificates.
func signedDocuments(t *testing.T) (map[xmlsig.Name]string, []*x509.Certificate) {
	t.Helper()
	pair := newPair(t, "RSA")
	whole := without(tree(t, read(t, "rs256.xml")).FindElement("//saml:Assertion")) // the assertion alone loses its signature
	d := tree(t, read(t, "rs256.xml"))
	old := d.FindElement("//saml:Assertion")
	d.Root().InsertChildAt(old.Index(), whole)
	d.Root().RemoveChild(old)
	return map[xmlsig.Name]string{
		assertion: read(t, "rs256.xml"),
		response:  sign(t, textOf(t, d), response, pair, "Issuer"),
	}, []*x509.Certificate{certificate(t, "rsa"), pair.certificate}
}

// TestWrapping: whatever an attacker makes of a signed document, what comes out
// of it is what was signed, or nothing.
func TestWrapping(t *testing.T) {
	documents, known := signedDocuments(t)
	for name, text := range documents {
		v, err := verify(text, name, xmlsig.VerifyOptions{Certificates: known})
		if err != nil || !strings.Contains(string(v.Canonical), ada) {
			t.Fatalf("%s: got %v, %v", name.Local, v, err)
		}
	}
	for what, attack := range wrapped {
		t.Run(what, func(t *testing.T) {
			d := tree(t, documents[attack.signed])
			attack.do(d)
			text := textOf(t, d)
			if !strings.Contains(text, mallory) || !strings.Contains(text, "ada@example.com") {
				t.Fatalf("this is no attack: %s", text)
			}
			for _, name := range []xmlsig.Name{response, assertion, {}} {
				if v, err := verify(text, name, xmlsig.VerifyOptions{Certificates: known}); err == nil {
					t.Errorf("%s: got %s", name.Local, v.Canonical)
				}
			}
		})
	}
}

// TestComments: a comment does not end a text (CVE-2017-11427 and its like).
func TestComments(t *testing.T) {
	text := strings.Replace(read(t, "rs256.xml"), "ada@example.com<!-- not a part of it -->.example", "ada@<!-- a -->exam<!---->ple.com.example", 1)
	v, err := verify(text, assertion, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{certificate(t, "rsa")}})
	if err != nil || !strings.Contains(string(v.Canonical), ">"+ada+"<") || strings.Contains(string(v.Canonical), "<!--") {
		t.Errorf("got %v, %v", v, err)
	}
	text = strings.Replace(text, "</saml:NameID>", "<!-- a --></saml:NameID><saml:NameID>x</saml:NameID>", 1)
	v, err = verify(text, assertion, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{certificate(t, "rsa")}})
	refused(t, "more than comments", v, err, xmlsig.Signature)
}

// TestForms: signatures of other forms than the one that is taken are refused.
func TestForms(t *testing.T) {
	good := read(t, "rs256.xml")
	for _, tt := range []struct {
		what, old, new string
		want           xmlsig.Reason
	}{
		{"no reference", "#_assertion", "", xmlsig.Malformed},
		{"a reference to another", "#_assertion", "#_response", xmlsig.Malformed},
		{"a pointer", "#_assertion", "#xpointer(id('_assertion'))", xmlsig.Malformed},
		{"a reference elsewhere", "#_assertion", "https://idp.example.com/assertion", xmlsig.Malformed},
		{"a comment in the digest", "<ds:DigestValue>", "<ds:DigestValue><!-- x -->", xmlsig.Malformed},
		{"a comment in the signature", "<ds:SignedInfo>", "<ds:SignedInfo><!-- x -->", xmlsig.Malformed},
		{"text in the signature", "<ds:SignedInfo>", "<ds:SignedInfo>x", xmlsig.Malformed},
		{"another namespace's algorithm", `Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"`, `Algorithm="http://www.w3.org/2001/04/xmlenc#sha256" x:Algorithm="y" xmlns:x="urn:x"`, xmlsig.Malformed},
		{"a second SignedInfo", "<ds:SignatureValue>", "<ds:SignedInfo/><ds:SignatureValue>", xmlsig.Malformed},
		{"a second value", "<ds:KeyInfo>", "<ds:SignatureValue/><ds:KeyInfo>", xmlsig.Malformed},
		{"an object", "</ds:Signature>", "<ds:Object/></ds:Signature>", xmlsig.Malformed},
		{"a second reference", "</ds:SignedInfo>", `<ds:Reference URI="#_response"/></ds:SignedInfo>`, xmlsig.Malformed},
		{"no transforms", "<ds:Transforms>", "<ds:Others>", xmlsig.Malformed},
		{"a third transform", "</ds:Transforms>", `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/></ds:Transforms>`, xmlsig.Malformed},
		{"XPath", "http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xpath-19991116", xmlsig.Malformed},
		{"base64", `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`, `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>`, xmlsig.Malformed},
		{"no canonical form", `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`, `<ds:CanonicalizationMethod/>`, xmlsig.Malformed},
		{"a length of an HMAC", `#rsa-sha256"/>`, `#rsa-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>`, xmlsig.Malformed},
		{"an unknown method", "#rsa-sha256", "#rsa-md5", xmlsig.Algorithm},
		{"an unknown digest", "xmlenc#sha256", "xmldsig-more#md5", xmlsig.Algorithm},
		{"a certificate that is not base64", "<ds:X509Certificate>", "<ds:X509Certificate>?", xmlsig.Malformed},
		{"another certificate", "<ds:X509Certificate>", "<ds:X509Certificate>AAAA", xmlsig.Certificate},
		{"a value that is not base64", "<ds:SignatureValue>", "<ds:SignatureValue>?", xmlsig.Signature},
		{"no signature", "ds:Signature", "ds:Subject", xmlsig.Unsigned},
		{"another name", "saml:Assertion", "saml:Advice", xmlsig.NotFound},
		{"the signature elsewhere", "<ds:Signature ", "<saml:Advice><ds:Signature ", xmlsig.Malformed},
	} {
		t.Run(tt.what, func(t *testing.T) {
			text := strings.ReplaceAll(indented(good), tt.old, tt.new)
			switch tt.new {
			case "<ds:Others>":
				text = strings.ReplaceAll(text, "</ds:Transforms>", "</ds:Others>")
			case "<saml:Advice><ds:Signature ":
				text = strings.ReplaceAll(text, "</ds:Signature>", "</ds:Signature></saml:Advice>")
			}
			if _, err := xmlsig.Parse([]byte(text)); text == good || err != nil {
				t.Fatalf("this is no other form: %v", err)
			}
			v, err := verify(text, assertion, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{certificate(t, "rsa")}})
			refused(t, tt.what, v, err, tt.want)
		})
	}
	twice := tree(t, good)
	signed := twice.FindElement("//saml:Assertion")
	signed.AddChild(signatureIn(signed).Copy())
	v, err := verify(textOf(t, twice), assertion, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{certificate(t, "rsa")}})
	refused(t, "two signatures", v, err, xmlsig.Malformed)
}

// indented has no white space in a transform, for the replacements above.
func indented(text string) string {
	return strings.ReplaceAll(text, "\"></ds:Transform>", "\"/>")
}
