package ratelimit_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/ratelimit"
)

func TestMemoryWindow(t *testing.T) {
	now := time.Unix(1000, 0)
	m := &ratelimit.Memory{Now: func() time.Time { return now }}
	hit := func() (bool, time.Duration) {
		ok, retry, err := m.Hit(t.Context(), ratelimit.Key{Name: "k"}, 10*time.Second, 2)
		if err != nil {
			t.Fatal(err)
		}
		return ok, retry
	}
	for i, want := range []bool{true, true, false} {
		if ok, _ := hit(); ok != want {
			t.Fatalf("hit %d: allowed %v, want %v", i, ok, want)
		}
	}
	now = now.Add(4 * time.Second)
	if ok, retry := hit(); ok || retry != 6*time.Second {
		t.Fatalf("within the window: allowed %v, retry after %v", ok, retry)
	}
	now = now.Add(6 * time.Second)
	if ok, _ := hit(); !ok {
		t.Fatal("a new window must start when the old one ends")
	}
}

// TestRollingWindow: who goes on within the limit keeps the window open.
func TestRollingWindow(t *testing.T) {
	now := time.Unix(1000, 0)
	m := &ratelimit.Memory{Rolling: true, Now: func() time.Time { return now }}
	for i, step := range []struct {
		after, retry time.Duration
	}{{0, 0}, {8 * time.Second, 0}, {8 * time.Second, 2 * time.Second}, {2 * time.Second, 0}, {0, 0}, {0, 10 * time.Second}} {
		now = now.Add(step.after)
		ok, retry, _ := m.Hit(t.Context(), ratelimit.Key{Name: "k"}, 10*time.Second, 2)
		if ok != (step.retry == 0) || retry != step.retry {
			t.Fatalf("event %d: allowed %v, retry after %v, want %v", i, ok, retry, step.retry)
		}
	}
}

// key is what a client's events of a name are counted under.
func key(client, name string) ratelimit.Key {
	return ratelimit.Key{Owner: client, Name: client + "|" + name}
}

// bounded is a Memory for so many keys, on a clock that the test moves.
func bounded(keys int) (*ratelimit.Memory, *time.Time) {
	now := time.Unix(1000, 0)
	m := &ratelimit.Memory{Now: func() time.Time { return now }}
	m.SetMaxKeys(keys)
	return m, &now
}

// TestMemoryFloods: whoever fills the counter, nobody is refused for it, and
// nobody else's counts are forgotten.
func TestMemoryFloods(t *testing.T) {
	const keys, max = 100, 3
	m, _ := bounded(keys)
	hit := func(client, name string) bool {
		ok, _, _ := m.Hit(t.Context(), key(client, name), time.Minute, max)
		return ok
	}
	for range max {
		if !hit("ada", "sign-in") {
			t.Fatal("refused")
		}
	}
	for range max {
		hit("eve", "victim")
	}
	for i := range 20 * keys {
		if !hit("eve", strconv.Itoa(i)) {
			t.Fatalf("the invented name %d is refused", i)
		}
		if m.Len() > keys {
			t.Fatalf("%d keys are kept", m.Len())
		}
	}
	if hit("ada", "sign-in") {
		t.Error("the count of another client was forgotten")
	}
	if hit("eve", "victim") {
		t.Error("a flood of names forgot the count that it was to hide")
	}
	if !hit("bob", "sign-in") {
		t.Error("a new client is refused")
	}
}

// TestMemoryEnds: windows that have ended go before any other.
func TestMemoryEnds(t *testing.T) {
	m, now := bounded(4)
	hit := func(client string, length time.Duration) bool {
		ok, _, _ := m.Hit(t.Context(), key(client, "x"), length, 1)
		return ok
	}
	for _, client := range []string{"a", "b", "c"} {
		hit(client, time.Second)
	}
	hit("d", time.Minute)
	*now = now.Add(time.Second)
	if hit("e", time.Minute); m.Len() != 2 || hit("d", time.Minute) {
		t.Errorf("%d keys are left, or the one that lasts is not", m.Len())
	}
}

// TestMemoryShrinks: a smaller share takes hold with the next new key.
func TestMemoryShrinks(t *testing.T) {
	m, _ := bounded(100)
	for i := range 100 {
		_, _, _ = m.Hit(t.Context(), key("a", strconv.Itoa(i)), time.Minute, 1)
	}
	m.SetMaxKeys(10)
	if _, _, _ = m.Hit(t.Context(), key("b", "x"), time.Minute, 1); m.Len() > 10 {
		t.Errorf("%d keys are kept", m.Len())
	}
}

// FuzzMemory plays events of several clients, and compares with a counter that
// has room for all of them. Each byte is one event: its client (two bits), and
// which of its names (six bits); 0xff lets time pass.
func FuzzMemory(f *testing.F) {
	f.Add([]byte("one client alone"), uint8(4))
	f.Add([]byte{0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0xff, 0, 0x40}, uint8(3))
	f.Fuzz(func(t *testing.T, events []byte, size uint8) {
		const max, length = 2, time.Minute
		keys := int(size%64) + 1
		m, now := bounded(keys)
		counts := map[ratelimit.Key]int{}
		names := map[string]int{} // of each client
		for _, b := range events {
			if b == 0xff {
				*now = now.Add(length)
				clear(counts)
				clear(names)
				continue
			}
			k := key(strconv.Itoa(int(b>>6)), strconv.Itoa(int(b&0x3f)))
			if counts[k] == 0 {
				names[k.Owner]++
			}
			counts[k]++
			ok, retry, err := m.Hit(t.Context(), k, length, max)
			if err != nil || m.Len() > keys {
				t.Fatalf("%d keys of %d, %v", m.Len(), keys, err)
			}
			if !ok && (counts[k] <= max || retry <= 0) {
				t.Fatalf("%v is refused after %d events, for %v", k, counts[k], retry)
			}
			if ok && counts[k] > max && fits(names, names[k.Owner], keys) {
				t.Fatalf("event %d of %v is allowed: it was forgotten, though its client has %d of %v names for %d keys", counts[k], k, names[k.Owner], names, keys)
			}
		}
	})
}

// fits reports whether a counter has room for all clients' names, but for what
// each has more than one with so many.
func fits(names map[string]int, most, keys int) bool {
	room := keys - keys/8 - 1
	for _, n := range names {
		room -= min(n, most)
	}
	return room >= 0
}

func TestMemoryConcurrentHits(t *testing.T) {
	var m ratelimit.Memory
	var wg sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for range 100 {
		wg.Go(func() {
			if ok, _, _ := m.Hit(t.Context(), ratelimit.Key{Name: "k"}, time.Hour, 7); ok {
				mu.Lock()
				allowed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if allowed != 7 {
		t.Fatalf("%d of 100 concurrent hits were allowed, want 7", allowed)
	}
}
