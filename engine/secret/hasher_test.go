package secret

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

func mustHasher(t testing.TB, c HasherConfig) *Hasher {
	t.Helper()
	h, err := NewHasher(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHashers(t *testing.T) {
	for _, algorithm := range []string{Scrypt, Argon2id, Bcrypt} {
		h := mustHasher(t, HasherConfig{Algorithm: algorithm})
		hash, err := h.Hash(t.Context(), "pässwörd ﬁne")
		if err != nil {
			t.Fatal(err)
		}
		if ok, rehash, err := h.Verify(t.Context(), hash, "pässwörd fine"); !ok || rehash || err != nil {
			t.Errorf("%s: %v, rehash %v, %v", algorithm, ok, rehash, err)
		}
		other, err := h.Hash(t.Context(), "passwörd fine")
		if err != nil || other == hash {
			t.Errorf("%s: %v", algorithm, err)
		}
		if ok, rehash, err := h.Verify(t.Context(), other, "pässwörd fine"); ok || rehash || err != nil {
			t.Errorf("%s, wrong password: %v, rehash %v, %v", algorithm, ok, rehash, err)
		}
	}
}

// A hash of another algorithm than the configured one is replaced, even if its
// parameters are those of new hashes.
func TestRehashOnChangeOfAlgorithm(t *testing.T) {
	h := mustHasher(t, HasherConfig{})
	hash, err := h.Hash(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.Hash(t.Context(), "x"); err != nil || again == hash {
		t.Errorf("two hashes of a password are equal: %v", err)
	}
	for configured, want := range map[string]bool{Scrypt: false, Argon2id: true, Bcrypt: true} {
		ok, rehash, err := mustHasher(t, HasherConfig{Algorithm: configured}).Verify(t.Context(), hash, "x")
		if !ok || err != nil || rehash != want {
			t.Errorf("%s configured: %v, rehash %v, %v", configured, ok, rehash, err)
		}
	}
}

// Hashes that other software made with other parameters verify, and are
// replaced.
func TestImportedHashes(t *testing.T) {
	cheap, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for name, hash := range map[string]string{
		"argon2id": argonWith(64, 1, 2, "secret"),
		"bcrypt":   string(cheap),
		"$2y$":     "$2y$" + string(cheap[4:]),
		"$2b$":     "$2b$" + string(cheap[4:]),
	} {
		for _, configured := range []string{Scrypt, Argon2id, Bcrypt} {
			ok, rehash, err := mustHasher(t, HasherConfig{Algorithm: configured}).Verify(t.Context(), hash, "secret")
			if !ok || !rehash || err != nil {
				t.Errorf("%s, %s configured: %v, rehash %v, %v", name, configured, ok, rehash, err)
			}
		}
	}
}

// TestForeignHashes: hashes that other systems made. testdata/foreign.json is of
// Python's hashlib, bcryptjs, the reference implementations of argon2 and phpass,
// and the documentation of Firebase's scrypt.
func TestForeignHashes(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes a real hash in each format; SHORT= runs it")
	}
	text, err := os.ReadFile("testdata/foreign.json")
	if err != nil {
		t.Fatal(err)
	}
	var samples []struct{ Format, Password, Hash string }
	if err := json.Unmarshal(text, &samples); err != nil {
		t.Fatal(err)
	}
	h := mustHasher(t, HasherConfig{})
	for _, s := range samples {
		if !h.Known(s.Hash) {
			t.Errorf("%s: not known", s.Format)
		}
		if ok, rehash, err := h.Verify(t.Context(), s.Hash, s.Password); !ok || !rehash || err != nil {
			t.Errorf("%s: %v, rehash %v, %v", s.Format, ok, rehash, err)
		}
		if ok, rehash, err := h.Verify(t.Context(), s.Hash, s.Password+"x"); ok || rehash || err != nil {
			t.Errorf("%s, a wrong password: %v, rehash %v, %v", s.Format, ok, rehash, err)
		}
	}
}

// TestForeignHashesCost: comparing with a digest costs next to nothing, so a
// hash of our own is made as well.
func TestForeignHashesCost(t *testing.T) {
	counter := &countingHash{block: make(chan struct{})}
	close(counter.block)
	h := mustHasher(t, HasherConfig{})
	h.preferred = counter
	for _, stored := range []string{"sha1$salt$" + strings.Repeat("0", 40), "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "{SSHA}" + strings.Repeat("A", 32)} {
		counter.top = 0
		if ok, _, err := h.Verify(t.Context(), stored, "x"); ok || err != nil || counter.top != 1 {
			t.Errorf("%q: %v, %v after %d hashes", stored, ok, err, counter.top)
		}
	}
}

// FuzzVerify: no stored hash makes comparing panic, or take long.
func FuzzVerify(f *testing.F) {
	for _, seed := range []string{
		"s2:salt:00", "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=AAAA$AAAA$AAAA", "pbkdf2_sha256$1$s$AAAAAAAAAAAAAAAAAAAAAA==", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
		"md5$s$00", "{SSHA}AAAA", "AQAAAAEAACcQAAAAEA==", "$argon2i$v=19$m=8,t=1,p=1$c29tc2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "$2a$04$" + strings.Repeat("a", 53),
	} {
		f.Add(seed)
	}
	h, err := NewHasher(HasherConfig{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		ok, rehash, err := h.compare(stored, []byte("x"))
		if rehash && !ok || ok && err != nil || err != nil && !errors.Is(err, ErrUnknownHash) {
			t.Errorf("%q: %v, rehash %v, %v", stored, ok, rehash, err)
		}
	})
}

func TestUnknownHashes(t *testing.T) {
	h := mustHasher(t, HasherConfig{Algorithm: Argon2id})
	b64 := strings.Repeat("A", 43)
	for _, hash := range []string{
		"", "plain", ":", "zz:zz", "00:00", "$2b$12$short", "$1$salt$md5",
		"$2b$31$" + strings.Repeat("a", 53), // cost 31 would take days
		"$argon2id$v=19$m=4194304,t=3,p=4$" + b64[:22] + "$" + b64,
		"$argon2id$v=19$m=65536,t=1000,p=4$" + b64[:22] + "$" + b64,
		"$argon2id$v=19$m=65536,t=0,p=4$" + b64[:22] + "$" + b64,
		"$argon2id$v=19$m=65536,t=3,p=0$" + b64[:22] + "$" + b64,
		"$argon2id$v=16$m=65536,t=3,p=4$" + b64[:22] + "$" + b64,
		"$argon2id$v=19$m=65536,t=3,p=4,x=1$" + b64[:22] + "$" + b64,
		"$argon2id$v=19$m=65536,t=3,p=4$$" + b64,
		"$argon2id$v=19$m=65536,t=3,p=4$" + b64[:22] + "$",
		"$argon2id$v=19$m=65536,t=3,p=4$" + b64[:22],
		"$argon2d$v=19$m=65536,t=3,p=4$" + b64[:22] + "$" + b64,
		"pbkdf2_sha256$2000001$salt$" + b64 + "=", "pbkdf2_sha256$0$salt$" + b64 + "=", "pbkdf2_sha512$1000$salt$" + b64 + "=", "pbkdf2_sha256$1000$$" + b64 + "=",
		"$P$zIQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L", "s2::" + strings.Repeat("0", 128), "s2:salt:00",
		"$fbscrypt$v=1,n=18,r=8,p=1,ss=Bw==,sk=AAAA$AAAA$AAAA", "$fbscrypt$v=1,n=14,r=17,p=1,ss=Bw==,sk=AAAA$AAAA$AAAA", "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=$AAAA$",
		"md5$salt$00", "sha1$" + strings.Repeat("0", 40), "{SSHA}AAAA", "{CRYPT}x",
		"AQAAAAEAHoSBAAAAEA" + strings.Repeat("A", 64) + "==", // 2,000,001 rounds
	} {
		if ok, rehash, err := h.compare(hash, []byte("x")); ok || rehash || !errors.Is(err, ErrUnknownHash) {
			t.Errorf("%q: %v, rehash %v, %v", hash, ok, rehash, err)
		}
	}
	// They cost as much as a wrong password.
	counter := &countingHash{block: make(chan struct{})}
	close(counter.block)
	h.preferred = counter
	if _, _, err := h.Verify(t.Context(), "plain", "x"); !errors.Is(err, ErrUnknownHash) || counter.top != 1 {
		t.Errorf("%v after %d hashes", err, counter.top)
	}
}

func argonWith(memory, time uint32, threads uint8, password string) string {
	p := argonParams{memory: memory, time: time, threads: threads, salt: []byte("saltsaltsaltsalt")}
	p.key = argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, 24)
	return p.String()
}

func TestLongPasswords(t *testing.T) {
	long, tooLong := strings.Repeat("x", 73), strings.Repeat("x", MaxPasswordBytes+1)
	for _, algorithm := range []string{Scrypt, Argon2id, Bcrypt} {
		h := mustHasher(t, HasherConfig{Algorithm: algorithm})
		_, err := h.Hash(t.Context(), long)
		if want := algorithm == Bcrypt; errors.Is(err, ErrPasswordTooLong) != want {
			t.Errorf("%s: 73 bytes: %v", algorithm, err)
		}
		if err := h.Equalize(t.Context(), long); err != nil {
			t.Errorf("%s: equalize 73 bytes: %v", algorithm, err)
		}
		if _, err := h.Hash(t.Context(), tooLong); !errors.Is(err, ErrPasswordTooLong) {
			t.Errorf("%s: too long: %v", algorithm, err)
		}
		if err := h.Equalize(t.Context(), tooLong); err != nil {
			t.Errorf("%s: equalize too long: %v", algorithm, err)
		}
		hash, err := h.Hash(t.Context(), tooLong[:72])
		if err != nil {
			t.Fatal(err)
		}
		if ok, rehash, err := h.Verify(t.Context(), hash, tooLong); ok || rehash || err != nil {
			t.Errorf("%s: verify too long: %v, %v, %v", algorithm, ok, rehash, err)
		}
	}
	// Other software cut off passwords at 72 bytes.
	hash, err := bcrypt.GenerateFromPassword([]byte(long[:72]), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := mustHasher(t, HasherConfig{}).Verify(t.Context(), string(hash), long); !ok || err != nil {
		t.Errorf("truncated bcrypt hash: %v, %v", ok, err)
	}
}

func TestUnknownAlgorithm(t *testing.T) {
	if _, err := NewHasher(HasherConfig{Algorithm: "md5"}); err == nil {
		t.Error("accepted")
	}
}

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, h := NewGate(2, 3), &Hasher{}
		for range 2 {
			if err := g.enter(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 3)
		for range 3 {
			go func() { results <- g.enter(ctx, h) }()
		}
		synctest.Wait()
		if g.Running() != 2 || g.Waiting() != 3 {
			t.Fatalf("%d running, %d waiting", g.Running(), g.Waiting())
		}
		if err := g.enter(t.Context(), h); !errors.Is(err, ErrBusy) {
			t.Errorf("queue full: %v", err)
		}
		g.leave()
		if err := <-results; err != nil {
			t.Errorf("next in the queue: %v", err)
		}
		cancel()
		for range 2 {
			if err := <-results; !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		}
		if g.Running() != 2 || g.Waiting() != 0 {
			t.Errorf("%d running, %d waiting", g.Running(), g.Waiting())
		}
	})
}

// TestGateIsShared: however many hashes of one tenant wait, another's get a
// place, and its turn is the next.
func TestGateIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, noisy, quiet := NewGate(1, 8), &Hasher{}, &Hasher{}
		if err := g.enter(t.Context(), noisy); err != nil {
			t.Fatal(err)
		}
		refused, turns := make(chan error, 100), make(chan *Hasher, 100)
		enter := func(h *Hasher) {
			if err := g.enter(t.Context(), h); err != nil {
				refused <- err
				return
			}
			turns <- h
		}
		for range 20 {
			go enter(noisy)
		}
		synctest.Wait()
		for range 3 {
			go enter(quiet)
		}
		synctest.Wait()
		if len(refused) != 12+3 || g.Waiting() != 8 {
			t.Fatalf("%d refused, %d waiting", len(refused), g.Waiting())
		}
		for i, want := range []*Hasher{noisy, quiet, noisy, quiet, noisy, quiet, noisy, noisy} {
			g.leave()
			if got := <-turns; got != want {
				t.Errorf("turn %d is that of the noisy one: %v", i, got == noisy)
			}
		}
		if g.leave(); g.Running() != 0 || g.Waiting() != 0 {
			t.Errorf("%d running, %d waiting", g.Running(), g.Waiting())
		}
	})
}

// countingHash stands in for an algorithm and counts how many run.
type countingHash struct {
	mu           sync.Mutex
	running, top int
	block        chan struct{}
}

func (c *countingHash) hash([]byte) (string, error) {
	c.mu.Lock()
	c.running++
	c.top = max(c.top, c.running)
	c.mu.Unlock()
	<-c.block
	c.mu.Lock()
	c.running--
	c.mu.Unlock()
	return "", nil
}
func (*countingHash) recognizes(string) bool                            { return false }
func (*countingHash) verify(string, []byte) (ok, current bool, _ error) { return }

// A flood of sign-ins runs no more hashes than it may, and each is either
// served or refused. A tenant's own bound leaves room for others.
func TestConcurrencyIsBounded(t *testing.T) {
	for _, c := range []struct {
		name                 string
		config               HasherConfig
		top, served, refused int
	}{
		{"own gate", HasherConfig{MaxConcurrent: 3, MaxWaiting: 7}, 3, 10, 290},
		{"shared gate", HasherConfig{Gate: NewGate(4, 6)}, 4, 10, 290},
		{"both", HasherConfig{MaxConcurrent: 1, MaxWaiting: 4, Gate: NewGate(4, 6)}, 1, 5, 295},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c.config.Gate != nil { // channels belong to the bubble that makes them
					c.config.Gate = NewGate(c.config.Gate.concurrent, c.config.Gate.maxWaiting)
				}
				h := mustHasher(t, c.config)
				counter := &countingHash{block: make(chan struct{})}
				h.preferred = counter
				results := make(chan error, 300)
				for range 300 {
					go func() { results <- h.Equalize(t.Context(), "x") }()
				}
				synctest.Wait()
				close(counter.block)
				served, refused := 0, 0
				for range 300 {
					switch err := <-results; {
					case err == nil:
						served++
					case errors.Is(err, ErrBusy):
						refused++
					default:
						t.Fatal(err)
					}
				}
				if counter.top != c.top || served != c.served || refused != c.refused {
					t.Errorf("%d at once, %d served, %d refused; want %d, %d, %d", counter.top, served, refused, c.top, c.served, c.refused)
				}
			})
		})
	}
}

func BenchmarkHash(b *testing.B) {
	for _, algorithm := range []string{Scrypt, Argon2id, Bcrypt} {
		b.Run(algorithm, func(b *testing.B) {
			h := mustHasher(b, HasherConfig{Algorithm: algorithm})
			for b.Loop() {
				if _, err := h.Hash(b.Context(), "correct-horse-1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzVerifyHash(f *testing.F) {
	for _, hash := range []string{"00:" + strings.Repeat("0", 128), "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43), "$2b$04$" + strings.Repeat("a", 53)} {
		f.Add(hash)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		if (argonHash{}).recognizes(stored) {
			if p, ok := parseArgon(stored); ok && (p.memory > maxArgonMemory || p.time > maxArgonTime || len(p.key) < 16) {
				t.Errorf("%q asks for too much work", stored)
			}
		}
		if (scryptHash{}).recognizes(stored) != (len(stored) > 129 && stored[len(stored)-129] == ':' && isHex(stored[:len(stored)-129]) && isHex(stored[len(stored)-128:])) {
			t.Errorf("%q: recognized as scrypt?", stored)
		}
	})
}
