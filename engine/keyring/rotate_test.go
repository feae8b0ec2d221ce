package keyring

import (
	"bytes"
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
			_, err := node2.Verify(t.Context(), "u", "", s.token)
			if age := clock.Now().Sub(s.at); err != nil && age < policy.Overlap {
				t.Fatalf("step %d: a token %v old: %v", step, age, err)
			}
		}
		clock.Add(30 * time.Minute)
	}
	if len(kids) != 3 {
		t.Errorf("%d keys signed, want 3", len(kids))
	}
	if _, err := node2.Verify(t.Context(), "u", "", tokens[0].token); !errors.Is(err, ErrInvalidToken) {
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
	if _, err := r.Verify(t.Context(), "u", "", token); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("token of a retired key: %v", err)
	}
	_, next := mustSign(t, r, "u", ES256, "{}")
	if got := fetch(t, r, "u").kids(); next == leaked || !slices.Equal(got, []string{next}) {
		t.Errorf("published: %v", got)
	}
}

// States show what a key does from its creation to its end; a key that was
// withdrawn is good for nothing at once.
func TestList(t *testing.T) {
	storage, clock := &memory{}, newClock()
	r := New(Config{Storage: storage, Now: clock.Now, Policy: Policy{Publish: time.Hour, Overlap: time.Hour}})
	_, first := mustSign(t, r, "u", ES256, "{}")
	second, err := r.Rotate(t.Context(), "u", ES256)
	if err != nil {
		t.Fatal(err)
	}
	want := func(states ...State) {
		t.Helper()
		list, err := r.List(t.Context(), "u")
		if err != nil || len(list) != len(states) {
			t.Fatalf("%v, %v", list, err)
		}
		for i, k := range list {
			if k.State != states[i] || i < 2 && k.ID != []string{first, second}[i] || bytes.Contains(k.Public, []byte(`"d"`)) {
				t.Errorf("key %d: %+v, want %s", i, k, states[i])
			}
			published, err := r.Published(t.Context(), "u", k.ID)
			if err != nil || published != (states[i] != Retired) {
				t.Errorf("key %d is %s; published %t, %v", i, states[i], published, err)
			}
		}
	}
	want(Signing, Pending)
	clock.Add(time.Hour)
	want(Retiring, Signing)
	if err := r.Retire(t.Context(), "u", second); err != nil {
		t.Fatal(err)
	}
	want(Signing, Retired, Pending) // verifiers know the first key
	clock.Add(time.Hour)
	want(Retired, Retired, Signing)
	last, err := r.Rotate(t.Context(), "u", ES256)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Retire(t.Context(), "u", last); err != nil { // before it signed
		t.Fatal(err)
	}
	want(Retired, Retired, Signing, Retired, Pending)
	if list, err := r.List(t.Context(), "nothing"); len(list) > 0 || err != nil {
		t.Errorf("of a use without keys: %v, %v", list, err)
	}
}

// Of several nodes that all find a rotation due, one makes the key.
func TestScheduleOnSeveralNodes(t *testing.T) {
	storage, clock := &memory{}, newClock()
	config := Config{Storage: storage, Now: clock.Now, Policy: Policy{RotateEvery: 30 * day, Publish: day, Overlap: day}, CacheFor: time.Hour}
	var nodes []*Ring
	for range 5 {
		r := New(config)
		mustSign(t, r, "u", ES256, "{}")
		nodes = append(nodes, r)
	}
	for range 120 { // a node looks every twelve hours, and another one each time
		clock.Add(12 * time.Hour)
		var wg sync.WaitGroup
		for _, r := range nodes {
			wg.Go(func() {
				if _, _, err := r.Sign(t.Context(), "u", ES256, []byte("{}")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if n := len(storage.keys); n != 3 { // the first, and one after 29 and 59 days
		t.Errorf("%d keys after 60 days", n)
	}
}
