package keyring

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// A verifier that caches the set for less than Publish never meets a token
// that it cannot verify, at any moment of two rotations, and tokens verify for
// Overlap after they were signed.
func TestRotationWithoutGaps(t *testing.T) {
	storage, clock := &memory{}, newClock()
	policy := Policy{Publish: 2 * time.Hour, Overlap: 24 * time.Hour}
	config := Config{Storage: storage, Now: clock.Now, Policy: policy, CacheFor: 30 * time.Second}
	node1, node2 := New(config), New(config)
	type signed struct {
		token string
		at    time.Time
	}
	var tokens []signed
	var cached jwkSet
	var cachedAt time.Time
	kids := map[string]bool{}
	for step := range 120 { // 60 hours
		if step == 10 || step == 70 {
			if _, err := node1.Rotate(t.Context(), "u", ES256); err != nil {
				t.Fatal(err)
			}
		}
		if now := clock.Now(); cached.Keys == nil || now.Sub(cachedAt) >= time.Hour {
			cached, cachedAt = fetch(t, node2, "u", ES256), now
		}
		token, kid := mustSign(t, []*Ring{node1, node2}[step%2], "u", ES256, "{}")
		kids[kid] = true
		if err := cached.verify(t, token); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		tokens = append(tokens, signed{token, clock.Now()})
		for _, s := range tokens {
			_, err := node2.Verify(t.Context(), "u", s.token)
			if age := clock.Now().Sub(s.at); err != nil && age < policy.Overlap {
				t.Fatalf("step %d: a token %v old: %v", step, age, err)
			}
		}
		clock.Add(30 * time.Minute)
	}
	if len(kids) != 3 {
		t.Errorf("%d keys signed, want 3", len(kids))
	}
	if _, err := node2.Verify(t.Context(), "u", tokens[0].token); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("a token of a retired key: %v", err)
	}
}

// The process that rotates may die between its two writes.
func TestRotationSurvivesACrash(t *testing.T) {
	storage, clock := &memory{}, newClock()
	config := Config{Storage: storage, Now: clock.Now, Policy: Policy{Publish: time.Hour, Overlap: time.Hour}}
	r := New(config)
	_, first := mustSign(t, r, "u", ES256, "{}")
	storage.failSet = errors.New("crash")
	if _, err := r.Rotate(t.Context(), "u", ES256); err == nil {
		t.Fatal("rotation reported success")
	}
	storage.failSet = nil
	clock.Add(90 * time.Minute)
	again := New(config)
	if _, kid := mustSign(t, again, "u", ES256, "{}"); kid == first {
		t.Error("the old key still signs")
	}
	if got := fetch(t, again, "u").kids(); !slices.Contains(got, first) {
		t.Error("the old key is gone before the overlap ended")
	}
	clock.Add(31 * time.Minute)
	if got := fetch(t, again, "u").kids(); slices.Contains(got, first) {
		t.Error("the old key is published for ever")
	}
}

func TestRotateTwiceMakesOneKey(t *testing.T) {
	storage, clock := &memory{}, newClock()
	config := Config{Storage: storage, Now: clock.Now}
	_, first := mustSign(t, New(config), "u", ES256, "{}")
	var wg sync.WaitGroup
	kids := make(chan string, 20)
	for range 4 {
		r := New(config)
		for range 5 {
			wg.Go(func() {
				kid, err := r.Rotate(t.Context(), "u", ES256)
				if err != nil {
					t.Error(err)
				}
				kids <- kid
			})
		}
	}
	wg.Wait()
	close(kids)
	seen := map[string]bool{}
	for kid := range kids {
		seen[kid] = true
	}
	if len(seen) != 1 || seen[first] || len(storage.keys) != 2 {
		t.Errorf("%d new keys named, %d keys stored", len(seen), len(storage.keys))
	}
}

func TestRotateEvery(t *testing.T) {
	storage, clock := &memory{}, newClock()
	r := New(Config{Storage: storage, Now: clock.Now, Policy: Policy{RotateEvery: 30 * day, Publish: day, Overlap: day}})
	_, first := mustSign(t, r, "u", ES256, "{}")
	clock.Add(29*day - time.Minute)
	if mustSign(t, r, "u", ES256, "{}"); len(storage.keys) != 1 {
		t.Error("rotated too early")
	}
	clock.Add(time.Minute)
	if _, kid := mustSign(t, r, "u", ES256, "{}"); kid != first || len(storage.keys) != 2 {
		t.Errorf("%d keys; the old key must sign until the new one is known", len(storage.keys))
	}
	clock.Add(day)
	if _, kid := mustSign(t, r, "u", ES256, "{}"); kid == first || len(storage.keys) != 2 {
		t.Errorf("%d keys; the new key must sign", len(storage.keys))
	}
	// A rotation that fails does not keep the old key from signing.
	storage.failAdd = errors.New("read-only")
	clock.Add(60 * day)
	mustSign(t, r, "u", ES256, "{}")
	storage.failAdd = nil
	if fetch(t, r, "u", ES256); len(storage.keys) != 3 {
		t.Error("fetching the set did not rotate")
	}
}

const day = 24 * time.Hour

func TestRetire(t *testing.T) {
	storage, clock := &memory{}, newClock()
	r := New(Config{Storage: storage, Now: clock.Now})
	token, leaked := mustSign(t, r, "u", ES256, "{}")
	if err := r.Retire(t.Context(), "u", "nobody"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("unknown key: %v", err)
	}
	if err := r.Retire(t.Context(), "u", leaked); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(t.Context(), "u", token); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("token of a retired key: %v", err)
	}
	_, next := mustSign(t, r, "u", ES256, "{}")
	if got := fetch(t, r, "u").kids(); next == leaked || !slices.Equal(got, []string{next}) {
		t.Errorf("published: %v", got)
	}
}
