package keyring

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Algorithms of keys (RFC 7518 section 3.1).
const (
	RS256 = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256 and a key of 2048 bits
	PS256 = "PS256" // RSASSA-PSS with SHA-256 and a key of 2048 bits
	ES256 = "ES256" // ECDSA with P-256 and SHA-256
	ES512 = "ES512" // ECDSA with P-521 and SHA-512
	EdDSA = "EdDSA" // Ed25519 (RFC 8037)
)

// Key is one signing key as it is stored.
type Key struct {
	ID  string // the kid of tokens and of the JWKS
	Use string // what the key signs, such as "convex"; keys of one use are published together
	Alg string // one of the constants above
	// Number counts the keys of one Use and Alg from 1.
	Number int
	// PublicJWK and PrivateJWK are JSON Web Keys. Storage seals PrivateJWK.
	PublicJWK  []byte
	PrivateJWK []byte
	CreatedAt  time.Time
	ActiveAt   time.Time // signs from then on
	RetiresAt  time.Time // neither signs nor verifies from then on; zero: not decided yet
}

// ErrConflict is what Storage.Insert returns when the key's number is taken.
var ErrConflict = errors.New("keyring: another process stored this key first")

// Errors of Verify and Sign.
var (
	ErrInvalidToken = errors.New("keyring: token invalid")
	ErrUnknownKey   = errors.New("keyring: no such key")
	ErrAlgorithm    = errors.New("keyring: unsupported algorithm; RS256, PS256, ES256, ES512 and EdDSA are")
)

// Storage keeps the keys of one tenant. It seals Key.PrivateJWK at rest.
type Storage interface {
	// Keys returns every key of a use, in any order.
	Keys(ctx context.Context, use string) ([]Key, error)
	// Insert stores a new key. If there is a key of the same Use, Alg and
	// Number already, it stores nothing and returns an error that wraps
	// ErrConflict: that is how processes agree on one key.
	Insert(ctx context.Context, key Key) error
	// Update replaces the key with the same ID.
	Update(ctx context.Context, key Key) error
}

// Policy says when keys change. The zero Policy never rotates by itself.
type Policy struct {
	// RotateEvery is how long a key signs before the next one takes over;
	// 0 means until Rotate is called. It must be longer than Publish.
	RotateEvery time.Duration
	// Publish is how long a key is published before it signs; default 2 hours.
	// It must be longer than verifiers cache the JWKS and than Config.CacheFor.
	Publish time.Duration
	// Overlap is how long a key stays published after its successor took
	// over; default 7 days. It must be longer than any token lives.
	Overlap time.Duration
}

// Defaults of Config and Policy.
const (
	DefaultPublish  = 2 * time.Hour
	DefaultOverlap  = 7 * 24 * time.Hour
	DefaultCacheFor = 30 * time.Second
)

// Config configures a Ring. Only Storage is required.
type Config struct {
	Storage Storage
	// Now is the clock; default time.Now.
	Now func() time.Time
	// NewID returns the id of a new key; default 32 random characters of
	// base64url.
	NewID  func() string
	Policy Policy
	// CacheFor is how long keys are used before they are read again, and so
	// how long other processes' rotations may go unseen; default 30 seconds.
	CacheFor time.Duration
	// Logger gets rotations and the faults of automatic ones; default none.
	Logger *slog.Logger
}

// Ring signs and verifies with the keys of one tenant. It is safe for
// concurrent use.
type Ring struct {
	config Config
	mu     sync.Mutex
	uses   map[string]*use
}

// New returns a Ring. It does not touch the storage yet.
func New(c Config) *Ring {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = randomID
	}
	if c.Policy.Publish <= 0 {
		c.Policy.Publish = DefaultPublish
	}
	if c.Policy.Overlap <= 0 {
		c.Policy.Overlap = DefaultOverlap
	}
	if c.CacheFor <= 0 {
		c.CacheFor = DefaultCacheFor
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Ring{config: c, uses: map[string]*use{}}
}

func randomID() string {
	var b [24]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
