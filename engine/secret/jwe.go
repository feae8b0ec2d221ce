package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
)

// Sizes of A256CBC-HS512 (RFC 7518, section 5.2.5), in bytes.
const (
	jweMACKey = 32
	jweKey    = 64 // the MAC's key, then that of AES
	jweTag    = 32
)

// jweInfo is the info that Better Auth derives keys of JWEs with.
const jweInfo = "BetterAuth.js Generated Encryption Key"

// jweCipher encrypts with one version of the secret.
type jweCipher struct {
	header string // base64url of the protected header
	key    []byte
}

// jweOf derives the cipher of a secret. The salt keeps keys of different
// purposes apart.
func jweOf(value, salt string) jweCipher {
	key, err := hkdf.Key(sha256.New, []byte(value), []byte(salt), jweInfo, jweKey)
	if err != nil {
		panic("secret: " + err.Error()) // the length is a constant
	}
	encode := base64.RawURLEncoding.EncodeToString
	thumbprint := sha256.Sum256([]byte(`{"k":"` + encode(key) + `","kty":"oct"}`)) // RFC 7638
	header := `{"alg":"dir","enc":"A256CBC-HS512","kid":"` + encode(thumbprint[:]) + `"}`
	return jweCipher{header: encode([]byte(header)), key: key}
}

// SealJWT returns the claims as an encrypted JWT in compact form (RFC 7516,
// RFC 7519): "dir" with A256CBC-HS512, under a key derived from the current
// secret and the salt as Better Auth derives it. The caller sets iat, exp and
// jti.
func (s *Secrets) SealJWT(salt string, claims *document.Object) (string, error) {
	c := jweOf(s.versions[0].Value, salt)
	iv := make([]byte, aes.BlockSize)
	_, _ = rand.Read(iv) // never fails: it crashes the program instead
	text, tag := c.seal(iv, document.Obj(claims).JSON())
	encode := base64.RawURLEncoding.EncodeToString
	token := c.header + ".." + encode(iv) + "." + encode(text) + "." + encode(tag)
	if len(token) > MaxTokenBytes {
		return "", errors.New("secret: claims too large for a token")
	}
	return token, nil
}

// OpenJWT returns the claims of a token that SealJWT made with the same salt
// and any version of the secret. A token must have exp, in seconds, and ends
// when now reaches it. The error is ErrTokenExpired for a genuine token after
// its time, else ErrTokenInvalid.
func (s *Secrets) OpenJWT(salt, token string, now time.Time) (*document.Object, error) {
	parts := strings.Split(token, ".")
	if len(token) > MaxTokenBytes || len(parts) != 5 || parts[1] != "" {
		return nil, ErrTokenInvalid
	}
	var raw [3][]byte
	for i, part := range parts[2:] {
		var err error
		if raw[i], err = decodeStrict(part); err != nil {
			return nil, ErrTokenInvalid
		}
	}
	for _, version := range s.versions {
		// Only the header that SealJWT writes is accepted, so there is no
		// algorithm to confuse.
		c := jweOf(version.Value, salt)
		if parts[0] != c.header {
			continue
		}
		text, ok := c.open(raw[0], raw[1], raw[2])
		if !ok {
			return nil, ErrTokenInvalid
		}
		return liveClaims(text, now)
	}
	return nil, ErrTokenInvalid
}

func (c jweCipher) block() cipher.Block {
	block, err := aes.NewCipher(c.key[jweMACKey:])
	if err != nil {
		panic("secret: " + err.Error()) // the key's length is a constant
	}
	return block
}

// seal encrypts with PKCS #7 padding and returns the authentication tag too.
func (c jweCipher) seal(iv, plain []byte) (text, tag []byte) {
	n := aes.BlockSize - len(plain)%aes.BlockSize
	text = append(plain, strings.Repeat(string(rune(n)), n)...)
	cipher.NewCBCEncrypter(c.block(), iv).CryptBlocks(text, text)
	return text, c.tag(iv, text)
}

// open decrypts what has the right tag, and nothing else: so the padding is
// only looked at where it is our own.
func (c jweCipher) open(iv, text, tag []byte) ([]byte, bool) {
	if len(iv) != aes.BlockSize || len(text) == 0 || len(text)%aes.BlockSize != 0 || !hmac.Equal(tag, c.tag(iv, text)) {
		return nil, false
	}
	cipher.NewCBCDecrypter(c.block(), iv).CryptBlocks(text, text)
	n := int(text[len(text)-1])
	if n < 1 || n > aes.BlockSize {
		return nil, false
	}
	return text[:len(text)-n], true
}

// tag authenticates header, initialisation vector and text (RFC 7518, section
// 5.2.2.1).
func (c jweCipher) tag(iv, text []byte) []byte {
	h := hmac.New(sha512.New, c.key[:jweMACKey])
	h.Write([]byte(c.header))
	h.Write(iv)
	h.Write(text)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(c.header))*8))
	return h.Sum(nil)[:jweTag]
}
