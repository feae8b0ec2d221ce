// Package xmlsig reads XML documents of strangers, and signs them and checks
// their signatures as XML Signature (https://www.w3.org/TR/xmldsig-core1/) has
// it: enveloped signatures of one element, such as those of SAML 2.0.
//
// [Parse] takes a strict subset of XML and refuses everything else before a tree
// is built (pluginapi.CheckXML): document types, entities and processing
// instructions, names that are not ASCII, ids that stand twice, and whatever is
// beyond a bound. [Document.Verify] takes signatures of one form, each in the element
// that it signs, and gives the canonical form of that element: whoever reads
// nothing else reads nothing that was not signed, wherever an attacker has moved
// it. Digests, signatures and canonical forms are the work of
// github.com/russellhaering/goxmldsig; what it is given has been looked at here,
// so that it never meets a document which could be read in two ways.
//
// Keys are crypto.Signers and certificates: the package knows nothing of plugins
// or tenants.
//
//	d, err := xmlsig.Parse(text)
//	...
//	v, err := d.Verify(xmlsig.Name{Namespace: assertion, Local: "Assertion"}, xmlsig.VerifyOptions{Certificates: pinned})
//	...
//	use(v.Canonical)
//
// Decisions and their reasons: docs/rationale/keys.md.
package xmlsig
