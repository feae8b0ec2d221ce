package plugintest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// xmlNode is an element of a document. In its name and in those of its
// attributes, Space is the prefix.
type xmlNode struct {
	name   xml.Name
	attrs  []xml.Attr
	scope  map[string]string // namespaces by prefix
	parent *xmlNode
	within []any // *xmlNode, string (a text) and xml.Comment
}

// readXML reads the document of a call.
func readXML(a Object) *xmlNode {
	root, err := parseXML(decoded(a["documentEncoding"], a, "document"))
	var fault *pluginapi.XMLError
	if errors.As(err, &fault) && fault.TooLarge {
		refuse(sdk.Limit, fault.Message)
	}
	if err != nil {
		refuseWith(sdk.Invalid, "malformed", err.Error())
	}
	return root
}

// parseXML makes a tree of a document that is taken.
func parseXML(text []byte) (root *xmlNode, err error) {
	text, err = pluginapi.CheckXML(text)
	tokens := xml.NewDecoder(bytes.NewReader(text))
	var open *xmlNode
	for err == nil {
		var token xml.Token
		if token, err = tokens.RawToken(); err == io.EOF {
			return root, nil
		}
		switch t := token.(type) {
		case xml.StartElement:
			open = newXMLNode(open, t.Name, slices.Clone(t.Attr))
			if root == nil {
				root = open
			}
		case xml.EndElement:
			open = open.parent
		case xml.CharData:
			if open != nil {
				open.within = append(open.within, string(t))
			}
		case xml.Comment:
			if open != nil {
				open.within = append(open.within, t.Copy())
			}
		}
	}
	return nil, err
}

// newXMLNode puts an element at the end of another one.
func newXMLNode(parent *xmlNode, name xml.Name, attrs []xml.Attr) *xmlNode {
	n := &xmlNode{name: name, attrs: attrs, parent: parent, scope: map[string]string{}}
	if parent != nil {
		maps.Copy(n.scope, parent.scope)
		parent.within = append(parent.within, n)
	}
	for _, a := range attrs {
		if prefix, ok := pluginapi.DeclaresXML(a.Name.Space, a.Name.Local); ok {
			n.scope[prefix] = a.Value
		}
	}
	return n
}

// is reports whether an element has a name of a namespace.
func (n *xmlNode) is(namespace, local string) bool {
	return n.name.Local == local && n.scope[n.name.Space] == namespace
}

// all lists an element with all that are in it.
func (n *xmlNode) all() []*xmlNode {
	list := []*xmlNode{n}
	for _, child := range n.elements() {
		list = append(list, child.all()...)
	}
	return list
}

// elements lists the children that are elements.
func (n *xmlNode) elements() []*xmlNode {
	var list []*xmlNode
	for _, child := range n.within {
		if child, ok := child.(*xmlNode); ok {
			list = append(list, child)
		}
	}
	return list
}

// attribute is the value of an attribute without a prefix.
func (n *xmlNode) attribute(name string) string {
	for _, a := range n.attrs {
		if a.Name == (xml.Name{Local: name}) {
			return a.Value
		}
	}
	return ""
}

// text is the text in an element.
func (n *xmlNode) text() string {
	var b strings.Builder
	for _, child := range n.within {
		if child, ok := child.(string); ok {
			b.WriteString(child)
		}
	}
	return b.String()
}

// element returns the one that an argument names, the document's if there is no
// argument.
func (n *xmlNode) element(name any) *xmlNode {
	o := object(name)
	if o == nil {
		return n
	}
	found := slices.DeleteFunc(n.all(), func(n *xmlNode) bool { return !n.is(text(o["namespace"]), text(o["name"])) })
	switch {
	case len(found) == 0:
		refuse(sdk.NotFound, "the document has no element "+text(o["name"]))
	case len(found) > 1:
		refuseWith(sdk.Invalid, "ambiguous", "the document has several elements "+text(o["name"]))
	}
	return found[0]
}

// xmlForm is a canonical form.
type xmlForm struct {
	inclusive, comments bool
	prefixes            []string // that the exclusive form treats as the inclusive one does
}

// canonical writes an element in a canonical form (Canonical XML 1.0, Exclusive
// XML Canonicalization 1.0).
func (f xmlForm) canonical(n *xmlNode) string {
	var b strings.Builder
	if f.inclusive {
		n = n.inheriting()
	}
	f.write(&b, n, map[string]string{})
	return b.String()
}

// inheriting is an element with the attributes of the prefix xml around it.
func (n *xmlNode) inheriting() *xmlNode {
	copied := *n
	copied.attrs = slices.Clone(n.attrs)
	for p := n.parent; p != nil; p = p.parent {
		for _, a := range p.attrs {
			if a.Name.Space == "xml" && !slices.ContainsFunc(copied.attrs, func(own xml.Attr) bool { return own.Name == a.Name }) {
				copied.attrs = append(copied.attrs, a)
			}
		}
	}
	return &copied
}

var (
	xmlText  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	xmlValue = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// write writes an element. written are the namespaces that those around it have
// declared.
func (f xmlForm) write(b *strings.Builder, n *xmlNode, written map[string]string) {
	written = maps.Clone(written)
	name := qualified(n.name)
	b.WriteString("<" + name)
	for _, prefix := range f.needed(n) {
		if prefix == "xml" || written[prefix] == n.scope[prefix] {
			continue
		}
		written[prefix] = n.scope[prefix]
		declaration := xml.Name{Space: "xmlns", Local: prefix}
		if prefix == "" {
			declaration = xml.Name{Local: "xmlns"}
		}
		fmt.Fprintf(b, ` %s="%s"`, qualified(declaration), xmlValue.Replace(written[prefix]))
	}
	for _, a := range n.attributes() {
		fmt.Fprintf(b, ` %s="%s"`, qualified(a.Name), xmlValue.Replace(a.Value))
	}
	b.WriteString(">")
	for _, child := range n.within {
		switch child := child.(type) {
		case *xmlNode:
			f.write(b, child, written)
		case string:
			b.WriteString(xmlText.Replace(child))
		case xml.Comment:
			if f.comments {
				b.WriteString("<!--" + string(child) + "-->")
			}
		}
	}
	b.WriteString("</" + name + ">")
}

// needed lists the prefixes that must be declared for an element, in order.
func (f xmlForm) needed(n *xmlNode) []string {
	if f.inclusive {
		return slices.Sorted(maps.Keys(n.scope))
	}
	used := map[string]bool{n.name.Space: true}
	for _, a := range n.attributes() {
		used[a.Name.Space] = used[a.Name.Space] || a.Name.Space != ""
	}
	for _, prefix := range f.prefixes {
		if _, ok := n.scope[prefix]; ok {
			used[prefix] = true
		}
	}
	maps.DeleteFunc(used, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(used))
}

// attributes lists those that declare nothing, in their canonical order.
func (n *xmlNode) attributes() []xml.Attr {
	list := slices.DeleteFunc(slices.Clone(n.attrs), func(a xml.Attr) bool {
		_, declares := pluginapi.DeclaresXML(a.Name.Space, a.Name.Local)
		return declares
	})
	key := func(a xml.Attr) string {
		switch a.Name.Space {
		case "":
			return " " + a.Name.Local
		case "xml":
			return "http://www.w3.org/XML/1998/namespace " + a.Name.Local
		}
		return n.scope[a.Name.Space] + " " + a.Name.Local
	}
	slices.SortFunc(list, func(a, b xml.Attr) int { return strings.Compare(key(a), key(b)) })
	return list
}

// qualified writes a name with its prefix.
func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

func (h *Host) canonicalizeXML(a Object) Object {
	n := readXML(a).element(a["element"])
	f := xmlForm{inclusive: a["form"] == "inclusive", comments: a["comments"] == true}
	prefixes, _ := a["prefixes"].([]any)
	for _, p := range prefixes {
		if !pluginapi.IsXMLName(text(p)) {
			refuseWith(sdk.Invalid, "malformed", "a prefix of the inclusive namespaces is none")
		}
		f.prefixes = append(f.prefixes, text(p))
	}
	return Object{"canonical": f.canonical(n)}
}
