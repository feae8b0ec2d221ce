package pluginapi

import "slices"

// Limits of keys and signatures that plugins give.
const (
	// MaxPublicKey is how long a public key is at most, in bytes of its text.
	MaxPublicKey = 16 << 10
	// MinRSABits and MaxRSABits bound the modulus of an RSA key: a shorter one is
	// weak, a longer one makes work.
	MinRSABits = 2048
	MaxRSABits = 8192
	// MaxSignature is how long a signature is at most, in bytes.
	MaxSignature = MaxRSABits / 8
)

// Names of hash functions, as FIPS 180-4 writes them. HashKeccak256 is the
// function that Ethereum uses: SHA3-256 before its padding was changed.
const (
	HashSHA1      = "SHA-1"
	HashSHA256    = "SHA-256"
	HashSHA384    = "SHA-384"
	HashSHA512    = "SHA-512"
	HashKeccak256 = "Keccak-256"
)

// SignatureAlgorithms lists the algorithms of crypto.verify, as RFC 7518, RFC
// 8037 (EdDSA, with Ed25519) and RFC 8812 (ES256K) name them.
func SignatureAlgorithms() []string {
	return []string{"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "ES256K"}
}

// SigningAlgorithms lists the algorithms of crypto.sign: those of SignatureAlgorithms
// but ES256K, whose keys are kept by wallets and not by servers.
func SigningAlgorithms() []string {
	return slices.DeleteFunc(SignatureAlgorithms(), func(alg string) bool { return alg == "ES256K" })
}

var (
	argPurpose   = Param{Name: "purpose", Type: TypeText, Required: true, Doc: "one of the manifest's `purposes`"}
	argSealedKey = Param{Name: "sealedKey", Go: "SealedKey", Type: TypeObject, Doc: "a text that `crypto.seal` has encrypted, which the host opens", Members: []Param{
		argPurpose, {Name: "sealed", Type: TypeText, Required: true, Copied: true},
	}}
	argEncoding      = Param{Name: "encoding", Type: TypeText, Enum: []string{"base64url", "base64", "hex"}, Doc: "of the result; default `base64url`"}
	argValueEncoding = Param{Name: "valueEncoding", Type: TypeText, Enum: []string{"utf8", "base64url", "base64", "hex"}, Doc: "how `value` writes bytes; default `utf8`: a text stands for itself"}
	argSignature     = Param{Name: "signature", Type: TypeText, Required: true, Copied: true, Doc: "in base64url"}
)

var cryptoFunctions = []Function{
	{
		Capability: CapCrypto, Name: "signToken", Doc: "signs claims as a JWT (HS256); the host sets `iat` and `exp`",
		Args: []Param{
			argPurpose, argExpiresIn, {Name: "claims", Type: TypeObject, Open: true},
			{Name: "userId", Type: TypeText, Doc: "whom the token is about, its claim `sub`: verifyToken refuses it when the user is gone, or has another address or password (see [proofs](#proofs-about-users)); since 1.1"},
			argWhenVerified,
		},
		Result: []Param{{Name: "token", Type: TypeText, Required: true}},
	},
	{
		Capability: CapCrypto, Name: "verifyToken", Doc: "checks a token of signToken",
		Args:   []Param{argPurpose, {Name: "token", Type: TypeText, Required: true, Empty: true, Copied: true}},
		Result: []Param{resultClaims}, Codes: append([]Code{{ProofVoid, "the user that it is about is gone or has changed"}}, tokenCodes...),
	},
	{
		Capability: CapCrypto, Name: "seal", Doc: "encrypts and authenticates a text",
		Args:   []Param{argPurpose, {Name: "value", Type: TypeText, Required: true, Empty: true, Copied: true}},
		Result: []Param{{Name: "sealed", Type: TypeText, Required: true}},
	},
	{
		Capability: CapCrypto, Name: "open", Doc: "gives a text that seal has encrypted",
		Args:   []Param{argPurpose, {Name: "sealed", Type: TypeText, Required: true, Empty: true, Copied: true}},
		Result: []Param{{Name: "value", Type: TypeText, Required: true}}, Codes: []Code{{"invalid", "it is not one of the purpose"}},
	},
	{
		Capability: CapCrypto, Name: "digest", Doc: "gives the digest of a text, or of bytes; needs no purpose. `valueEncoding` and `algorithm` are since 1.1",
		Args: []Param{
			{Name: "value", Type: TypeText, Required: true, Empty: true, Copied: true}, argValueEncoding,
			{Name: "algorithm", Type: TypeText, Enum: []string{HashSHA256, HashSHA1, HashSHA384, HashSHA512, HashKeccak256}, Doc: "default `SHA-256`"},
			argEncoding,
		},
		Result: []Param{{Name: "digest", Type: TypeText, Required: true}},
	},
	{
		Capability: CapCrypto, Name: "hmac", Doc: "gives the HMAC of a text, or of bytes, with a key of the host's for a purpose, a secret of the configuration, a sealed key or one that the plugin gives. " +
			"`sealedKey`, `keyBytes`, `valueEncoding` and `algorithm` are since 1.1",
		Args: []Param{
			{Name: "purpose", Type: TypeText, Doc: "one of the manifest's `purposes`"},
			{Name: "secret", Type: TypeText, Doc: "path of a text in the configuration: `signingSecret`"},
			argSealedKey,
			{Name: "keyBytes", Type: TypeText, Copied: true, Doc: "the key itself, in base64url"},
			{Name: "value", Type: TypeText, Required: true, Empty: true, Copied: true}, argValueEncoding,
			{Name: "key", Type: TypeText, Enum: []string{"base64"}, Doc: "`secret`, or what was sealed, is decoded first, without a prefix such as `whsec_`"},
			{Name: "algorithm", Type: TypeText, Enum: []string{HashSHA256, HashSHA1, HashSHA384, HashSHA512}, Doc: "the hash function; default `SHA-256`, the only one of keys of the host's"},
			argEncoding,
		},
		OneOf: [][]string{{"purpose", "secret", "sealedKey", "keyBytes"}}, Result: []Param{{Name: "mac", Type: TypeText, Required: true}},
	},
	{
		Capability: CapCrypto, Name: "verify", Since: "1.1", Doc: "checks a signature with a public key that the plugin gives; needs no purpose",
		Args: []Param{
			{Name: "alg", Type: TypeText, Required: true, Enum: SignatureAlgorithms(), Doc: "EdDSA is Ed25519"},
			{Name: "key", Type: TypeText | TypeObject, Required: true, Doc: "a JWK (RFC 7517), or a SubjectPublicKeyInfo (RFC 5280) as PEM or in base64url. RSA keys have 2048 to 8192 bits"},
			{Name: "value", Type: TypeText, Required: true, Empty: true, Copied: true, Doc: "what was signed"}, argValueEncoding, argSignature,
			{Name: "format", Type: TypeText, Enum: []string{"jws", "der"}, Doc: "of an ECDSA signature: `jws`, r and s one after the other (RFC 7518, the default), or `der` (RFC 3279), as passkeys give it"},
		},
		Codes: []Code{{"key", "the key is malformed, weak, private, or not for the algorithm; `message` says which"}, {"signature", "it is not one of the key over the value"}},
	},
	{
		Capability: CapCrypto, Name: "sign", Since: "1.1", Doc: "signs a text, or bytes, with a private key that the plugin does not see: a text of the configuration, or one that was sealed",
		Args: []Param{
			{Name: "alg", Type: TypeText, Required: true, Enum: SigningAlgorithms(), Doc: "EdDSA is Ed25519"},
			{Name: "secret", Type: TypeText, Doc: "path of the key in the configuration: PEM of PKCS #8 (RFC 5958), PKCS #1 (RFC 8017) or SEC 1 (RFC 5915), not encrypted. RSA keys have 2048 to 8192 bits"},
			argSealedKey, {Name: "value", Type: TypeText, Required: true, Empty: true, Copied: true, Doc: "what is signed"}, argValueEncoding,
		},
		OneOf:  [][]string{{"secret", "sealedKey"}},
		Result: []Param{{Name: "signature", Type: TypeText, Required: true, Doc: "in base64url; of ECDSA r and s one after the other (RFC 7518)"}},
		Codes:  []Code{{"key", "the key is malformed, weak, or not for the algorithm; `message` says which"}},
	},
	{
		Capability: CapCrypto, Name: "recoverKey", Since: "1.1", Doc: "gives the secp256k1 key that signed a digest, which wallets of Ethereum leave out; needs no purpose",
		Args: []Param{
			{Name: "digest", Type: TypeText, Required: true, Copied: true, Doc: "32 bytes, in base64url"},
			{Name: "signature", Type: TypeText, Required: true, Copied: true, Doc: "65 bytes, in base64url: r, s, and 0 or 1, or 27 or 28"},
		},
		Result: []Param{{Name: "key", Type: TypeText, Required: true, Doc: "65 bytes, in base64url: 4 and the coordinates (SEC 1, section 2.3.3)"}},
		Codes:  []Code{{"signature", "no key gives it"}},
	},
}
