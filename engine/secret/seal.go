package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrSealed is returned by Open and OpenFor for a text that was not sealed
// with any of the secrets, or was changed since.
var ErrSealed = errors.New("secret: cannot open: not sealed with a known secret, or damaged")

// envelope starts a sealed value that names the version of its secret.
const envelope = "$ba$"

// Seal encrypts and authenticates plain with the current secret, as Better
// Auth's symmetricEncrypt does: XChaCha20-Poly1305 with the key
// SHA-256(secret), written as lower-case hex of nonce (24 bytes), ciphertext
// and tag (16 bytes). When the secret has versions, "$ba$VERSION$" precedes.
func (s *Secrets) Seal(plain []byte) (string, error) {
	return s.seal(plain, plainKey)
}

// Open returns what Seal was given. Values that name no version are tried
// with every secret; authentication tells which one fits.
func (s *Secrets) Open(sealed string) ([]byte, error) {
	return s.open(sealed, plainKey)
}

// SealFor is Seal with a key derived for one purpose: what is sealed for one
// purpose does not open for another. Better Auth cannot read it.
func (s *Secrets) SealFor(purpose string, plain []byte) (string, error) {
	return s.seal(plain, purposeKey(purpose))
}

// OpenFor returns what SealFor was given for the same purpose.
func (s *Secrets) OpenFor(purpose, sealed string) ([]byte, error) {
	return s.open(sealed, purposeKey(purpose))
}

// LooksSealed reports whether a text has the form of a sealed value.
func LooksSealed(text string) bool {
	if rest, ok := strings.CutPrefix(text, envelope); ok {
		_, text, _ = strings.Cut(rest, "$")
	}
	const shortest = 2 * (chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead)
	return len(text) >= shortest && len(text)%2 == 0 && isHex(text)
}

func plainKey(value string) []byte {
	key := sha256.Sum256([]byte(value))
	return key[:]
}

func purposeKey(purpose string) func(string) []byte {
	return func(value string) []byte {
		return derive(value, "seal/"+purpose, chacha20poly1305.KeySize)
	}
}

func (s *Secrets) seal(plain []byte, key func(string) []byte) (string, error) {
	aead, err := chacha20poly1305.NewX(key(s.versions[0].Value))
	if err != nil {
		return "", err
	}
	box := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	rand.Read(box)
	text := hex.EncodeToString(aead.Seal(box, box, plain, nil))
	if n := s.versions[0].Version; n > 0 {
		return envelope + strconv.Itoa(n) + "$" + text, nil
	}
	return text, nil
}

func (s *Secrets) open(sealed string, key func(string) []byte) ([]byte, error) {
	candidates := s.versions
	if rest, ok := strings.CutPrefix(sealed, envelope); ok {
		number, text, _ := strings.Cut(rest, "$")
		v, known := s.version(number)
		if !known {
			return nil, ErrSealed
		}
		sealed, candidates = text, []Version{v}
	}
	box, err := hex.DecodeString(sealed)
	if err != nil || len(box) < chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return nil, ErrSealed
	}
	for _, v := range candidates {
		aead, err := chacha20poly1305.NewX(key(v.Value))
		if err != nil {
			return nil, err
		}
		plain, err := aead.Open(nil, box[:chacha20poly1305.NonceSizeX], box[chacha20poly1305.NonceSizeX:], nil)
		if err == nil {
			return plain, nil
		}
	}
	return nil, ErrSealed
}
