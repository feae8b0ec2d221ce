package keyring

import (
	"context"
	"slices"
	"time"
)

// State says what a key does at a moment.
type State string

// The states of a key, in the order of its life.
const (
	Pending  State = "pending"  // published, and signs later
	Signing  State = "signing"  // published, and signs
	Retiring State = "retiring" // published for the tokens that it has signed
	Retired  State = "retired"  // neither published nor good for anything
)

// Info is what may be known of a key: no private part.
type Info struct {
	ID, Use, Alg string
	State        State
	CreatedAt    time.Time
	ActiveAt     time.Time
	RetiresAt    time.Time // zero: not decided yet
	// Public is the public key as a JSON Web Key, without alg and kid.
	Public []byte
}

// List returns the keys of a use, retired ones included, by algorithm, oldest
// first. It makes none.
func (r *Ring) List(ctx context.Context, use string) ([]Info, error) {
	set, err := r.keys(ctx, r.use(use))
	if err != nil {
		return nil, err
	}
	now := r.config.Now()
	list := make([]Info, len(set.keys))
	for i, k := range set.keys {
		list[i] = Info{
			ID: k.ID, Use: k.Use, Alg: k.Alg, State: set.state(k, now),
			CreatedAt: k.CreatedAt, ActiveAt: k.ActiveAt, RetiresAt: k.retires, Public: k.PublicJWK,
		}
	}
	return list, nil
}

func (s *keySet) state(k *parsedKey, now time.Time) State {
	switch {
	case !k.live(now):
		return Retired
	case s.signer(k.Alg, now) == k:
		return Signing
	case k.ActiveAt.After(now):
		return Pending
	}
	return Retiring
}

// Published reports whether a key of a use is published, so that what it
// signed is good elsewhere, too.
func (r *Ring) Published(ctx context.Context, use, kid string) (bool, error) {
	set, err := r.keys(ctx, r.use(use))
	if err != nil {
		return false, err
	}
	now := r.config.Now()
	return slices.ContainsFunc(set.keys, func(k *parsedKey) bool { return k.ID == kid && k.live(now) }), nil
}

// MaxLife returns how long a token may live so that its key is published to
// its end.
func (r *Ring) MaxLife() time.Duration { return r.config.Policy.Overlap }
