package keyring

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// keySet is an immutable view of the keys of one use.
type keySet struct {
	keys   []*parsedKey // by Alg, then Number
	loaded time.Time
}

// use caches the keys of one use.
type use struct {
	name   string
	set    atomic.Pointer[keySet]
	change sync.Mutex // held while keys are read or made
}

func (r *Ring) use(name string) *use {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.uses[name]
	if u == nil {
		u = &use{name: name}
		r.uses[name] = u
	}
	return u
}

// keys returns the keys of a use, read again if they are older than CacheFor.
// While one caller reads, others go on with what is cached.
func (r *Ring) keys(ctx context.Context, u *use) (*keySet, error) {
	set := u.set.Load()
	if set != nil && r.fresh(set) {
		return set, nil
	}
	if set == nil {
		u.change.Lock()
	} else if !u.change.TryLock() {
		return set, nil
	}
	defer u.change.Unlock()
	if set = u.set.Load(); set != nil && r.fresh(set) {
		return set, nil
	}
	return r.load(ctx, u)
}

func (r *Ring) fresh(set *keySet) bool {
	age := r.config.Now().Sub(set.loaded)
	return age >= 0 && age < r.config.CacheFor
}

// load reads the keys of a use. The caller holds u.change.
func (r *Ring) load(ctx context.Context, u *use) (*keySet, error) {
	stored, err := r.config.Storage.Keys(ctx, u.name)
	if err != nil {
		return nil, err
	}
	set := &keySet{loaded: r.config.Now(), keys: make([]*parsedKey, 0, len(stored))}
	old := u.set.Load()
	for _, k := range stored {
		p, err := old.parsed(k)
		if err != nil {
			return nil, err
		}
		set.keys = append(set.keys, p)
	}
	slices.SortFunc(set.keys, func(a, b *parsedKey) int {
		return cmp.Or(cmp.Compare(a.Alg, b.Alg), cmp.Compare(a.Number, b.Number), a.CreatedAt.Compare(b.CreatedAt))
	})
	set.retire(r.config.Policy.Overlap)
	u.set.Store(set)
	return set, nil
}

// parsed returns the key ready for use; parsing is saved if the set, which
// may be nil, has it already.
func (s *keySet) parsed(k Key) (*parsedKey, error) {
	if s != nil {
		for _, p := range s.keys {
			if p.ID == k.ID && p.Alg == k.Alg && bytes.Equal(p.PrivateJWK, k.PrivateJWK) {
				again := *p
				again.Key, again.retires = k, k.RetiresAt
				return &again, nil
			}
		}
	}
	return parse(k)
}

// retire gives keys that have a successor their end, even if the process that
// rotated died before it could store that.
func (s *keySet) retire(overlap time.Duration) {
	for i, k := range s.keys {
		if i+1 == len(s.keys) || s.keys[i+1].Alg != k.Alg {
			continue
		}
		end := s.keys[i+1].ActiveAt.Add(overlap)
		if k.retires.IsZero() || end.Before(k.retires) {
			k.retires = end
		}
	}
}

// live reports whether the key is published.
func (k *parsedKey) live(now time.Time) bool { return k.retires.IsZero() || now.Before(k.retires) }

// signer returns the key that signs at a time: of those that are active the
// newest. If none is active yet, it is the first that will be, because then
// there is no older one that verifiers would know better.
func (s *keySet) signer(alg string, now time.Time) *parsedKey {
	var best, next *parsedKey
	for _, k := range s.keys {
		switch {
		case k.Alg != alg || !k.live(now):
		case !k.ActiveAt.After(now):
			best = k
		case next == nil:
			next = k
		}
	}
	if best == nil {
		return next
	}
	return best
}

// last returns the newest key of an algorithm, retired ones included.
func (s *keySet) last(alg string) *parsedKey {
	for _, k := range slices.Backward(s.keys) {
		if k.Alg == alg {
			return k
		}
	}
	return nil
}
