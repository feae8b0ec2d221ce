package xmlsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// ParseCertificate reads a certificate: one PEM block, or DER in base64 as
// SAML metadata has it, with or without line ends. Its key must be one that
// signatures can be checked with. An error is an *Error.
func ParseCertificate(text string) (*x509.Certificate, error) {
	if len(text) > pluginapi.MaxPublicKey {
		return nil, refuse(Key, "a certificate is longer than %d bytes", pluginapi.MaxPublicKey)
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if block.Type != "CERTIFICATE" {
			return nil, refuse(Key, "a PEM block is a %s, not a CERTIFICATE", block.Type)
		}
		der, err = block.Bytes, nil
	}
	var c *x509.Certificate
	if err == nil {
		c, err = x509.ParseCertificate(der)
	}
	if err != nil {
		return nil, &Error{Reason: Key, Message: "a certificate is not one, as PEM or in base64", Cause: err}
	}
	return c, usable(c.PublicKey)
}

// usable refuses public keys that are weak, or that no signature of XML is made
// with.
func usable(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < pluginapi.MinRSABits || bits > pluginapi.MaxRSABits {
			return refuse(Key, "the RSA key has %d bits; it must have %d to %d", bits, pluginapi.MinRSABits, pluginapi.MaxRSABits)
		}
		return nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P224() {
			return nil
		}
	}
	return refuse(Key, "the key is neither RSA nor on P-256, P-384 or P-521")
}

// ParseKey reads a private key, of RSA or ECDSA, from a PEM block: PKCS #8 (RFC
// 5958), PKCS #1 (RFC 8017) or SEC 1 (RFC 5915), not encrypted. An error is an
// *Error, and quotes nothing of it.
func ParseKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, refuse(Key, "the private key is not in PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, refuse(Key, "the PEM block is no private key, or an encrypted one")
	}
	s, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, refuse(Key, "the private key is malformed")
	}
	return s, usable(s.Public())
}

// fitting checks that a certificate is that of a key.
func fitting(key crypto.Signer, c *x509.Certificate) error {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return fmt.Errorf("xmlsig: a key of the type %T cannot be compared", key.Public())
	}
	if !public.Equal(c.PublicKey) {
		return refuse(Key, "the certificate is not that of the private key")
	}
	return nil
}
