package pluginapi

// Bounds of the XML documents that the capability xml reads. What is beyond one
// is refused with the status limit, before anything is built from it.
const (
	// MaxXMLDocument is how long a document is at most, in bytes.
	MaxXMLDocument = 256 << 10
	// MaxXMLDepth is how deep elements are nested at most.
	MaxXMLDepth = 64
	// MaxXMLElements is how many elements a document has at most.
	MaxXMLElements = 4096
	// MaxXMLAttributes is how many attributes a document has at most, those that
	// declare namespaces not counted.
	MaxXMLAttributes = 8192
	// MaxXMLNamespaces is how many namespace declarations a document has at most.
	MaxXMLNamespaces = 1024
	// MaxXMLPrefixes is how many prefixes are declared at one place at most.
	MaxXMLPrefixes = 32
	// MaxXMLName is how long a name, and a prefix, is at most. Names are ASCII.
	MaxXMLName = 128
	// MaxXMLSignatures is how many signatures a document has at most. Each has
	// one reference and two transforms, neither more nor fewer.
	MaxXMLSignatures = 8
	// MaxXMLCertificates is how many certificates xml.verify compares with at
	// most.
	MaxXMLCertificates = 8
)

// XMLAlgorithms lists the algorithms of xml.verify, as RFC 7518 names them, and
// as the last one RS1, RSA with SHA-1, which is refused unless it is asked for.
func XMLAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", XMLAlgorithmSHA1}
}

// XMLAlgorithmSHA1 is RSA with SHA-1.
const XMLAlgorithmSHA1 = "RS1"
