package xmlsig_test

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/xmlsig"
	"github.com/authhost/authhost/pluginapi"
)

// BenchmarkVerify reads a response and checks its signature.
func BenchmarkVerify(b *testing.B) {
	for _, tt := range []struct{ file, certificate string }{{"rs256", "rsa"}, {"es256", "ec256"}, {"inclusive", "rsa"}} {
		b.Run(tt.file, func(b *testing.B) {
			text, o := read(b, tt.file+".xml"), xmlsig.VerifyOptions{Certificates: []*x509.Certificate{certificate(b, tt.certificate)}}
			for b.Loop() {
				if _, err := verify(text, assertion, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLargest does the same for the documents that make most work within the
// bounds.
func BenchmarkLargest(b *testing.B) {
	p := newPair(b, "RSA")
	var declared strings.Builder
	for i := range pluginapi.MaxXMLPrefixes - 4 {
		fmt.Fprintf(&declared, ` xmlns:a%d="urn:a"`, i)
	}
	deep := pluginapi.MaxXMLDepth - 4
	for name, inner := range map[string]string{
		"elements": many(pluginapi.MaxXMLElements-40, `<a b="c"/>`),
		"depth":    strings.Repeat("<a>", deep) + strings.Repeat(`<a b="c"/>`, pluginapi.MaxXMLElements-deep-40) + strings.Repeat("</a>", deep),
		"prefixes": `<r` + declared.String() + `>` + many(pluginapi.MaxXMLElements-40, `<a1:a a2:b="c"/>`) + `</r>`,
		"text":     strings.Repeat("é&lt;", pluginapi.MaxXMLDocument/8),
	} {
		b.Run(name, func(b *testing.B) {
			text := sign(b, `<s ID="x">`+inner+`</s>`, xmlsig.Name{}, p, "")
			o := xmlsig.VerifyOptions{Certificates: []*x509.Certificate{p.certificate}}
			for b.Loop() {
				if _, err := verify(text, xmlsig.Name{}, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSign signs a request.
func BenchmarkSign(b *testing.B) {
	for _, kind := range []string{"RSA", "P-256"} {
		p := newPair(b, kind)
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				sign(b, request, xmlsig.Name{}, p, "")
			}
		})
	}
}
