package realmtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/keyring"
)

// Clock stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows now.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Log keeps what was logged, as text.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns the log so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Logger writes to the log.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Outcomes keeps how handlers ended; it is a dispatch.Observer.
type Outcomes struct {
	mu   sync.Mutex
	list []string
}

// HandlerDone implements dispatch.Observer.
func (o *Outcomes) HandlerDone(_ *dispatch.Exchange, e dispatch.Entry, done dispatch.Done) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, fmt.Sprintf("%s#%d %s", e.Plugin.ID, e.Handler.Number, done.Outcome))
}

// List returns how handlers ended so far, such as "guest#1 ok".
func (o *Outcomes) List() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.list)
}

// Passwords is a hash that costs nothing, so that tests do not spend their
// time on one. As with the real ones of engine/secret, no two hashes of a password
// are the same.
type Passwords struct{}

const (
	hashPrefix = "test-hash:"
	hashSalt   = "#" // and what comes after it; a test may leave it out
)

// Hash implements identity.Passwords.
func (Passwords) Hash(_ context.Context, password string) (string, error) {
	return hashPrefix + password + hashSalt + rand.Text(), nil
}

// Verify implements identity.Passwords.
func (Passwords) Verify(_ context.Context, hash, password string) (ok, rehash bool, err error) {
	hashed, _, _ := strings.Cut(hash, hashSalt)
	return hashed == hashPrefix+password, false, nil
}

// Equalize implements identity.Passwords.
func (Passwords) Equalize(context.Context, string) error { return nil }

// keys keeps signing keys in memory.
type keys struct {
	mu   sync.Mutex
	list []keyring.Key
}

func (k *keys) Keys(_ context.Context, use string) ([]keyring.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []keyring.Key
	for _, key := range k.list {
		if key.Use == use {
			out = append(out, key)
		}
	}
	return out, nil
}

func (k *keys) Insert(_ context.Context, key keyring.Key) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, old := range k.list {
		if old.Use == key.Use && old.Alg == key.Alg && old.Number == key.Number {
			return keyring.ErrConflict
		}
	}
	k.list = append(k.list, key)
	return nil
}

func (k *keys) Update(_ context.Context, key keyring.Key) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.list {
		if k.list[i].ID == key.ID {
			k.list[i] = key
		}
	}
	return nil
}

// Committed implements dispatch.Observer.
func (o *Outcomes) Committed(*dispatch.Exchange, string, *document.Object) {}

// Stored implements dispatch.Observer.
func (o *Outcomes) Stored(time.Duration, error) {}

// Large implements dispatch.Observer.
func (o *Outcomes) Large(*dispatch.Exchange, string, string, int, int) {}
