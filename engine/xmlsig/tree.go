package xmlsig

import (
	"errors"
	"maps"

	"github.com/beevik/etree"

	"github.com/authhost/authhost/pluginapi"
)

// Names and a namespace that XML itself defines (Namespaces in XML 1.0 section 3).
const (
	nsPrefix     = "xmlns"
	xmlPrefix    = "xml"
	xmlNamespace = "http://www.w3.org/XML/1998/namespace"
)

// idAttribute is the attribute by which signatures name the element that they
// sign, as in SAML 2.0.
const idAttribute = "ID"

// Name is the expanded name of an element. The zero Name is that of the
// document's element, whatever it is called.
type Name struct{ Namespace, Local string }

// Document is a document that is harmless to work with. It is not safe for
// concurrent use.
type Document struct {
	nodes      []*node // all elements, in document order; the first is the document's
	byElement  map[*etree.Element]*node
	signatures []*node
}

// node is an element with what XML says about it.
type node struct {
	*etree.Element
	name   Name
	scope  map[string]string // the namespaces of the prefixes that are good here; "" is the default one
	parent *node
	below  []*node // the elements in it
}

// Parse reads a document, in UTF-8. It keeps nothing of text. An error is an
// *Error.
func Parse(text []byte) (*Document, error) {
	text, err := pluginapi.CheckXML(text)
	if err != nil {
		return nil, unreadable(err)
	}
	tree := etree.NewDocument()
	tree.ReadSettings.MaxDepth = pluginapi.MaxXMLDepth
	if err := tree.ReadFromBytes(text); err != nil {
		return nil, unreadable(err)
	}
	d := &Document{byElement: map[*etree.Element]*node{}}
	d.add(tree.Root(), nil, map[string]string{xmlPrefix: xmlNamespace})
	return d, nil
}

func unreadable(err error) error {
	var e *pluginapi.XMLError
	if !errors.As(err, &e) {
		return &Error{Reason: Malformed, Message: "the document is not XML", Cause: err}
	}
	reason := Malformed
	if e.TooLarge {
		reason = TooLarge
	}
	return &Error{Reason: reason, Message: e.Message, Cause: e.Cause}
}

// add takes an element with all that is below it. scope is that of its parent.
func (d *Document) add(el *etree.Element, parent *node, scope map[string]string) {
	own := false
	for _, a := range el.Attr {
		if prefix, ok := pluginapi.DeclaresXML(a.Space, a.Key); ok {
			if !own {
				scope, own = maps.Clone(scope), true
			}
			scope[prefix] = a.Value
		}
	}
	n := &node{Element: el, name: Name{scope[el.Space], el.Tag}, scope: scope, parent: parent}
	d.nodes = append(d.nodes, n)
	d.byElement[el] = n
	if parent != nil {
		parent.below = append(parent.below, n)
	}
	if n.name == signatureName {
		d.signatures = append(d.signatures, n)
	}
	for child := range el.ChildElementsSeq() {
		d.add(child, n, scope)
	}
}

// find returns the one element of a name.
func (d *Document) find(name Name) (*node, error) {
	if name == (Name{}) {
		return d.nodes[0], nil
	}
	var found *node
	for _, n := range d.nodes {
		switch {
		case n.name != name:
		case found != nil:
			return nil, refuse(Ambiguous, "the document has several elements %s", name.Local)
		default:
			found = n
		}
	}
	if found == nil {
		return nil, refuse(NotFound, "the document has no element %s", name.Local)
	}
	return found, nil
}

// detached returns a copy of an element as a document of its own, for a
// canonical form.
func (n *node) detached(inclusive bool) *etree.Element {
	el := n.Copy()
	n.bring(el, inclusive)
	if !inclusive {
		n.declareDefault(el, "")
	}
	return el
}

// bring gives a copy of an element the namespaces of where it was. For inclusive
// forms, that takes the attributes of the namespace xml which are good there, too
// (Canonical XML 1.0 section 2.4).
func (n *node) bring(el *etree.Element, inclusive bool) {
	for prefix, namespace := range n.scope {
		switch {
		case prefix == xmlPrefix:
		case prefix != "":
			el.CreateAttr(nsPrefix+":"+prefix, namespace)
		case namespace != "":
			el.CreateAttr(nsPrefix, namespace)
		}
	}
	for p := n.parent; inclusive && p != nil; p = p.parent {
		for _, a := range p.Attr {
			if a.Space == xmlPrefix && el.SelectAttr(a.FullKey()) == nil {
				el.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
}

// declareDefault declares the default namespace in a copy where an exclusive form has
// it, and nowhere else: of an element without prefix, if the form has another one
// for it so far. The library writes xmlns="" where the form has nothing.
func (n *node) declareDefault(el *etree.Element, written string) {
	el.RemoveAttr(nsPrefix)
	if el.Space == "" && n.name.Namespace != written {
		written = n.name.Namespace
		el.CreateAttr(nsPrefix, written)
	}
	i := 0
	for child := range el.ChildElementsSeq() {
		n.below[i].declareDefault(child, written)
		i++
	}
}

// withoutComments removes all comments of an element: signatures do not cover
// them (XML Signature section 4.4.3.3), and no text may be split by one.
func withoutComments(el *etree.Element) *etree.Element {
	for i := len(el.Child) - 1; i >= 0; i-- {
		switch child := el.Child[i].(type) {
		case *etree.Comment:
			el.RemoveChildAt(i)
		case *etree.Element:
			withoutComments(child)
		}
	}
	return el
}
