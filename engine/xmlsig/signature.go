package xmlsig

import (
	"crypto"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/authhost/authhost/pluginapi"
)

// exclusiveNamespace is that of InclusiveNamespaces (Exclusive XML
// Canonicalization section 4).
const exclusiveNamespace = "http://www.w3.org/2001/10/xml-exc-c14n#"

var signatureName = Name{dsig.Namespace, dsig.SignatureTag}

// signature is an enveloped signature of the one form that is taken.
type signature struct {
	node, info   *node // Signature, SignedInfo
	algorithm    algorithm
	digest       crypto.Hash
	inclusive    bool     // its reference has an inclusive canonical form
	inclusively  bool     // SignedInfo has
	value        string   // base64
	certificates [][]byte // DER, of its KeyInfo
}

// signatureOf returns the signature of an element, which is its child. All
// signatures of the document must be of the form that is taken, each in the
// element that it signs: one that is elsewhere was moved there.
func (d *Document) signatureOf(n *node) (*signature, error) {
	var found *signature
	for _, s := range d.signatures {
		read, err := d.readSignature(s)
		switch {
		case err != nil:
			return nil, err
		case s.parent != n:
		case found != nil:
			return nil, malformed("the element %s has two signatures", n.Tag)
		default:
			found = read
		}
	}
	if found == nil {
		return nil, refuse(Unsigned, "the element %s has no signature of its own", n.Tag)
	}
	return found, nil
}

// readSignature takes a signature apart. It knows every part that there may be,
// and refuses others.
func (d *Document) readSignature(n *node) (*signature, error) {
	if n.parent == nil {
		return nil, malformed("a signature is not in the element that it signs")
	}
	r := &reader{d: d}
	s := &signature{node: n}
	parts := r.children(n, "SignedInfo", "SignatureValue", "KeyInfo?")
	s.info = parts[0]
	info := r.children(s.info, "CanonicalizationMethod", "SignatureMethod", "Reference")
	r.children(info[0])
	r.children(info[1])
	reference := r.children(info[2], "Transforms", "DigestMethod", "DigestValue")
	transforms := r.children(reference[0], "Transform", "Transform")
	r.children(transforms[0])
	r.inclusiveNamespaces(transforms[1])
	r.children(reference[1])
	s.value = r.text(parts[1])
	r.text(reference[2])
	if r.err == nil && parts[2] != nil {
		s.certificates, r.err = d.certificates(parts[2])
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, s.read(info, transforms, reference[1])
}

// read looks at what a signature says of itself.
func (s *signature) read(info, transforms []*node, digest *node) error {
	uri, of := info[2].attribute("URI"), s.node.parent
	id := of.attribute(idAttribute)
	if (uri != "" || of.parent != nil) && (id == "" || uri != "#"+id) {
		return malformed("a signature is not in the element that it signs")
	}
	if transforms[0].attribute("Algorithm") != dsig.EnvelopedSignatureAltorithmId.String() {
		return malformed("the first transform of a signature must be enveloped-signature")
	}
	inclusively, plain := canonicalForms[info[0].attribute("Algorithm")]
	inclusive, known := canonicalForms[transforms[1].attribute("Algorithm")]
	if !plain || !known {
		return malformed("the second transform of a signature, and its canonicalization method, must be a canonical form")
	}
	s.inclusive, s.inclusively = inclusive, inclusively
	method := info[1].attribute("Algorithm")
	i := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.uri == method })
	hash, ok := digests[digest.attribute("Algorithm")]
	if i < 0 || !ok {
		return refuse(Algorithm, "the algorithms of a signature are not supported")
	}
	s.algorithm, s.digest = algorithms[i], hash
	return nil
}

// attribute is the value of an attribute without a namespace.
func (n *node) attribute(name string) string {
	for _, a := range n.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value
		}
	}
	return ""
}

// reader takes elements apart until one is not as it must be. Then err says so,
// and what it returns is of no use.
type reader struct {
	d   *Document
	err error
}

// children returns the elements in an element of a signature, which must have
// these names and no others; those that end in "?" may be absent, and are nil.
func (r *reader) children(n *node, names ...string) []*node {
	found := make([]*node, len(names))
	if r.err != nil {
		return found
	}
	rest := r.elements(n)
	for i, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		if len(rest) > 0 && rest[0].name == (Name{dsig.Namespace, name}) {
			found[i], rest = rest[0], rest[1:]
		} else if !optional {
			r.fail(n, "has no "+name+" where it must be")
			return found
		}
	}
	if len(rest) > 0 {
		r.fail(n, "has a "+rest[0].Tag+", which is not supported there")
	}
	return found
}

// elements returns what is in an element besides white space, all of which must
// be elements.
func (r *reader) elements(n *node) []*node {
	var list []*node
	for _, child := range n.Child {
		switch c := child.(type) {
		case *etree.Element:
			list = append(list, r.d.byElement[c])
		case *etree.CharData:
			if strings.TrimSpace(c.Data) != "" {
				r.fail(n, "has text")
			}
		default:
			r.fail(n, "has a comment")
		}
	}
	for _, a := range n.Attr {
		if a.Space != "" && a.Space != nsPrefix {
			r.fail(n, "has the attribute "+a.Key+" of another namespace")
		}
	}
	return list
}

// text returns the text of an element that has nothing else, without its white
// space.
func (r *reader) text(n *node) string {
	if r.err != nil {
		return ""
	}
	var b strings.Builder
	for _, child := range n.Child {
		c, ok := child.(*etree.CharData)
		if !ok {
			r.fail(n, "has more than text")
			return ""
		}
		b.WriteString(c.Data)
	}
	return strings.Join(strings.Fields(b.String()), "")
}

// inclusiveNamespaces takes the one parameter that a canonical form may have.
func (r *reader) inclusiveNamespaces(n *node) {
	if r.err != nil {
		return
	}
	parts := r.elements(n)
	if len(parts) > 1 || len(parts) == 1 && parts[0].name != (Name{exclusiveNamespace, dsig.InclusiveNamespacesTag}) {
		r.fail(n, "has a parameter that is not supported")
	}
	for _, p := range parts {
		r.children(p)
		if prefixes := strings.Fields(p.attribute(dsig.PrefixListAttr)); slices.ContainsFunc(prefixes, func(s string) bool { return !pluginapi.IsXMLName(s) }) {
			r.fail(n, "has a parameter that is not supported") // #default is none for the library
		}
	}
}

func (r *reader) fail(n *node, how string) {
	if r.err == nil {
		r.err = malformed("the %s of a signature %s", n.Tag, how)
	}
}

// certificates returns those that a KeyInfo has. Whatever else it has is not
// looked at: no key is taken from a document.
func (d *Document) certificates(info *node) ([][]byte, error) {
	var list [][]byte
	for _, n := range d.nodes {
		if n.name != (Name{dsig.Namespace, dsig.X509CertificateTag}) || n.parent == nil || n.parent.parent != info {
			continue
		}
		r := reader{d: d}
		der, err := base64.StdEncoding.DecodeString(r.text(n))
		if r.err != nil || err != nil {
			return nil, malformed("a certificate of a signature is not base64")
		}
		list = append(list, der)
	}
	return list, nil
}
