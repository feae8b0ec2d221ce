package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

const saltBytes = 16

// scryptHash is Better Auth's format: hex(salt) ":" hex(key), where the salt
// that goes into scrypt (RFC 7914) is the hex text.
type scryptHash struct{}

const (
	scryptN   = 16384
	scryptR   = 16
	scryptP   = 1
	scryptKey = 64
)

func (scryptHash) hash(password []byte) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	text := hex.EncodeToString(salt)
	key, err := scrypt.Key(password, []byte(text), scryptN, scryptR, scryptP, scryptKey)
	if err != nil {
		return "", err
	}
	return text + ":" + hex.EncodeToString(key), nil
}

func (scryptHash) recognizes(stored string) bool {
	salt, key, ok := strings.Cut(stored, ":")
	return ok && isHex(salt) && isHex(key) && len(key) == 2*scryptKey
}

func (scryptHash) verify(stored string, password []byte) (ok, current bool, err error) {
	salt, text, _ := strings.Cut(stored, ":")
	want, err := hex.DecodeString(text)
	if err != nil {
		return false, false, ErrUnknownHash
	}
	got, err := scrypt.Key(password, []byte(salt), scryptN, scryptR, scryptP, scryptKey)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, len(salt) == 2*saltBytes, nil
}

func isHex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// argonHash is argon2id in the PHC string format:
// $argon2id$v=19$m=19456,t=2,p=1$salt$key. argon2i is verified, too.
type argonHash struct{}

// The parameters of new hashes are OWASP's; the bounds are for hashes that
// were imported, which must not name more work than a sign-in can bear.
const (
	argonMemory    = 19456 // KiB
	argonTime      = 2
	argonThreads   = 1
	argonKey       = 32
	maxArgonMemory = 256 << 10 // KiB
	maxArgonTime   = 16
	maxArgonLanes  = 16
	maxArgonKey    = 128
)

type argonParams struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func (argonHash) hash(password []byte) (string, error) {
	p := argonParams{memory: argonMemory, time: argonTime, threads: argonThreads, salt: make([]byte, saltBytes)}
	rand.Read(p.salt)
	p.key = argon2.IDKey(password, p.salt, p.time, p.memory, p.threads, argonKey)
	return p.String(), nil
}

// String returns the PHC string.
func (p argonParams) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.key))
}

func (argonHash) recognizes(stored string) bool {
	return strings.HasPrefix(stored, "$argon2id$") || strings.HasPrefix(stored, "$argon2i$")
}

func (argonHash) verify(stored string, password []byte) (ok, current bool, err error) {
	p, ok := parseArgon(stored)
	if !ok {
		return false, false, ErrUnknownHash
	}
	derive := argon2.IDKey
	if strings.HasPrefix(stored, "$argon2i$") {
		derive = argon2.Key
	}
	got := derive(password, p.salt, p.time, p.memory, p.threads, uint32(len(p.key)))
	current = strings.HasPrefix(stored, "$argon2id$") && p.memory == argonMemory && p.time == argonTime && p.threads == argonThreads && len(p.key) == argonKey
	return subtle.ConstantTimeCompare(got, p.key) == 1, current, nil
}

func parseArgon(stored string) (argonParams, bool) {
	var p argonParams
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, false
	}
	if _, err := fmt.Sscanf(parts[3]+"\n", "m=%d,t=%d,p=%d\n", &p.memory, &p.time, &p.threads); err != nil {
		return p, false
	}
	var saltErr, keyErr error
	p.salt, saltErr = base64.RawStdEncoding.DecodeString(parts[4])
	p.key, keyErr = base64.RawStdEncoding.DecodeString(parts[5])
	ok := saltErr == nil && keyErr == nil && len(p.salt) >= 8 && len(p.salt) <= 64 &&
		len(p.key) >= 16 && len(p.key) <= maxArgonKey &&
		p.threads >= 1 && p.threads <= maxArgonLanes && p.time >= 1 && p.time <= maxArgonTime &&
		p.memory >= 8*uint32(p.threads) && p.memory <= maxArgonMemory
	return p, ok
}

// bcryptHash is the format of OpenBSD's bcrypt: $2b$12$….
type bcryptHash struct{}

const (
	bcryptCost    = 11 // about twice the time of scrypt
	maxBcryptCost = 15
	// maxBcryptBytes is all of a password that bcrypt looks at. New hashes of
	// longer passwords are refused, because what follows would not count.
	maxBcryptBytes = 72
)

func (bcryptHash) hash(password []byte) (string, error) {
	if len(password) > maxBcryptBytes {
		return "", ErrPasswordTooLong
	}
	stored, err := bcrypt.GenerateFromPassword(password, bcryptCost)
	return string(stored), err
}

func (bcryptHash) recognizes(stored string) bool {
	return len(stored) == 60 && strings.HasPrefix(stored, "$2") && strings.IndexByte("abxy", stored[2]) >= 0 && stored[3] == '$'
}

// verify cuts a long password off as whoever made the hash did.
func (bcryptHash) verify(stored string, password []byte) (ok, current bool, err error) {
	cost, err := bcrypt.Cost([]byte(stored))
	if err != nil || cost > maxBcryptCost {
		return false, false, ErrUnknownHash
	}
	err = bcrypt.CompareHashAndPassword([]byte(stored), password[:min(len(password), maxBcryptBytes)])
	switch err {
	case nil:
		return true, cost == bcryptCost, nil
	case bcrypt.ErrMismatchedHashAndPassword:
		return false, false, nil
	default:
		return false, false, ErrUnknownHash
	}
}
