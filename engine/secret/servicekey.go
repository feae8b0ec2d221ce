package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// ServiceKeyPrefix begins every service key, so that a server can tell one
// from a session token without looking it up, and scanners can find those that
// lie where they do not belong.
const ServiceKeyPrefix = "ahsk_"

// serviceKeyLength counts the random characters of a service key: 256 bits
// and a little more.
const serviceKeyLength = 44

// NewServiceKey returns a random service key.
func NewServiceKey() string { return ServiceKeyPrefix + RandomString(serviceKeyLength, Alnum) }

// IsServiceKey reports whether a text has the form of a service key.
func IsServiceKey(s string) bool {
	rest, ok := strings.CutPrefix(s, ServiceKeyPrefix)
	return ok && len(rest) == serviceKeyLength && strings.Trim(rest, Alnum) == ""
}

// HashServiceKey returns the SHA-256 of a service key in hex. A key has so much
// randomness that nothing slower is needed.
func HashServiceKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
