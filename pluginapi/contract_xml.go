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
	// MaxXMLElementAttributes is how many attributes an element has at most, all
	// counted.
	MaxXMLElementAttributes = 128
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

var (
	argDocument         = Param{Name: "document", Type: TypeText, Required: true, Copied: true, Doc: "in UTF-8, without a document type, entities and processing instructions"}
	argDocumentEncoding = Param{Name: "documentEncoding", Type: TypeText, Enum: []string{"utf8", "base64", "base64url"}, Doc: "how `document` is written; default `utf8`: as it is. The POST binding of SAML has base64"}
	argXMLSecret        = Param{Name: "secret", Type: TypeText, Doc: "path of a private key in the configuration: RSA or ECDSA, PEM, not encrypted"}
	argSignedText       = Param{Name: "text", Type: TypeText, Required: true, Copied: true, Doc: "`SAMLRequest=…&RelayState=…&SigAlg=…`, as it is sent"}
	argTextAlg          = Param{Name: "alg", Type: TypeText, Required: true, Enum: XMLAlgorithms()[:6], Doc: "one of the key's; signatures by ECDSA are r and s one after the other"}
	resultCanonical     = Param{Name: "canonical", Type: TypeText, Required: true, Doc: "the element as XML"}
	codeMalformed       = Code{"malformed", "not XML, or not the part of it that is taken, or a signature of another form"}
	codeAmbiguous       = Code{"ambiguous", "there are several such elements"}
	codeXMLKey          = Code{"key", "a key or certificate is malformed, weak, of another kind, or not the other's; `message` says which"}
	xmlStatuses         = []Outcome{
		{StatusNotFound, "the document has no such element"},
		{StatusLimit, "the document is beyond one of the bounds"},
	}
)

// xmlElement is the argument that names an element.
func xmlElement(required bool, doc string) Param {
	return Param{Name: "element", Go: "XMLName", Type: TypeObject, Required: required, Doc: doc, Members: []Param{
		{Name: "name", Type: TypeText, Required: true, Doc: "without a prefix: `Assertion`"}, {Name: "namespace", Type: TypeText, Doc: "`urn:oasis:names:tc:SAML:2.0:assertion`"},
	}}
}

var xmlFunctions = []Function{
	{
		Capability: CapXML, Name: "verify", Since: "1.1", Doc: "checks the signature of one element of a document, and gives that element: read nothing else of the document",
		Args: []Param{
			argDocument, xmlElement(true, "the one that must be signed, by a signature that is its child. There may be one such element in the document"),
			{Name: "certificates", Type: TypeArray, Items: TypeText, Required: true, Doc: "those of the signer, 1 to 8, as PEM or in base64. A certificate in the document only says which of them it is"},
			{Name: "algorithms", Type: TypeArray, Items: TypeText, Doc: "that are allowed: `RS256`, `RS384`, `RS512`, `ES256`, `ES384`, `ES512`, which are the default, and `RS1`: RSA with SHA-1, and digests by SHA-1"},
			{Name: "checkTime", Type: TypeBool, Doc: "refuse a certificate whose time has not come, or is over"},
			argDocumentEncoding,
		},
		Result: []Param{
			resultCanonical,
			{Name: "algorithm", Type: TypeText, Required: true, Doc: "of the signature"},
			{Name: "certificate", Type: TypeText, Required: true, Doc: "the one of `certificates` that it is of, in base64"},
		},
		Statuses: xmlStatuses,
		Codes: []Code{
			{"unsigned", "the element has no signature of its own"}, {"signature", "it is not that of the element"},
			{"certificate", "it is not of a certificate that is given"}, {"expired", "the certificate's time has not come, or is over"},
			{"algorithm", "one that is not allowed"}, codeAmbiguous, codeMalformed, codeXMLKey,
		},
	},
	{
		Capability: CapXML, Name: "sign", Since: "1.1", Doc: "signs an element of a document with a key that the plugin does not see: an enveloped signature with the certificate in it, in exclusive canonical form",
		Args: []Param{
			argDocument, {Name: "certificate", Type: TypeText, Required: true, Doc: "that of the key, as PEM or in base64"}, argXMLSecret, argSealedKey,
			xmlElement(false, "the one to sign, by its attribute `ID`; default the document's"),
			{Name: "after", Type: TypeText, Doc: "the name, without its prefix, of the child that the signature comes after: `Issuer` in messages of SAML; default: it comes first"},
			{Name: "hash", Type: TypeText, Enum: []string{HashSHA256, HashSHA384, HashSHA512}, Doc: "default `SHA-256`"}, argDocumentEncoding,
		},
		OneOf:    [][]string{{"secret", "sealedKey"}},
		Result:   []Param{{Name: "document", Type: TypeText, Required: true, Doc: "without comments"}},
		Statuses: xmlStatuses, Codes: []Code{codeAmbiguous, codeMalformed, codeXMLKey},
	},
	{
		Capability: CapXML, Name: "canonicalize", Since: "1.1", Doc: "gives the canonical form of an element",
		Args: []Param{
			argDocument, xmlElement(false, "default the document's"),
			{Name: "form", Type: TypeText, Enum: []string{"exclusive", "inclusive"}, Doc: "Exclusive XML Canonicalization 1.0, the default, or Canonical XML 1.0"},
			{Name: "comments", Type: TypeBool, Doc: "keep them"},
			{Name: "prefixes", Type: TypeArray, Items: TypeText, Doc: "those that the exclusive form keeps as the inclusive one does (`InclusiveNamespaces`)"},
			argDocumentEncoding,
		},
		Result: []Param{resultCanonical}, Statuses: xmlStatuses, Codes: []Code{codeAmbiguous, codeMalformed},
	},
	{
		Capability: CapXML, Name: "signText", Since: "1.1", Doc: "signs a text with a key that the plugin does not see, as the redirect binding of SAML has queries signed",
		Args:   []Param{argSignedText, argTextAlg, argXMLSecret, argSealedKey},
		OneOf:  [][]string{{"secret", "sealedKey"}},
		Result: []Param{{Name: "signature", Type: TypeText, Required: true, Doc: "in base64"}}, Codes: []Code{codeXMLKey},
	},
	{
		Capability: CapXML, Name: "verifyText", Since: "1.1", Doc: "checks the signature of a text, as the redirect binding of SAML has queries signed",
		Args: []Param{
			argSignedText, argTextAlg, {Name: "signature", Type: TypeText, Required: true, Copied: true, Doc: "in base64"},
			{Name: "certificates", Type: TypeArray, Items: TypeText, Required: true, Doc: "as of verify"},
			{Name: "checkTime", Type: TypeBool, Doc: "as of verify"},
		},
		Result: []Param{{Name: "certificate", Type: TypeText, Required: true, Doc: "the one of `certificates` that it is of, in base64"}},
		Codes:  []Code{{"signature", "it is not that of the text, by any of the certificates"}, {"expired", "as of verify"}, codeXMLKey},
	},
}
