package secret

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/text/unicode/norm"
)

// Algorithms of HasherConfig.
const (
	Scrypt   = "scrypt"   // Better Auth's: N=16384, r=16, p=1; about 32 MiB per hash
	Argon2id = "argon2id" // RFC 9106 with m=19456 KiB, t=2, p=1; about 19 MiB per hash
	Bcrypt   = "bcrypt"   // cost 11; passwords of at most 72 bytes
)

// MaxPasswordBytes is the longest password that is stored. Longer ones are
// nobody's: to compare one costs what a wrong one costs, of which only so many
// bytes are looked at, and to hash one is refused before any work is done.
const MaxPasswordBytes = 4096

var (
	// ErrPasswordTooLong is returned for a password of more than
	// MaxPasswordBytes, or than the algorithm can take.
	ErrPasswordTooLong = errors.New("secret: password too long")
	// ErrUnknownHash is returned by Verify for a stored hash that is in none
	// of the known formats or asks for an unreasonable amount of work.
	ErrUnknownHash = errors.New("secret: unknown format of password hash")
)

// HasherConfig configures a Hasher. The zero value is Better Auth's scrypt
// with a Gate of its own.
type HasherConfig struct {
	// Algorithm of new hashes; default Scrypt.
	Algorithm string
	// MaxConcurrent bounds the hashes that run at the same time, which is what
	// bounds memory: the hash functions allocate anew for every call. 0 means
	// one per processor, or with a shared Gate no bound besides it.
	MaxConcurrent int
	// MaxWaiting bounds the hashes that wait; 0 means 32 per concurrent one.
	MaxWaiting int
	// Gate is shared with other hashers, if not nil.
	Gate *Gate
}

// Hasher hashes and verifies passwords. It is safe for concurrent use.
type Hasher struct {
	preferred algorithm
	known     []algorithm
	gates     []*Gate // entered in this order
}

// algorithm is one format of password hashes.
type algorithm interface {
	// hash returns the stored form of a normalized password.
	hash(password []byte) (string, error)
	// recognizes reports whether a stored hash is in this format.
	recognizes(stored string) bool
	// verify compares; current is false if the parameters differ from those
	// of new hashes.
	verify(stored string, password []byte) (ok, current bool, err error)
}

// NewHasher returns a Hasher.
func NewHasher(c HasherConfig) (*Hasher, error) {
	algorithms := map[string]algorithm{Scrypt: scryptHash{}, Argon2id: argonHash{}, Bcrypt: bcryptHash{}}
	name := c.Algorithm
	if name == "" {
		name = Scrypt
	}
	h := &Hasher{preferred: algorithms[name], known: append([]algorithm{scryptHash{}, argonHash{}, bcryptHash{}}, foreignFormats()...)}
	if h.preferred == nil {
		return nil, fmt.Errorf("secret: unknown password algorithm %q", c.Algorithm)
	}
	if c.MaxConcurrent > 0 || c.Gate == nil {
		h.gates = append(h.gates, NewGate(c.MaxConcurrent, c.MaxWaiting))
	}
	if c.Gate != nil {
		h.gates = append(h.gates, c.Gate)
	}
	return h, nil
}

// Hash returns the text to store for a password. Passwords are compared in
// Unicode normalization form KC, as Better Auth does. It returns ErrBusy,
// ErrPasswordTooLong or the context's error.
func (h *Hasher) Hash(ctx context.Context, password string) (stored string, err error) {
	if len(password) > MaxPasswordBytes {
		return "", ErrPasswordTooLong
	}
	err = h.run(ctx, password, func(normalized []byte) error {
		stored, err = h.preferred.hash(normalized)
		return err
	})
	return stored, err
}

// Verify compares a password with a stored hash of any known format. rehash
// is true when the password is right and the hash should be replaced by a new
// one, because the format or its parameters are not those of new hashes. A
// hash in an unknown format costs as much as any other before ErrUnknownHash
// is returned, and so does a password that is too long to be right.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (ok, rehash bool, err error) {
	tooLong := len(password) > MaxPasswordBytes
	err = h.run(ctx, bounded(password), func(normalized []byte) error {
		ok, rehash, err = h.compare(stored, normalized)
		if errors.Is(err, ErrUnknownHash) {
			h.spend(normalized)
		}
		return err
	})
	return ok && !tooLong, rehash && !tooLong, err
}

// bounded returns as much of a password as is worth comparing.
func bounded(password string) string { return password[:min(len(password), MaxPasswordBytes)] }

// Known reports whether a stored hash is in a format that Verify compares
// with. Whether its parameters are within bounds shows when it is compared.
func (h *Hasher) Known(stored string) bool {
	for _, a := range h.known {
		if a.recognizes(stored) {
			return true
		}
	}
	return false
}

func (h *Hasher) compare(stored string, password []byte) (ok, rehash bool, err error) {
	for _, a := range h.known {
		if a.recognizes(stored) {
			ok, current, err := a.verify(stored, password)
			if f, foreign := a.(*foreign); foreign && f.cheap && err == nil && !ok {
				h.spend(password) // a right one is hashed anew, which costs the same
			}
			return ok, ok && (!current || a != h.preferred), err
		}
	}
	return false, false, ErrUnknownHash
}

// spend costs what comparing with a hash of the configured algorithm does.
func (h *Hasher) spend(password []byte) {
	if _, err := h.preferred.hash(password); errors.Is(err, ErrPasswordTooLong) {
		// Comparing would not refuse: it looks at the first bytes only.
		_, _ = h.preferred.hash(password[:maxBcryptBytes])
	}
}

// Equalize spends what Verify spends for a hash of the configured algorithm.
// Callers use it where there is no hash to compare with, so that unknown
// users answer as slowly as known ones.
func (h *Hasher) Equalize(ctx context.Context, password string) error {
	return h.run(ctx, bounded(password), func(normalized []byte) error {
		h.spend(normalized)
		return nil
	})
}

// run does work while holding a place in every gate.
func (h *Hasher) run(ctx context.Context, password string, work func(normalized []byte) error) error {
	for i, g := range h.gates {
		if err := g.enter(ctx, h); err != nil {
			for _, entered := range h.gates[:i] {
				entered.leave()
			}
			return err
		}
	}
	defer func() {
		for _, g := range h.gates {
			g.leave()
		}
	}()
	return work(norm.NFKC.Bytes([]byte(password)))
}
