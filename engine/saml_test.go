package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/xmlsig"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const (
	assertionElement = `{"name":"Assertion","namespace":"urn:oasis:names:tc:SAML:2.0:assertion"}`
	authnRequest     = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_q"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">app</saml:Issuer></samlp:AuthnRequest>`
)

// verifyAssertion has the host check the assertion of a form.
func verifyAssertion() []w.Step {
	return []w.Step{
		w.SetJSON("args", `{"documentEncoding":"base64","element":`+assertionElement+`}`),
		w.Copy("args.document", "request.body.SAMLResponse"), w.Copy("args.certificates", "config.certificates"), w.Call("xml", "verify", ""),
	}
}

// samlGuest is a service provider: it takes assertions by the POST binding, and
// signs requests.
func samlGuest() *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID: "saml", ABI: pluginapi.Version(),
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapXML}},
		Config:       []byte(`{"type":"object","properties":{"certificates":{"type":"array","items":{"type":"string"}},"key":{"type":"string","writeOnly":true}}}`),
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/saml/acs", MediaTypes: []string{"application/x-www-form-urlencoded"}, CSRF: "none"},
			{Number: 2, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/saml/request"},
			{Number: 3, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/saml/loop", MediaTypes: []string{"application/x-www-form-urlencoded"}, CSRF: "none"},
		},
	}).Handler(1, append(verifyAssertion(),
		w.If(pluginapi.StatusInvalid, w.Copy("error.code", "result.code"), w.Copy("error.message", "result.message"), w.Return(pluginapi.Deny)), w.Must(),
		w.Copy("response.body.assertion", "result.canonical"),
	)...).Handler(2,
		w.SetJSON("args", fmt.Sprintf(`{"document":%q,"secret":"key","after":"Issuer"}`, authnRequest)), w.Copy("args.certificate", "config.certificates.0"),
		w.Call("xml", "sign", ""), w.Must(),
		w.Copy("response.body.request", "result.document"), w.Copy("response.body.key", "config.key"),
	).Handler(3, w.Forever(verifyAssertion()...))
}

// idp is an identity provider with a key.
type idp struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newIDP(t *testing.T) idp {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(-time.Hour)} // pinned: its time does not matter
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return idp{key, c}
}

// assertion is a response about somebody; more is after the assertion in it.
func samlResponse(user, more string) string {
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r">` +
		`<saml:Assertion ID="_a"><saml:Issuer>idp</saml:Issuer><saml:Subject><saml:NameID>` + user + `</saml:NameID></saml:Subject>` +
		strings.Repeat(" ", 8000) + `</saml:Assertion>` + more + `</samlp:Response>`
}

// signed is a response whose assertion the provider has signed.
func (p idp) signed(t *testing.T, response string) string {
	t.Helper()
	d, err := xmlsig.Parse([]byte(response))
	if err != nil {
		t.Fatal(err)
	}
	text, err := d.Sign(xmlsig.Name{Namespace: "urn:oasis:names:tc:SAML:2.0:assertion", Local: "Assertion"}, xmlsig.SignOptions{Key: p.key, Certificate: p.certificate, After: "Issuer"})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// samlServer serves a tenant with the service provider, which trusts p and signs
// with the same key.
func samlServer(t *testing.T, p idp) *server {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeGuest(t, dir, samlGuest())
	return serve(t, fmt.Sprintf(`
tenants:
  - id: main
    baseURL: http://main.example
    plugins:
      - id: saml
        module: %s/saml.wasm
        grants: [xml]
        config: {certificates: [%q], key: %q}
`, dir, base64.StdEncoding.EncodeToString(p.certificate.Raw), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
}

// post sends a response by the POST binding.
func (s *server) post(path, response string) answer {
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(response))}}
	return s.do(request{
		method: http.MethodPost, path: "/api/auth" + path, body: form.Encode(), origin: "https://idp.example",
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
}

// TestSAMLResponse: a plugin gets the assertion that was signed, as it was signed,
// and no other.
func TestSAMLResponse(t *testing.T) {
	p, other := newIDP(t), newIDP(t)
	s := samlServer(t, p)
	signed := p.signed(t, samlResponse("ada@example.com<!-- -->.evil.example", ""))
	got := s.post("/saml/acs", signed)
	got.want(t, 200, "")
	if text := got.get("assertion"); !strings.Contains(text, "<saml:NameID>ada@example.com.evil.example</saml:NameID>") || strings.Contains(text, "Response") {
		t.Errorf("got %s", text)
	}
	start, end := strings.Index(signed, "<saml:Assertion"), strings.Index(signed, "</samlp:Response>")
	assertion, forged := signed[start:end], `<saml:Assertion ID="_b"><saml:Subject><saml:NameID>eve@example.com</saml:NameID></saml:Subject></saml:Assertion>`
	for what, tt := range map[string]struct{ response, code string }{
		"unsigned":              {samlResponse("eve@example.com", ""), "unsigned"},
		"signed by another":     {other.signed(t, samlResponse("eve@example.com", "")), "certificate"},
		"changed":               {strings.Replace(signed, "ada@", "eve@", 1), "signature"},
		"a second assertion":    {signed[:start] + forged + signed[start:], "ambiguous"},
		"the signed one within": {signed[:start] + strings.Replace(forged, "</saml:Assertion>", assertion+"</saml:Assertion>", 1) + signed[end:], "ambiguous"},
		"an entity":             {`<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + signed, "malformed"},
	} {
		t.Run(what, func(t *testing.T) { s.post("/saml/acs", tt.response).want(t, 400, tt.code) })
	}
}

// TestSAMLRequest: a plugin signs with a key that it does not see.
func TestSAMLRequest(t *testing.T) {
	p := newIDP(t)
	s := samlServer(t, p)
	got := s.do(request{method: http.MethodGet, path: "/api/auth/saml/request"})
	got.want(t, 200, "")
	d, err := xmlsig.Parse([]byte(got.get("request")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Verify(xmlsig.Name{}, xmlsig.VerifyOptions{Certificates: []*x509.Certificate{p.certificate}}); err != nil {
		t.Error(err)
	}
	if strings.Contains(got.text+s.log.String(), "PRIVATE KEY") {
		t.Errorf("the key is in the answer %s or in the log", got.text)
	}
}

// TestXMLCostsFuel: what the host does for documents ends with the fuel of the
// call, long before its time and its number of host calls.
func TestXMLCostsFuel(t *testing.T) {
	p := newIDP(t)
	s := samlServer(t, p)
	s.post("/saml/loop", p.signed(t, samlResponse("ada@example.com", ""))).want(t, 500, "")
	if reason := s.reasonOf(t, "saml", 3); !strings.Contains(reason, "fuel") {
		t.Errorf("the call ended by its %s", reason)
	}
}
