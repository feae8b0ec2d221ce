package pluginapi

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"unicode/utf8"
)

// Names and namespaces that XML defines (Namespaces in XML 1.0 section 3), and
// that of XML Signature.
const (
	xmlnsPrefix   = "xmlns"
	xmlPrefix     = "xml"
	xmlNamespace  = "http://www.w3.org/XML/1998/namespace"
	xmlnsName     = "http://www.w3.org/2000/xmlns/"
	dsigNamespace = "http://www.w3.org/2000/09/xmldsig#"
)

// XMLError says why the capability xml does not take a document. It quotes
// nothing of it but names.
type XMLError struct {
	TooLarge bool // it is beyond a bound; else it is not XML, or not the part of XML that is taken
	Message  string
	Cause    error
}

// Error implements error.
func (e *XMLError) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *XMLError) Unwrap() error { return e.Cause }

func malformedXML(format string, args ...any) error {
	return &XMLError{Message: fmt.Sprintf(format, args...)}
}

func tooLargeXML(format string, args ...any) error {
	return &XMLError{TooLarge: true, Message: fmt.Sprintf(format, args...)}
}

// CheckXML reads a document of the capability xml token by token, before anybody
// makes a tree of it, and refuses what is beyond a bound or not in the part of XML
// that is taken, with an *XMLError. It returns the text with line ends, and white
// space in tags, normalised (XML 1.0 sections 2.11 and 3.3.3), which encoding/xml
// leaves undone: the same decoder then reads the same tokens from it.
//
// encoding/xml takes documents which are none (https://go.dev/issue/68299), and
// some that it writes in another way than it has read them (CVE-2020-29509,
// CVE-2020-29510, CVE-2020-29511): names with odd colons, and directives. Neither
// gets past here.
func CheckXML(text []byte) ([]byte, error) {
	if len(text) > MaxXMLDocument {
		return nil, tooLargeXML("the document is longer than %d bytes", MaxXMLDocument)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, malformedXML("the document is not UTF-8")
	}
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	s := xmlScanner{text: text, tokens: xml.NewDecoder(bytes.NewReader(text)), ids: map[string]bool{}}
	s.scopes = []map[string]string{{xmlPrefix: xmlNamespace}}
	for {
		if err := s.next(); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
	}
	if len(s.open) > 0 || s.elements == 0 {
		return nil, malformedXML("the document ends too early")
	}
	return text, nil
}

// xmlScanner is a document that is being checked.
type xmlScanner struct {
	text       []byte
	tokens     *xml.Decoder
	open       []xml.Name          // elements that have begun, outermost first
	scopes     []map[string]string // namespaces by prefix: around the document, then in each of open
	ids        map[string]bool
	elements   int
	attributes int
	namespaces int
	signatures int
}

// next checks one token. It returns io.EOF after the last one.
func (s *xmlScanner) next() error {
	start := s.tokens.InputOffset()
	token, err := s.tokens.RawToken()
	if err == io.EOF {
		return err
	}
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &XMLError{Message: "the document is not XML", Cause: err}
	case err != nil:
		return malformedXML("the document is not XML in UTF-8")
	}
	switch t := token.(type) {
	case xml.StartElement:
		if err := s.begin(t); err != nil {
			return err
		}
		spaces(s.text[start:s.tokens.InputOffset()])
	case xml.EndElement:
		return s.end(t)
	case xml.CharData:
		if len(s.open) == 0 && len(bytes.TrimSpace(t)) > 0 {
			return malformedXML("there is text outside of the document's element")
		}
	case xml.ProcInst:
		if t.Target != xmlPrefix || start != 0 {
			return malformedXML("processing instructions are not taken")
		}
	case xml.Directive:
		return malformedXML("document types and entities are not taken")
	}
	return nil
}

// spaces makes every white space of a start tag a space, in attributes as well.
func spaces(tag []byte) {
	for i, c := range tag {
		if c == '\n' || c == '\t' {
			tag[i] = ' '
		}
	}
}

func (s *xmlScanner) begin(t xml.StartElement) error {
	s.elements++
	switch {
	case len(s.open) == 0 && s.elements > 1:
		return malformedXML("there is a second element after the document's")
	case s.elements > MaxXMLElements:
		return tooLargeXML("the document has more than %d elements", MaxXMLElements)
	case len(s.open) == MaxXMLDepth:
		return tooLargeXML("elements are nested more than %d deep", MaxXMLDepth)
	case len(t.Attr) > MaxXMLElementAttributes:
		return tooLargeXML("an element has more than %d attributes", MaxXMLElementAttributes)
	case !plainXMLName(t.Name):
		return malformedXML("the name of an element is not taken")
	}
	scope, err := s.declared(t.Attr)
	if err != nil {
		return err
	}
	namespace, ok := scope[t.Name.Space]
	if !ok && t.Name.Space != "" {
		return malformedXML("the prefix %s is not declared", t.Name.Space)
	}
	if namespace == dsigNamespace && t.Name.Local == "Signature" {
		if s.signatures++; s.signatures > MaxXMLSignatures {
			return tooLargeXML("the document has more than %d signatures", MaxXMLSignatures)
		}
	}
	s.open, s.scopes = append(s.open, t.Name), append(s.scopes, scope)
	return s.attributesOf(t.Attr, scope)
}

func (s *xmlScanner) end(t xml.EndElement) error {
	last := len(s.open) - 1
	if last < 0 || s.open[last] != t.Name {
		return malformedXML("an end tag is not that of the element which is open")
	}
	s.open, s.scopes = s.open[:last], s.scopes[:last+1]
	return nil
}

// DeclaresXML returns the prefix that an attribute declares, "" for the default
// namespace; ok is false for another attribute. space is the attribute's prefix.
func DeclaresXML(space, local string) (prefix string, ok bool) {
	switch {
	case space == xmlnsPrefix:
		return local, true
	case space == "" && local == xmlnsPrefix:
		return "", true
	}
	return "", false
}

// declared returns the namespaces that are good in an element with these
// attributes: those around it, and its own.
func (s *xmlScanner) declared(attributes []xml.Attr) (map[string]string, error) {
	scope := s.scopes[len(s.scopes)-1]
	var own map[string]bool
	for _, a := range attributes {
		prefix, ok := DeclaresXML(a.Name.Space, a.Name.Local)
		if !ok {
			continue
		}
		switch {
		case !plainXMLName(a.Name), own[prefix], prefix == xmlnsPrefix, a.Value == xmlnsName, (prefix == xmlPrefix) != (a.Value == xmlNamespace), prefix != "" && a.Value == "":
			return nil, malformedXML("a prefix is declared in a way that XML does not allow")
		case own == nil:
			scope, own = maps.Clone(scope), map[string]bool{}
		}
		scope[prefix], own[prefix] = a.Value, true
		s.namespaces++
	}
	switch {
	case s.namespaces > MaxXMLNamespaces:
		return nil, tooLargeXML("the document has more than %d namespace declarations", MaxXMLNamespaces)
	case len(scope) > MaxXMLPrefixes:
		return nil, tooLargeXML("more than %d prefixes are declared in one place", MaxXMLPrefixes)
	}
	return scope, nil
}

// attributesOf checks the attributes of an element that declare nothing.
func (s *xmlScanner) attributesOf(attributes []xml.Attr, scope map[string]string) error {
	var seen []xml.Name // with the namespace in place of the prefix
	ids := 0
	for _, a := range attributes {
		if _, declares := DeclaresXML(a.Name.Space, a.Name.Local); declares {
			continue
		}
		if !plainXMLName(a.Name) || a.Name.Local == xmlnsPrefix {
			return malformedXML("the name of an attribute is not taken")
		}
		name := xml.Name{Local: a.Name.Local}
		if a.Name.Space != "" {
			if name.Space = scope[a.Name.Space]; name.Space == "" {
				return malformedXML("the prefix %s is not declared", a.Name.Space)
			}
		}
		for _, other := range seen {
			if err := sideBySide(other, name); err != nil {
				return err
			}
		}
		seen = append(seen, name)
		if s.attributes++; s.attributes > MaxXMLAttributes {
			return tooLargeXML("the document has more than %d attributes", MaxXMLAttributes)
		}
		if !strings.EqualFold(name.Local, "ID") {
			continue
		}
		if ids++; ids > 1 || s.ids[a.Value] {
			return malformedXML("an id stands twice")
		}
		s.ids[a.Value] = true
	}
	return nil
}

// sideBySide refuses two attributes of one element that are the same, or whose
// order in a canonical form depends on who makes it: goxmldsig and others go by
// the name where Canonical XML (section 2.2) goes by the namespace first.
func sideBySide(a, b xml.Name) error {
	switch {
	case a == b:
		return malformedXML("an element has the attribute %s twice", a.Local)
	case a.Space == b.Space || a.Space == "" || b.Space == "":
		return nil
	case a.Local == b.Local || (a.Local < b.Local) != (a.Space < b.Space):
		return malformedXML("an element has attributes of several namespaces, in an order that is not supported")
	}
	return nil
}

// plainXMLName reports whether a name is one with at most a prefix (Namespaces in
// XML 1.0 section 4), in ASCII and not too long. Space is the prefix.
func plainXMLName(n xml.Name) bool {
	return IsXMLName(n.Local) && (n.Space == "" || IsXMLName(n.Space))
}

// IsXMLName reports whether a text is a name, or a prefix, that is taken.
func IsXMLName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= MaxXMLName
}
