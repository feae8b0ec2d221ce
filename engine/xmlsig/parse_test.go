package xmlsig_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/xmlsig"
	"github.com/authhost/authhost/pluginapi"
)

// nested is n elements in one another.
func nested(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }

// many is an element with n times something in it; %d in it is a number.
func many(n int, something string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(something, "%d", fmt.Sprint(i)))
	}
	return "<r>" + b.String() + "</r>"
}

// TestParse takes documents, and refuses those that are none, not of the subset
// or beyond a bound.
func TestParse(t *testing.T) {
	laughs := `<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><r>&b;</r>`
	for _, tt := range []struct {
		what, text string
		want       xmlsig.Reason
	}{
		{"an element", `<r/>`, ""},
		{"a declaration", `<?xml version="1.0" encoding="utf-8"?><r/>`, ""},
		{"references", `<r a="&lt;&#65;&#x42;">&amp;&quot;&apos;&gt;</r>`, ""},
		{"comments, white space", " <!-- a -->\n<r/>\n<!-- b --> ", ""},
		{"a prefix that is declared beside its use", `<a:r xmlns:a="urn:a" a:b="c"/>`, ""},
		{"the prefix xml", `<r xml:lang="en" xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, ""},
		{"nested as deep as may be", nested(pluginapi.MaxXMLDepth), ""},

		{"nothing", ``, xmlsig.Malformed},
		{"text", `r`, xmlsig.Malformed},
		{"text before", `x<r/>`, xmlsig.Malformed},
		{"text after", `<r/>x`, xmlsig.Malformed},
		{"two elements", `<r/><r/>`, xmlsig.Malformed},
		{"no end", `<r>`, xmlsig.Malformed},
		{"another end", `<r></s>`, xmlsig.Malformed},
		{"an end alone", `</r>`, xmlsig.Malformed},
		{"a document type", `<!DOCTYPE r><r/>`, xmlsig.Malformed},
		{"entities that grow", laughs, xmlsig.Malformed},
		{"an external entity", `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>`, xmlsig.Malformed},
		{"an unknown entity", `<r>&x;</r>`, xmlsig.Malformed},
		{"a directive within", `<r><!ELEMENT r ANY></r>`, xmlsig.Malformed},
		{"a directive that reads differently (CVE-2020-29510)", `<r><!-<!---->x></r>`, xmlsig.Malformed},
		{"a processing instruction", `<r><?php x?></r>`, xmlsig.Malformed},
		{"a style sheet", `<?xml-stylesheet href="x"?><r/>`, xmlsig.Malformed},
		{"a late declaration", `<r/><?xml version="1.0"?>`, xmlsig.Malformed},
		{"another encoding", `<?xml version="1.0" encoding="iso-8859-1"?><r/>`, xmlsig.Malformed},
		{"UTF-16", "\xff\xfe<\x00r\x00/\x00>\x00", xmlsig.Malformed},
		{"bytes that are not UTF-8", "<r>\xff</r>", xmlsig.Malformed},
		{"a zero byte", "<r>\x00</r>", xmlsig.Malformed},
		{"a reference to a zero byte", "<r>&#0;</r>", xmlsig.Malformed},
		{"a name that begins with a colon (CVE-2020-29511)", `<:r/>`, xmlsig.Malformed},
		{"a name that ends with one", `<r:/>`, xmlsig.Malformed},
		{"a name with two", `<a:b:c xmlns:a="urn:a"/>`, xmlsig.Malformed},
		{"an attribute that begins with one (CVE-2020-29509)", `<r :a="b"/>`, xmlsig.Malformed},
		{"a name that is not ASCII", `<é/>`, xmlsig.Malformed},
		{"a long name", `<` + strings.Repeat("a", pluginapi.MaxXMLName+1) + `/>`, xmlsig.Malformed},
		{"an attribute twice", `<r a="1" a="2"/>`, xmlsig.Malformed},
		{"an attribute twice, by another prefix", `<r xmlns:a="urn:x" xmlns:b="urn:x" a:c="1" b:c="2"/>`, xmlsig.Malformed},
		{"a declaration twice", `<r xmlns:a="urn:x" xmlns:a="urn:y"/>`, xmlsig.Malformed},
		{"an attribute without quotes", `<r a=b/>`, xmlsig.Malformed},
		{"an element in an attribute", `<r a="<b/>"/>`, xmlsig.Malformed},
		{"an end of CDATA in a text", `<r>]]></r>`, xmlsig.Malformed},
		{"a comment in a comment", `<r><!-- -- --></r>`, xmlsig.Malformed},
		{"a prefix of an element that is not declared", `<a:r/>`, xmlsig.Malformed},
		{"a prefix of an attribute that is not declared", `<r a:b="c"/>`, xmlsig.Malformed},
		{"the prefix xmlns", `<xmlns:r/>`, xmlsig.Malformed},
		{"xmlns with a prefix", `<r xmlns:a="urn:a" a:xmlns="urn:b"/>`, xmlsig.Malformed},
		{"the prefix xml for another namespace", `<r xmlns:xml="urn:a"/>`, xmlsig.Malformed},
		{"another prefix for that of xml", `<r xmlns:a="http://www.w3.org/XML/1998/namespace"/>`, xmlsig.Malformed},
		{"the namespace of xmlns", `<r xmlns="http://www.w3.org/2000/xmlns/"/>`, xmlsig.Malformed},
		{"a declaration taken back", `<r xmlns:a="urn:a"><b xmlns:a=""/></r>`, xmlsig.Malformed},
		{"an id twice", `<r ID="x"><a ID="x"/></r>`, xmlsig.Malformed},
		{"an id twice, of other sorts", `<r ID="x"><a Id="x"/></r>`, xmlsig.Malformed},
		{"two ids of an element", `<r ID="x" xml:id="y"/>`, xmlsig.Malformed},
		{"attributes whose order the library gets wrong", `<r xmlns:a="urn:b" xmlns:b="urn:a" a:a="1" b:b="2"/>`, xmlsig.Malformed},

		{"a long document", `<r>` + strings.Repeat(" ", pluginapi.MaxXMLDocument) + `</r>`, xmlsig.TooLarge},
		{"nested too deep", nested(pluginapi.MaxXMLDepth + 1), xmlsig.TooLarge},
		{"too many elements", many(pluginapi.MaxXMLElements, "<a/>"), xmlsig.TooLarge},
		{"too many attributes", many(3000, `<a a="" b="" c=""/>`), xmlsig.TooLarge},
		{"too many attributes of an element", `<r` + strings.TrimSuffix(strings.TrimPrefix(many(pluginapi.MaxXMLElementAttributes+1, ` a%d=""`), "<r>"), "</r>") + `/>`, xmlsig.TooLarge},
		{"too many namespaces", many(pluginapi.MaxXMLNamespaces+1, `<a xmlns:a="urn:a"/>`), xmlsig.TooLarge},
		{"too many prefixes", `<r` + strings.TrimSuffix(strings.TrimPrefix(many(pluginapi.MaxXMLPrefixes, ` xmlns:a%d="urn:a"`), "<r>"), "</r>") + `/>`, xmlsig.TooLarge},
		{"too many signatures", many(pluginapi.MaxXMLSignatures+1, `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`), xmlsig.TooLarge},
	} {
		t.Run(tt.what, func(t *testing.T) {
			_, err := xmlsig.Parse([]byte(tt.text))
			if tt.want != "" {
				refused(t, tt.what, nil, err, tt.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// FuzzParse: what is taken has canonical forms, which are taken again, and are
// their own.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"canonical.xml", "rs256.xml", "inclusive.xml", "es256.xml", "hmac.xml"} {
		f.Add([]byte(read(f, name)))
	}
	for _, text := range []string{
		`<r a="&#9;&#10;&#13;b">&#13;<![CDATA[]]]]><![CDATA[>]]></r>`, `<:r :a="b"/>`, `<!DOCTYPE r><r>&x;</r>`, `<a xmlns="urn:a"><b:b xmlns="" xmlns:b="urn:b"><c/></b:b></a>`, `<a x='"' y="'"/>`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		for _, o := range []xmlsig.CanonicalOptions{{}, {Comments: true}, {Inclusive: true}, {Inclusive: true, Comments: true}} {
			d, err := xmlsig.Parse(text)
			if err != nil {
				return
			}
			first, err := d.Canonicalize(xmlsig.Name{}, o)
			if err != nil {
				t.Fatalf("%s: no canonical form: %v", text, err)
			}
			d, err = xmlsig.Parse(first)
			var beyond *xmlsig.Error
			if errors.As(err, &beyond) && beyond.Reason == xmlsig.TooLarge {
				return // escapes are longer than what they stand for, and namespaces may be declared more often
			}
			if err != nil {
				t.Fatalf("%s: its canonical form %s: %v", text, first, err)
			}
			if second, err := d.Canonicalize(xmlsig.Name{}, o); err != nil || !bytes.Equal(first, second) {
				t.Errorf("%s: its canonical form %s has the canonical form %s, %v", text, first, second, err)
			}
			_, _ = d.Verify(xmlsig.Name{}, xmlsig.VerifyOptions{})
		}
		if !bytes.Equal(text, before) {
			t.Error("the text was changed")
		}
	})
}
