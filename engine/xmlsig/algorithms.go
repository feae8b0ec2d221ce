package xmlsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"slices"

	dsig "github.com/russellhaering/goxmldsig"

	"github.com/authhost/authhost/pluginapi"
)

// algorithm is a signature method (XML Signature section 6.4, RFC 6931).
type algorithm struct {
	name  string // as pluginapi.XMLAlgorithms has it
	uri   string
	ecdsa bool
	hash  crypto.Hash
}

var algorithms = []algorithm{
	{"RS256", dsig.RSASHA256SignatureMethod, false, crypto.SHA256},
	{"RS384", dsig.RSASHA384SignatureMethod, false, crypto.SHA384},
	{"RS512", dsig.RSASHA512SignatureMethod, false, crypto.SHA512},
	{"ES256", dsig.ECDSASHA256SignatureMethod, true, crypto.SHA256},
	{"ES384", dsig.ECDSASHA384SignatureMethod, true, crypto.SHA384},
	{"ES512", dsig.ECDSASHA512SignatureMethod, true, crypto.SHA512},
	{pluginapi.XMLAlgorithmSHA1, dsig.RSASHA1SignatureMethod, false, crypto.SHA1},
}

// algorithmNamed returns the algorithm of a name.
func algorithmNamed(name string) (algorithm, bool) {
	i := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == name })
	if i < 0 {
		return algorithm{}, false
	}
	return algorithms[i], true
}

// fits reports whether a public key is one for the algorithm.
func (a algorithm) fits(key crypto.PublicKey) bool {
	switch key.(type) {
	case *rsa.PublicKey:
		return !a.ecdsa
	case *ecdsa.PublicKey:
		return a.ecdsa
	}
	return false
}

// digests are the digest methods with the names of their hash functions.
var digests = map[string]crypto.Hash{
	"http://www.w3.org/2000/09/xmldsig#sha1":        crypto.SHA1,
	"http://www.w3.org/2001/04/xmlenc#sha256":       crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

// canonicalForms are the canonicalization methods that signatures may name, and
// whether they are inclusive. Those with comments are the same here, since
// references leave comments out.
var canonicalForms = map[string]bool{
	dsig.CanonicalXML10ExclusiveAlgorithmId.String():             false,
	dsig.CanonicalXML10ExclusiveWithCommentsAlgorithmId.String(): false,
	dsig.CanonicalXML10RecAlgorithmId.String():                   true,
	dsig.CanonicalXML10WithCommentsAlgorithmId.String():          true,
	dsig.CanonicalXML11AlgorithmId.String():                      true,
	dsig.CanonicalXML11WithCommentsAlgorithmId.String():          true,
}
