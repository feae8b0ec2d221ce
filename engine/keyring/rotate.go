package keyring

import (
	"context"
	"errors"
	"time"
)

// ensure returns a set that has a live key of the algorithm, making the first
// one if need be.
func (r *Ring) ensure(ctx context.Context, u *use, alg string) (*keySet, *parsedKey, error) {
	if _, ok := familyOf(alg); !ok {
		return nil, nil, ErrAlgorithm
	}
	set, err := r.keys(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	if k := set.signer(alg, r.config.Now()); k != nil {
		return set, k, nil
	}
	u.change.Lock()
	defer u.change.Unlock()
	if set, err = r.load(ctx, u); err != nil {
		return nil, nil, err
	}
	if k := set.signer(alg, r.config.Now()); k != nil {
		return set, k, nil
	}
	if set, err = r.create(ctx, u, set, alg, 0); err != nil {
		return nil, nil, err
	}
	k := set.signer(alg, r.config.Now())
	if k == nil {
		return nil, nil, errors.New("keyring: the storage does not return the key that it has just taken")
	}
	return set, k, nil
}

// create stores the next key of an algorithm, to sign after publish, and
// returns the keys as they are then. If another process was quicker, its key
// counts. The caller holds u.change.
func (r *Ring) create(ctx context.Context, u *use, set *keySet, alg string, publish time.Duration) (*keySet, error) {
	number := 1
	if last := set.last(alg); last != nil {
		number = last.Number + 1
	}
	now := r.config.Now()
	k, err := generate(Key{ID: r.config.NewID(), Use: u.name, Alg: alg, Number: number, CreatedAt: now, ActiveAt: now.Add(publish)})
	if err != nil {
		return nil, err
	}
	switch err := r.config.Storage.Insert(ctx, k); {
	case err == nil:
		r.config.Logger.InfoContext(ctx, "signing key created", "use", u.name, "alg", alg, "kid", k.ID, "signsFrom", k.ActiveAt)
	case !errors.Is(err, ErrConflict):
		return nil, err
	}
	return r.load(ctx, u)
}

// Rotate makes the next key of a use and algorithm and returns its id. It is
// published now, signs after Policy.Publish, and its predecessor retires
// Policy.Overlap after that. While a successor is published but does not sign
// yet, Rotate changes nothing and returns that key's id.
func (r *Ring) Rotate(ctx context.Context, use, alg string) (kid string, err error) {
	u := r.use(use)
	if _, _, err := r.ensure(ctx, u, alg); err != nil {
		return "", err
	}
	u.change.Lock()
	defer u.change.Unlock()
	set, err := r.load(ctx, u)
	if err != nil {
		return "", err
	}
	return r.rotate(ctx, u, set, alg)
}

// rotate does the work of Rotate on the keys as they have just been read. The
// caller holds u.change.
func (r *Ring) rotate(ctx context.Context, u *use, set *keySet, alg string) (string, error) {
	var err error
	if now, last := r.config.Now(), set.last(alg); last == nil || !last.ActiveAt.After(now) || !last.live(now) {
		if set, err = r.create(ctx, u, set, alg, r.config.Policy.Publish); err != nil {
			return "", err
		}
	}
	next := set.last(alg)
	for _, k := range set.keys {
		if k.Alg == alg && k != next && k.RetiresAt.IsZero() {
			ending := k.Key
			ending.RetiresAt = k.retires
			if err := r.config.Storage.Update(ctx, ending); err != nil {
				return "", err
			}
		}
	}
	_, err = r.load(ctx, u)
	return next.ID, err
}

// rotateIfDue starts the rotation that Policy.RotateEvery asks for. It runs in
// the request that notices; others meanwhile sign with the key that there is,
// and so does this one if the rotation fails.
func (r *Ring) rotateIfDue(ctx context.Context, u *use, set *keySet, alg string) {
	if !r.due(set, alg) || !u.change.TryLock() {
		return
	}
	defer u.change.Unlock()
	now, err := r.load(ctx, u)
	if err == nil && r.due(now, alg) { // nobody else, here or on another node, was quicker
		_, err = r.rotate(ctx, u, now, alg)
	}
	if err != nil {
		r.config.Logger.ErrorContext(ctx, "rotation of a signing key failed", "use", u.name, "alg", alg, "error", err)
	}
}

// due reports whether it is time to publish the key that takes over when the
// newest one has signed for Policy.RotateEvery.
func (r *Ring) due(set *keySet, alg string) bool {
	last := set.last(alg)
	if r.config.Policy.RotateEvery <= 0 || last == nil {
		return false
	}
	return !r.config.Now().Before(last.ActiveAt.Add(r.config.Policy.RotateEvery - r.config.Policy.Publish))
}

// Retire ends a key at once, for when its private part may have leaked: it
// neither signs nor is published from now on, and the tokens that it signed
// no longer verify here. A successor is published. Until it signs, the newest
// key that is left does, which verifiers know; if none is left, the successor
// signs at once. Verifiers elsewhere go on accepting the key, and do not know
// a successor that had to sign at once, until they fetch the JWKS again.
func (r *Ring) Retire(ctx context.Context, use, kid string) error {
	u := r.use(use)
	u.change.Lock()
	defer u.change.Unlock()
	set, err := r.load(ctx, u)
	if err != nil {
		return err
	}
	for _, k := range set.keys {
		if k.ID == kid {
			ending := k.Key
			ending.RetiresAt = r.config.Now()
			if err := r.config.Storage.Update(ctx, ending); err != nil {
				return err
			}
			if set, err = r.load(ctx, u); err == nil {
				_, err = r.rotate(ctx, u, set, k.Alg)
			}
			return err
		}
	}
	return ErrUnknownKey
}
