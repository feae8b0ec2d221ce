package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
)

// Version is one version of a tenant's secret.
type Version struct {
	Version int // marks what is sealed with it; 0 for a secret without versions
	Value   string
}

// Secrets signs, seals and derives with the versions of one tenant's secret.
// It is safe for concurrent use.
type Secrets struct {
	versions []Version // current first
}

// New returns Secrets for the versions, current first. At least one is
// needed, none may be empty, and no number may occur twice. Values sealed
// while a secret had no versions carry no number; they open with whichever
// version fits. New does not judge how good the secrets are: see Strength.
func New(versions []Version) (*Secrets, error) {
	if len(versions) == 0 {
		return nil, errors.New("secret: no secret given")
	}
	seen := map[int]bool{}
	for _, v := range versions {
		switch {
		case v.Value == "":
			return nil, fmt.Errorf("secret: version %d is empty", v.Version)
		case v.Version < 0:
			return nil, fmt.Errorf("secret: version %d is negative", v.Version)
		case seen[v.Version]:
			return nil, fmt.Errorf("secret: version %d is given twice", v.Version)
		}
		seen[v.Version] = true
	}
	return &Secrets{versions: append([]Version(nil), versions...)}, nil
}

func (s *Secrets) current() []byte { return []byte(s.versions[0].Value) }

// signatureLen is the length of base64 text of an HMAC-SHA256.
const signatureLen = 44

// Sign returns value + "." + base64(HMAC-SHA256(current secret, value)), the
// form in which Better Auth signs cookies. The base64 is standard and padded;
// the caller escapes the result for the Cookie header.
func (s *Secrets) Sign(value string) string {
	return value + "." + base64.StdEncoding.EncodeToString(mac(s.current(), value))
}

// Verify returns the value of a text that Sign made with the current secret.
// The comparison takes the same time wherever the signatures differ.
func (s *Secrets) Verify(signed string) (value string, ok bool) {
	dot := len(signed) - signatureLen - 1
	if dot < 1 || signed[dot] != '.' {
		return "", false
	}
	value = signed[:dot]
	if subtle.ConstantTimeCompare([]byte(s.Sign(value)), []byte(signed)) != 1 {
		return "", false
	}
	return value, true
}

// purposePrefix keeps keys of this project apart from other uses of the same
// secret, Better Auth's own included.
const purposePrefix = "authhost/"

// Derive returns n bytes of key material for one purpose: HKDF-SHA256 (RFC
// 5869) of the current secret without salt. Different purposes give
// independent keys. n is at most 8160, the most that HKDF can give.
func (s *Secrets) Derive(purpose string, n int) []byte {
	return derive(s.versions[0].Value, purpose, n)
}

func derive(value, purpose string, n int) []byte {
	key, err := hkdf.Key(sha256.New, []byte(value), nil, purposePrefix+purpose, n)
	if err != nil {
		panic("secret: " + err.Error()) // n is a constant of the caller
	}
	return key
}

// MAC returns the HMAC-SHA256 of value under a key derived for the purpose,
// 32 bytes. It depends on the current secret: a stored MAC does not survive a
// rotation.
func (s *Secrets) MAC(purpose, value string) []byte {
	return mac(s.Derive("mac/"+purpose, sha256.Size), value)
}

// Digests returns a digest of each version, the current one first, 32 bytes,
// under a key derived for the purpose. They tell whether somebody else has the
// same secret, and nothing about it.
func (s *Secrets) Digests(purpose string) [][]byte {
	out := make([][]byte, len(s.versions))
	for i, v := range s.versions {
		out[i] = derive(v.Value, "digest/"+purpose, sha256.Size)
	}
	return out
}

// VerifyMAC reports whether a text is the MAC of value for the purpose under any
// of the secrets: one that MAC gave before a rotation is, too.
func (s *Secrets) VerifyMAC(purpose, value string, sum []byte) bool {
	for _, v := range s.versions {
		if hmac.Equal(sum, mac(derive(v.Value, "mac/"+purpose, sha256.Size), value)) {
			return true
		}
	}
	return false
}

// PlainMAC returns the HMAC-SHA256 of value under the current secret itself,
// as base64url without padding: how Better Auth authenticates cached sessions.
// Prefer MAC for everything else.
func (s *Secrets) PlainMAC(value string) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.current(), value))
}

func mac(key []byte, value string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(value))
	return h.Sum(nil)
}

// version returns the version with that number, in decimal.
func (s *Secrets) version(number string) (Version, bool) {
	for _, v := range s.versions {
		if v.Version > 0 && number == strconv.Itoa(v.Version) {
			return v, true
		}
	}
	return Version{}, false
}
