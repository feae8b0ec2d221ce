package secret

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/sha3"
)

// Hash returns what makes a hash function of a name: SHA-1, SHA-256, SHA-384 or
// SHA-512 (FIPS 180-4), or Keccak-256, which Ethereum uses: SHA3-256 with the
// padding from before its standard. SHA-1 is for protocols that have it, such as
// lists of breached passwords; no signature and no token of this server is made
// with it. ok is false for another name.
func Hash(name string) (newHash func() hash.Hash, ok bool) {
	switch name {
	case "SHA-1":
		return sha1.New, true
	case "SHA-256":
		return sha256.New, true
	case "SHA-384":
		return sha512.New384, true
	case "SHA-512":
		return sha512.New, true
	case "Keccak-256":
		return sha3.NewLegacyKeccak256, true
	}
	return nil, false
}
