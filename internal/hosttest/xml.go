package hosttest

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
	"sync"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

// xmlPair is a private key and its certificate, both as PEM.
type xmlPair struct{ key, certificate string }

// xmlPairs makes the keys of the suite: one of RSA that the configuration has at
// privateKey, one on P-256, one whose certificate's time is over, and a weak one.
var xmlPairs = sync.OnceValue(func() (p struct{ good, curve, old, weak xmlPair }) {
	const century = 100
	p.good, p.old = newXMLPair(rsa.GenerateKey(rand.Reader, pluginapi.MinRSABits))(century), newXMLPair(rsa.GenerateKey(rand.Reader, pluginapi.MinRSABits))(1)
	p.curve, p.weak = newXMLPair(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(century), newXMLPair(rsa.GenerateKey(rand.Reader, 1024))(century)
	return p
})

// newXMLPair makes a certificate from the year 2000 on for a key.
func newXMLPair[K crypto.Signer](key K, err error) func(years int) xmlPair {
	return func(years int) xmlPair {
		start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start, NotAfter: start.AddDate(years, 0, 0)}
		var der, pkcs8 []byte
		if err == nil {
			der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		}
		if err == nil {
			pkcs8, err = x509.MarshalPKCS8PrivateKey(key)
		}
		if err != nil {
			panic(err) // there is no test to fail yet
		}
		block := func(kind string, der []byte) string {
			return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
		}
		return xmlPair{block("PRIVATE KEY", pkcs8), block("CERTIFICATE", der)}
	}
}

// xmlBase64 is a certificate without its PEM, as metadata have it.
func xmlBase64(certificate string) string {
	block, _ := pem.Decode([]byte(certificate))
	return base64.StdEncoding.EncodeToString(block.Bytes)
}

// A response, and names of elements in it.
const xmlResponse = `<?xml version="1.0"?><p:Response xmlns:p="urn:p" xmlns:s="urn:s" xmlns:unused="urn:u" ID="r"><s:Issuer>idp</s:Issuer>` +
	`<s:Assertion  z="1" ID='a' xml:lang="en"><s:Issuer>idp</s:Issuer><s:NameID>ada@example.com<!-- x -->.example &amp; &#xE9;</s:NameID></s:Assertion></p:Response>`

var (
	assertionName = object{"name": "Assertion", "namespace": "urn:s"}
	responseName  = object{"name": "Response", "namespace": "urn:p"}
	issuerName    = object{"name": "Issuer", "namespace": "urn:s"}
)

// xmlAssertion is what is signed of xmlResponse's assertion.
const xmlAssertion = `<s:Assertion xmlns:s="urn:s" ID="a" z="1" xml:lang="en"><s:Issuer>idp</s:Issuer><s:NameID>ada@example.com.example &amp; é</s:NameID></s:Assertion>`

// signXML signs an element with a pair.
func (g *guest) signXML(document string, element object, p xmlPair) string {
	g.t.Helper()
	args := object{"document": document, "element": element, "certificate": p.certificate, "sealedKey": g.seal(p.key)}
	return g.do("xml.sign", args).text("document")
}

// xmlCases are those of the capability xml.
var xmlCases = table{
	"xml.sign":         func(t *tester) { t.serve(Request{}, signXMLDocuments) },
	"xml.verify":       func(t *tester) { t.serve(Request{}, verifyXMLDocuments); t.serve(Request{}, wrapXMLDocuments) },
	"xml.canonicalize": func(t *tester) { t.serve(Request{}, canonicalizeXMLDocuments) },
	"xml.signText":     func(t *tester) { t.serve(Request{}, signTexts) },
	"xml.verifyText":   func(t *tester) { t.serve(Request{}, verifyTexts) },
}

func signXMLDocuments(g *guest) {
	t, keys := g.t, xmlPairs()
	args := object{"document": xmlResponse, "certificate": keys.good.certificate, "secret": "privateKey"}
	for what, tt := range map[string]struct {
		more   object
		before string // what comes before the signature
	}{
		"the document":       {object{}, ` ID="r">`},
		"after the issuer":   {object{"after": "Issuer"}, `</s:Issuer>`},
		"the assertion":      {object{"element": assertionName}, `xml:lang="en">`},
		"another hash":       {object{"hash": pluginapi.HashSHA512}, ` ID="r">`},
		"base64":             {object{"document": base64.StdEncoding.EncodeToString([]byte(xmlResponse)), "documentEncoding": "base64"}, ` ID="r">`},
		"without PEM around": {object{"certificate": xmlBase64(keys.good.certificate)}, ` ID="r">`},
	} {
		all := args
		for name, v := range tt.more {
			all = with(all, name, v)
		}
		signed := g.do("xml.sign", all).text("document")
		if !strings.Contains(signed, tt.before+"<ds:Signature ") || !strings.Contains(signed, xmlBase64(keys.good.certificate)) || strings.Contains(signed, "<!--") {
			t.Errorf("%s: got %s", what, signed)
		}
		element := responseName
		if tt.more["element"] != nil {
			element = assertionName
		}
		g.do("xml.verify", object{"document": signed, "element": element, "certificates": []any{keys.good.certificate}})
	}
	signed := g.do("xml.sign", args).text("document")
	for what, tt := range map[string]struct {
		more   object
		status pluginapi.Status
		code   string
	}{
		"another's certificate":     {object{"certificate": keys.curve.certificate}, pluginapi.StatusInvalid, "key"},
		"no certificate":            {object{"certificate": "x"}, pluginapi.StatusInvalid, "key"},
		"no key":                    {object{"secret": "jefe"}, pluginapi.StatusInvalid, "key"},
		"no setting":                {object{"secret": "unheardOf"}, pluginapi.StatusInvalid, ""},
		"a purpose that is not his": {object{"secret": nil, "sealedKey": object{"purpose": "unasked", "sealed": "x"}}, pluginapi.StatusDenied, ""},
		"nothing that was sealed":   {object{"secret": nil, "sealedKey": object{"purpose": "test", "sealed": "x"}}, pluginapi.StatusInvalid, "invalid"},
		"nothing to come after":     {object{"after": "Extensions"}, pluginapi.StatusInvalid, "malformed"},
		"no element":                {object{"element": object{"name": "Response"}}, pluginapi.StatusNotFound, ""},
		"several":                   {object{"element": issuerName}, pluginapi.StatusInvalid, "ambiguous"},
		"one without an ID":         {object{"element": object{"name": "NameID", "namespace": "urn:s"}}, pluginapi.StatusInvalid, "malformed"},
		"one that is signed":        {object{"document": signed}, pluginapi.StatusInvalid, "malformed"},
		"no XML":                    {object{"document": "x"}, pluginapi.StatusInvalid, "malformed"},
	} {
		all := args
		for name, v := range tt.more {
			all = with(all, name, v)
		}
		if status, out := g.call("xml.sign", all); status != tt.status || out.text("code") != tt.code {
			t.Errorf("%s: got %s %s, want %s with the code %q", what, status, text(out), tt.status, tt.code)
		}
	}
}

func verifyXMLDocuments(g *guest) {
	t, keys := g.t, xmlPairs()
	known := []any{keys.old.certificate, xmlBase64(keys.good.certificate), keys.curve.certificate}
	for algorithm, p := range map[string]xmlPair{"RS256": keys.good, "ES256": keys.curve} {
		signed := g.signXML(xmlResponse, assertionName, p)
		args := object{"document": signed, "element": assertionName, "certificates": known}
		out := g.do("xml.verify", args)
		t.want("what was signed", out.at("canonical"), xmlAssertion)
		t.want("the rest", []any{out.at("algorithm"), out.at("certificate")}, []any{algorithm, xmlBase64(p.certificate)})
		g.do("xml.verify", with(with(args, "algorithms", []any{"RS256", "ES256"}), "checkTime", true))
		encoded := base64.StdEncoding.EncodeToString([]byte(signed))
		g.do("xml.verify", with(with(args, "document", encoded[:76]+"\r\n"+encoded[76:]), "documentEncoding", "base64"))

		both := g.signXML(signed, responseName, keys.good)
		g.do("xml.verify", with(args, "document", both))
		g.do("xml.verify", with(with(args, "document", both), "element", responseName))

		g.refused("xml.verify", with(args, "element", responseName), pluginapi.StatusInvalid, "unsigned")
		g.refused("xml.verify", with(args, "element", issuerName), pluginapi.StatusInvalid, "ambiguous")
		g.refused("xml.verify", with(args, "element", object{"name": "Assertion"}), pluginapi.StatusNotFound, "")
		g.refused("xml.verify", with(args, "document", strings.Replace(signed, "ada@", "eve@", 1)), pluginapi.StatusInvalid, "signature")
		g.refused("xml.verify", with(args, "certificates", []any{keys.old.certificate}), pluginapi.StatusInvalid, "certificate")
		g.refused("xml.verify", with(args, "algorithms", []any{"RS512"}), pluginapi.StatusInvalid, "algorithm")
		for _, code := range map[string]any{"no certificate": "x", "a weak key": keys.weak.certificate} {
			g.refused("xml.verify", with(args, "certificates", []any{code}), pluginapi.StatusInvalid, "key")
		}
		for _, bad := range []object{
			with(args, "certificates", []any{}), with(args, "certificates", make9(keys.good.certificate)), with(args, "algorithms", []any{"none"}),
			with(args, "documentEncoding", "base64"), with(args, "documentEncoding", "base64url"),
		} {
			g.refused("xml.verify", bad, pluginapi.StatusInvalid, "")
		}
	}
	args := object{"document": g.signXML(xmlResponse, assertionName, keys.old), "element": assertionName, "certificates": known}
	g.do("xml.verify", args)
	g.refused("xml.verify", with(args, "checkTime", true), pluginapi.StatusInvalid, "expired")
	for what, document := range malformedXML {
		if status, out := g.call("xml.verify", with(args, "document", document)); status != pluginapi.StatusInvalid || out.text("code") != "malformed" {
			t.Errorf("%s: got %s %s", what, status, text(out))
		}
	}
	g.refused("xml.verify", with(args, "document", "<a>"+strings.Repeat(" ", pluginapi.MaxXMLDocument)+"</a>"), pluginapi.StatusLimit, "")
	g.refused("xml.verify", with(args, "document", strings.Repeat("<a>", pluginapi.MaxXMLDepth+1)+strings.Repeat("</a>", pluginapi.MaxXMLDepth+1)), pluginapi.StatusLimit, "")
}

// malformedXML are documents that no host takes.
var malformedXML = map[string]string{
	"no XML":                   `x`,
	"a document type":          `<!DOCTYPE a><a/>`,
	"entities":                 `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
	"a processing instruction": `<a><?b c?></a>`,
	"two elements":             `<a/><b/>`,
	"an id twice":              `<a ID="x"><b ID="x"/></a>`,
	"no declaration":           `<a:b/>`,
	"an odd name":              `<a:b:c xmlns:a="urn:a"/>`,
}

func make9(certificate string) []any {
	list := make([]any, pluginapi.MaxXMLCertificates+1)
	for i := range list {
		list[i] = certificate
	}
	return list
}

// wrapXMLDocuments moves what was signed to other places: nothing else comes out.
func wrapXMLDocuments(g *guest) {
	keys := xmlPairs()
	signed := g.signXML(strings.TrimPrefix(xmlResponse, `<?xml version="1.0"?>`), assertionName, keys.good)
	start, end := strings.Index(signed, "<s:Assertion"), strings.Index(signed, "</p:Response>")
	good := signed[start:end]
	from, to := strings.Index(good, "<ds:Signature"), strings.Index(good, "</ds:Signature>")+len("</ds:Signature>")
	signature, bare := good[from:to], good[:from]+good[to:]
	evil := strings.Replace(strings.Replace(bare, "ada@", "eve@", 1), `ID="a"`, `ID="b"`, 1)
	within := func(assertion, more string) string {
		return strings.Replace(assertion, "</s:Assertion>", more+"</s:Assertion>", 1)
	}
	for what, body := range map[string]string{
		"another before":                      evil + good,
		"another around":                      within(evil, good),
		"the signature in another":            within(evil, signature) + bare,
		"the signed one in the signature":     within(evil, strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+bare+"</ds:Object></ds:Signature>", 1)),
		"the signed one in extensions":        "<p:Extensions>" + good + "</p:Extensions>" + evil,
		"another of the same id":              strings.Replace(evil, `ID="b"`, `ID="a"`, 1) + good,
		"the signature in another, and alone": within(evil, signature),
		"two signatures":                      strings.Replace(good, signature, signature+signature, 1),
	} {
		args := object{"document": signed[:start] + body + signed[end:], "element": assertionName, "certificates": []any{keys.good.certificate}}
		if status, out := g.call("xml.verify", args); status != pluginapi.StatusInvalid {
			g.t.Errorf("%s: got %s %s", what, status, text(out))
		}
	}
}

func canonicalizeXMLDocuments(g *guest) {
	t := g.t
	const document = `<a:r xmlns:a="urn:a" xmlns="urn:d" xmlns:u="urn:u" z='1 &lt; "2"' b="&#9;&#10;
 x" a:x="x" xml:lang="en"><!-- c --><e/><b xmlns="" c="&gt;"><d ID="d" xmlns="urn:e" xmlns:a="urn:b"><a:e/></d></b>&lt;&gt;&amp;"&#13;<![CDATA[<]]></a:r>`
	d := object{"name": "d", "namespace": "urn:e"}
	for _, tt := range []struct {
		more object
		want string
	}{
		{object{}, `<a:r xmlns:a="urn:a" b="&#x9;&#xA;  x" z="1 &lt; &quot;2&quot;" xml:lang="en" a:x="x"><e xmlns="urn:d"></e><b c=">"><d xmlns="urn:e" ID="d"><a:e xmlns:a="urn:b"></a:e></d></b>&lt;&gt;&amp;"&#xD;&lt;</a:r>`},
		{object{"form": "inclusive", "comments": true}, `<a:r xmlns="urn:d" xmlns:a="urn:a" xmlns:u="urn:u" b="&#x9;&#xA;  x" z="1 &lt; &quot;2&quot;" xml:lang="en" a:x="x"><!-- c --><e></e><b xmlns="" c=">"><d xmlns="urn:e" xmlns:a="urn:b" ID="d"><a:e></a:e></d></b>&lt;&gt;&amp;"&#xD;&lt;</a:r>`},
		{object{"element": d}, `<d xmlns="urn:e" ID="d"><a:e xmlns:a="urn:b"></a:e></d>`},
		{object{"element": d, "form": "exclusive", "prefixes": []any{"u"}}, `<d xmlns="urn:e" xmlns:u="urn:u" ID="d"><a:e xmlns:a="urn:b"></a:e></d>`},
		{object{"element": d, "form": "inclusive"}, `<d xmlns="urn:e" xmlns:a="urn:b" xmlns:u="urn:u" ID="d" xml:lang="en"><a:e></a:e></d>`},
	} {
		t.want("the canonical form", g.do("xml.canonicalize", with(tt.more, "document", document)).at("canonical"), tt.want)
	}
	g.refused("xml.canonicalize", object{"document": document, "prefixes": []any{"#default"}}, pluginapi.StatusInvalid, "malformed")
	g.refused("xml.canonicalize", object{"document": document, "element": object{"name": "d"}}, pluginapi.StatusNotFound, "")
	for what, document := range malformedXML {
		if status, out := g.call("xml.canonicalize", object{"document": document}); status != pluginapi.StatusInvalid || out.text("code") != "malformed" {
			t.Errorf("%s: got %s %s", what, status, text(out))
		}
	}
}

// redirectQuery is what the redirect binding of SAML signs.
const redirectQuery = "SAMLRequest=fVJNa8Mw&RelayState=a%20b&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256"

func (g *guest) seal(value string) object {
	g.t.Helper()
	return object{"purpose": "test", "sealed": g.do("crypto.seal", object{"purpose": "test", "value": value}).text("sealed")}
}

func signTexts(g *guest) {
	keys := xmlPairs()
	for _, alg := range []string{"RS256", "RS384", "RS512"} {
		args := object{"text": redirectQuery, "alg": alg}
		signed := g.do("xml.signText", with(args, "secret", "privateKey")).text("signature")
		g.t.want("another signature of the same", g.do("xml.signText", with(args, "sealedKey", g.seal(keys.good.key))).text("signature"), signed)
		g.refused("xml.signText", with(args, "sealedKey", g.seal(keys.curve.key)), pluginapi.StatusInvalid, "key")
	}
	args := object{"text": redirectQuery, "alg": "ES256"}
	g.do("xml.signText", with(args, "sealedKey", g.seal(keys.curve.key)))
	g.refused("xml.signText", with(args, "secret", "privateKey"), pluginapi.StatusInvalid, "key")
	g.refused("xml.signText", with(args, "secret", "jefe"), pluginapi.StatusInvalid, "key")
	g.refused("xml.signText", with(args, "secret", "unheardOf"), pluginapi.StatusInvalid, "")
	g.refused("xml.signText", with(args, "sealedKey", object{"purpose": "unasked", "sealed": "x"}), pluginapi.StatusDenied, "")
}

func verifyTexts(g *guest) {
	keys := xmlPairs()
	known := []any{keys.old.certificate, keys.curve.certificate, xmlBase64(keys.good.certificate)}
	for alg, p := range map[string]xmlPair{"RS256": keys.good, "RS384": keys.good, "RS512": keys.good, "ES256": keys.curve, "ES384": keys.curve} {
		args := object{"text": redirectQuery, "alg": alg}
		signature := g.do("xml.signText", with(args, "sealedKey", g.seal(p.key))).text("signature")
		args = with(with(args, "signature", signature), "certificates", known)
		g.t.want("the certificate", g.do("xml.verifyText", args).at("certificate"), xmlBase64(p.certificate))
		g.do("xml.verifyText", with(args, "checkTime", true))
		for _, bad := range []object{
			with(args, "text", redirectQuery+"&"), with(args, "alg", "ES512"), with(args, "certificates", []any{keys.old.certificate}),
			with(args, "signature", "AAAA"), with(args, "signature", signature[4:]),
		} {
			g.refused("xml.verifyText", bad, pluginapi.StatusInvalid, "signature")
		}
		g.refused("xml.verifyText", with(args, "certificates", []any{"x"}), pluginapi.StatusInvalid, "key")
		g.refused("xml.verifyText", with(args, "certificates", []any{}), pluginapi.StatusInvalid, "")
		g.refused("xml.verifyText", with(args, "signature", "?"), pluginapi.StatusInvalid, "")
		g.refused("xml.verifyText", with(with(args, "certificates", []any{keys.old.certificate}), "checkTime", true), pluginapi.StatusInvalid, "expired")
	}
}
