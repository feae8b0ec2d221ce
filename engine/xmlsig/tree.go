package xmlsig

import (
	"maps"
	"strings"

	"github.com/beevik/etree"

	"github.com/authhost/authhost/pluginapi"
)

// Names and namespaces that XML itself defines (Namespaces in XML 1.0 section 3).
const (
	nsPrefix     = "xmlns"
	xmlPrefix    = "xml"
	xmlNamespace = "http://www.w3.org/XML/1998/namespace"
	nsNamespace  = "http://www.w3.org/2000/xmlns/"
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

// Parse reads a document, in UTF-8. It keeps nothing of text.
func Parse(text []byte) (*Document, error) {
	text, err := scan(text)
	if err != nil {
		return nil, err
	}
	tree := etree.NewDocument()
	tree.ReadSettings.MaxDepth = pluginapi.MaxXMLDepth
	if err := tree.ReadFromBytes(text); err != nil {
		return nil, syntax(err)
	}
	d := &Document{byElement: map[*etree.Element]*node{}}
	b := builder{d: d, ids: map[string]bool{}}
	if err := b.add(tree.Root(), nil, map[string]string{xmlPrefix: xmlNamespace}); err != nil {
		return nil, err
	}
	if len(d.signatures) > pluginapi.MaxXMLSignatures {
		return nil, refuse(TooLarge, "the document has more than %d signatures", pluginapi.MaxXMLSignatures)
	}
	return d, nil
}

// builder makes a Document of a tree.
type builder struct {
	d   *Document
	ids map[string]bool
}

// add takes an element with all that is below it. scope is that of its parent.
func (b *builder) add(el *etree.Element, parent *node, scope map[string]string) error {
	scope, err := inner(el, scope)
	if err != nil {
		return err
	}
	namespace, ok := scope[el.Space]
	if !ok && el.Space != "" {
		return malformed("the prefix %s is not declared", el.Space)
	}
	n := &node{Element: el, name: Name{namespace, el.Tag}, scope: scope, parent: parent}
	if err := b.attributes(n); err != nil {
		return err
	}
	if parent != nil {
		parent.below = append(parent.below, n)
	}
	b.d.nodes = append(b.d.nodes, n)
	b.d.byElement[el] = n
	if n.name == signatureName {
		b.d.signatures = append(b.d.signatures, n)
	}
	for child := range el.ChildElementsSeq() {
		if err := b.add(child, n, scope); err != nil {
			return err
		}
	}
	return nil
}

// inner returns the namespaces that are good in an element: those around it, and
// its own.
func inner(el *etree.Element, scope map[string]string) (map[string]string, error) {
	own := false
	for _, a := range el.Attr {
		if !declares(a.Space, a.Key) {
			continue
		}
		prefix := ""
		if a.Space == nsPrefix {
			prefix = a.Key
		}
		if prefix == nsPrefix || (prefix == xmlPrefix) != (a.Value == xmlNamespace) || a.Value == nsNamespace || prefix != "" && a.Value == "" {
			return nil, malformed("the prefix %q is declared in a way that XML does not allow", prefix)
		}
		if !own {
			scope, own = maps.Clone(scope), true
		}
		scope[prefix] = a.Value
	}
	if len(scope) > pluginapi.MaxXMLPrefixes {
		return nil, refuse(TooLarge, "more than %d prefixes are declared in one place", pluginapi.MaxXMLPrefixes)
	}
	return scope, nil
}

// attributes checks the attributes of an element, of which none declares a
// namespace.
func (b *builder) attributes(n *node) error {
	seen := map[Name]bool{}
	ids := 0
	for _, a := range n.Attr {
		if declares(a.Space, a.Key) {
			continue
		}
		name := Name{n.scope[a.Space], a.Key}
		switch {
		case a.Space == "":
			name.Namespace = ""
		case name.Namespace == "":
			return malformed("the prefix %s is not declared", a.Space)
		}
		if seen[name] {
			return malformed("an element has the attribute %s twice", a.Key)
		}
		if unordered(seen, name) {
			return malformed("an element has attributes of several namespaces, in an order that is not supported")
		}
		seen[name] = true
		if !strings.EqualFold(a.Key, idAttribute) {
			continue
		}
		if ids++; ids > 1 || b.ids[a.Value] {
			return malformed("an id stands twice")
		}
		b.ids[a.Value] = true
	}
	return nil
}

// unordered reports whether an attribute and one of those before it are put into
// another order by the library than by Canonical XML (section 2.2), which goes
// by the namespace first. The library goes by the name without the prefix.
func unordered(others map[Name]bool, a Name) bool {
	for o := range others {
		if o.Namespace != a.Namespace && o.Namespace != "" && a.Namespace != "" && (o.Local == a.Local || (o.Local < a.Local) != (o.Namespace < a.Namespace)) {
			return true
		}
	}
	return false
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
		return nil, refuse(Unsigned, "the document has no element %s", name.Local)
	}
	return found, nil
}

// detached returns a copy of an element as a document of its own, for a
// canonical form.
func (n *node) detached(inclusive bool) *etree.Element {
	el := n.Copy()
	n.bring(el, inclusive)
	if !inclusive {
		n.settle(el, "")
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

// settle declares the default namespace in a copy where an exclusive form has
// it, and nowhere else: of an element without prefix, if the form has another one
// for it so far. The library writes xmlns="" where the form has nothing.
func (n *node) settle(el *etree.Element, written string) {
	el.RemoveAttr(nsPrefix)
	if el.Space == "" && n.name.Namespace != written {
		written = n.name.Namespace
		el.CreateAttr(nsPrefix, written)
	}
	i := 0
	for child := range el.ChildElementsSeq() {
		n.below[i].settle(child, written)
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
