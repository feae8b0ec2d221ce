package xmlsig

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/authhost/authhost/pluginapi"
)

// scan looks at a document token by token, before a tree is made of it, and
// refuses what is beyond a bound or not in the subset of XML that is taken. It
// returns the text with line ends and white space in tags normalised (XML 1.0
// sections 2.11 and 3.3.3), which encoding/xml leaves undone.
//
// encoding/xml takes documents which are none (https://go.dev/issue/68299), and
// some that it writes in another way than it has read them (CVE-2020-29509,
// CVE-2020-29510, CVE-2020-29511): names with odd colons and directives. Neither
// gets past here. The tree is made by the same decoder, so it has the same
// tokens.
func scan(text []byte) ([]byte, error) {
	if len(text) > pluginapi.MaxXMLDocument {
		return nil, refuse(TooLarge, "the document is longer than %d bytes", pluginapi.MaxXMLDocument)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, malformed("the document is not UTF-8")
	}
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	s := scanner{text: text, tokens: xml.NewDecoder(bytes.NewReader(text))}
	for {
		if err := s.next(); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
	}
	if len(s.open) > 0 || s.elements == 0 {
		return nil, malformed("the document ends too early")
	}
	return text, nil
}

// scanner is a scan under way.
type scanner struct {
	text       []byte
	tokens     *xml.Decoder
	open       []xml.Name // elements that have begun, outermost first
	elements   int
	attributes int
	namespaces int
}

// next looks at one token. It returns io.EOF after the last one.
func (s *scanner) next() error {
	start := s.tokens.InputOffset()
	token, err := s.tokens.RawToken()
	if err == io.EOF {
		return err
	}
	if err != nil {
		return syntax(err)
	}
	switch t := token.(type) {
	case xml.StartElement:
		if err := s.begin(t); err != nil {
			return err
		}
		spaces(s.text[start:s.tokens.InputOffset()])
		return nil
	case xml.EndElement:
		return s.end(t)
	case xml.CharData:
		if len(s.open) == 0 && len(bytes.TrimSpace(t)) > 0 {
			return malformed("there is text outside of the document's element")
		}
		return nil
	case xml.Comment:
		return nil
	case xml.ProcInst:
		if t.Target != "xml" || start != 0 {
			return malformed("processing instructions are not taken")
		}
		return nil
	default:
		return malformed("document types and entities are not taken")
	}
}

// syntax says where a document is none; it quotes nothing of it.
func syntax(err error) error {
	var at *xml.SyntaxError
	if errors.As(err, &at) {
		return &Error{Reason: Malformed, Message: "the document is not XML", Cause: err}
	}
	return malformed("the document is not XML in UTF-8")
}

func (s *scanner) begin(t xml.StartElement) error {
	s.elements++
	switch {
	case len(s.open) == 0 && s.elements > 1:
		return malformed("there is a second element after the document's")
	case s.elements > pluginapi.MaxXMLElements:
		return refuse(TooLarge, "the document has more than %d elements", pluginapi.MaxXMLElements)
	case len(s.open) == pluginapi.MaxXMLDepth:
		return refuse(TooLarge, "elements are nested more than %d deep", pluginapi.MaxXMLDepth)
	case !plainName(t.Name):
		return malformed("the name of an element is not taken")
	}
	s.open = append(s.open, t.Name)
	seen := make(map[xml.Name]bool, len(t.Attr))
	for _, a := range t.Attr {
		switch {
		case !plainName(a.Name) || a.Name.Space != "" && a.Name.Local == nsPrefix:
			return malformed("the name of an attribute is not taken")
		case seen[a.Name]:
			return malformed("an element has the attribute %s twice", a.Name.Local)
		}
		seen[a.Name] = true
		if declares(a.Name.Space, a.Name.Local) {
			s.namespaces++
		} else {
			s.attributes++
		}
	}
	switch {
	case s.attributes > pluginapi.MaxXMLAttributes:
		return refuse(TooLarge, "the document has more than %d attributes", pluginapi.MaxXMLAttributes)
	case s.namespaces > pluginapi.MaxXMLNamespaces:
		return refuse(TooLarge, "the document has more than %d namespace declarations", pluginapi.MaxXMLNamespaces)
	}
	return nil
}

func (s *scanner) end(t xml.EndElement) error {
	last := len(s.open) - 1
	if last < 0 || s.open[last] != t.Name {
		return malformed("an end tag is not that of the element which is open")
	}
	s.open = s.open[:last]
	return nil
}

// declares reports whether an attribute declares a namespace.
func declares(prefix, local string) bool {
	return prefix == nsPrefix || prefix == "" && local == nsPrefix
}

// plainName reports whether a name is one with at most a prefix (Namespaces in
// XML 1.0 section 4), in ASCII.
func plainName(n xml.Name) bool {
	return plainPart(n.Local) && (n.Space == "" || plainPart(n.Space))
}

func plainPart(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= pluginapi.MaxXMLName
}

// spaces makes every white space of a start tag a space, in attributes as well.
func spaces(tag []byte) {
	for i, c := range tag {
		if c == '\n' || c == '\t' {
			tag[i] = ' '
		}
	}
}
