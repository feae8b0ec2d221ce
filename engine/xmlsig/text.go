package xmlsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"slices"
)

// SignText signs a text as it is, by an algorithm of pluginapi.XMLAlgorithms, as
// the redirect binding of SAML 2.0 has queries signed (Bindings section 3.4.4.1).
// Signatures by ECDSA are r and s one after the other. An error is an *Error, but
// for faults of the key's.
func SignText(text []byte, algorithm string, key crypto.Signer) ([]byte, error) {
	a, ok := algorithmNamed(algorithm)
	if !ok || !a.fits(key.Public()) {
		return nil, refuse(Key, "the private key is not one for the algorithm")
	}
	return signer{key}.Sign(rand.Reader, a.digest(text), a.hash)
}

// VerifyText checks what SignText makes, and returns the certificate whose key
// made it. Of the options, Algorithms do not matter. An error is an *Error.
func VerifyText(text []byte, algorithm string, signature []byte, o VerifyOptions) (*x509.Certificate, error) {
	a, ok := algorithmNamed(algorithm)
	if !ok {
		return nil, refuse(Algorithm, "the algorithm %s is not supported", algorithm)
	}
	known, err := o.good(o.Certificates)
	if err != nil {
		return nil, err
	}
	digest := a.digest(text)
	i := slices.IndexFunc(known, func(c *x509.Certificate) bool { return a.verifies(c.PublicKey, digest, signature) })
	if i < 0 {
		return nil, refuse(Signature, "the signature is not valid")
	}
	return known[i], nil
}

func (a algorithm) digest(text []byte) []byte {
	sum := a.hash.New()
	sum.Write(text)
	return sum.Sum(nil)
}

// verifies reports whether a signature is that of a key over a digest.
func (a algorithm) verifies(key crypto.PublicKey, digest, signature []byte) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return !a.ecdsa && rsa.VerifyPKCS1v15(k, a.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		r, s := halves(signature)
		return a.ecdsa && len(signature) == 2*((k.Curve.Params().BitSize+7)/8) && ecdsa.Verify(k, digest, r, s)
	}
	return false
}
