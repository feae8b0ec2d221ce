package xmlsig

import (
	"strings"

	dsig "github.com/russellhaering/goxmldsig"

	"github.com/authhost/authhost/pluginapi"
)

// CanonicalOptions say which canonical form is wanted.
type CanonicalOptions struct {
	// Inclusive asks for Canonical XML 1.0 in place of Exclusive XML
	// Canonicalization 1.0.
	Inclusive bool
	// Comments keeps comments.
	Comments bool
	// Prefixes are those that the exclusive form treats as the inclusive one does
	// (InclusiveNamespaces).
	Prefixes []string
}

// Canonicalize gives the canonical form of the one element of a name. An error is
// an *Error.
func (d *Document) Canonicalize(name Name, o CanonicalOptions) ([]byte, error) {
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	for _, prefix := range o.Prefixes {
		if !pluginapi.IsXMLName(prefix) {
			return nil, malformed("a prefix of the inclusive namespaces is none")
		}
	}
	el := n.detached(o.Inclusive)
	if !o.Comments {
		withoutComments(el)
	}
	var c dsig.Canonicalizer
	switch {
	case o.Inclusive && o.Comments:
		c = dsig.MakeC14N10WithCommentsCanonicalizer()
	case o.Inclusive:
		c = dsig.MakeC14N10RecCanonicalizer()
	case o.Comments:
		c = dsig.MakeC14N10ExclusiveWithCommentsCanonicalizerWithPrefixList(strings.Join(o.Prefixes, " "))
	default:
		c = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(strings.Join(o.Prefixes, " "))
	}
	return canonical(c, el)
}
