package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Shared keeps sessions where all nodes find them and where they end by
// themselves. *redis.Sessions is one.
type Shared interface {
	// Save stores a session for life, under a token of a user, as version
	// next. version is the one that it replaces: 0 none, negative any; saved
	// is false when another is there.
	Save(ctx context.Context, token, user string, version int64, next uint64, value []byte, life time.Duration) (saved bool, err error)
	Load(ctx context.Context, token string) (value []byte, version uint64, found bool, err error)
	Drop(ctx context.Context, token, user string) error
	// OfUser returns the tokens of a user's sessions.
	OfUser(ctx context.Context, user string) ([]string, error)
}

// SharedConfig says how sessions are shared.
type SharedConfig struct {
	Shared Shared
	// Copy also writes sessions to the store. A session that is not found in
	// Shared, or while that does not answer, is looked for there.
	Copy bool
	// Preserve leaves the copy in the store when a session ends, as a record
	// of the past. Then the store does not say which sessions are live.
	Preserve bool
}

// shared keeps sessions in Shared. What a unit of work does there is done at
// once, for the store cannot hold it back, and is taken back if the unit is
// dropped. So a process that dies in between leaves no more behind than a
// session whose token nobody has, or takes one away.
type shared struct {
	SharedConfig
	store store.Tenant
}

// undoTimeout bounds what takes back a dropped unit of work, which may have
// been dropped because time was over.
const undoTimeout = 2 * time.Second

// maxRecordDepth bounds the nesting of a session: additional fields hold JSON.
const maxRecordDepth = 64

// decides reports whether the store says which sessions are live.
func (s *shared) decides() bool { return s.Copy && !s.Preserve }

func (s *shared) find(ctx context.Context, from Reader, token string) (*store.Record, error) {
	value, version, found, err := s.Shared.Load(ctx, token)
	if (err != nil || !found) && s.decides() {
		return stored{}.find(ctx, from, token)
	}
	if err != nil {
		return nil, apierror.Unavailable(err)
	}
	if !found {
		return nil, store.ErrNotFound
	}
	return record(value, version)
}

func record(value []byte, version uint64) (*store.Record, error) {
	v, err := document.Parse(value, maxRecordDepth)
	if err != nil || v.Get("id").Str() == "" {
		return nil, errors.New("session: what is shared under the token is no session")
	}
	return &store.Record{ID: v.Get("id").Str(), Version: version, Fields: v.Object()}, nil
}

func (s *shared) insert(ctx context.Context, tx *store.Tx, id string, fields *document.Object, now time.Time) (*store.Record, error) {
	if s.Copy {
		if _, err := tx.InsertNew(ctx, Model, id, fields, "token"); err != nil {
			return nil, err
		}
	} else if err := s.store.Catalog().CheckOp(store.Op{Kind: store.Insert, Model: Model, ID: id, Fields: fields}); err != nil {
		return nil, err
	}
	rec := store.NewRecord(id, fields)
	if err := s.save(ctx, rec, 0, now); err != nil {
		return nil, err
	}
	tx.OnDrop(s.undo(func(ctx context.Context) error { return s.Shared.Drop(ctx, rec.Str("token"), rec.Str("userId")) }))
	return rec, nil
}

func (s *shared) update(ctx context.Context, tx *store.Tx, rec *store.Record, set *document.Object, now time.Time) (*store.Record, error) {
	if s.decides() {
		return s.updateCopied(ctx, tx, rec, set, now)
	}
	if err := s.store.Catalog().CheckOp(store.Op{Kind: store.Update, Model: Model, ID: rec.ID, Fields: set}); err != nil {
		return nil, err
	}
	if s.Copy {
		if _, err := tx.Update(ctx, Model, rec.ID, set); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	next := rec.With(set)
	if err := s.save(ctx, next, int64(rec.Version), now); err != nil {
		return nil, err
	}
	tx.OnDrop(s.undo(func(ctx context.Context) error { // as a further version: it may have changed since
		back := rec.Clone()
		back.Version = next.Version + 1
		return s.save(ctx, back, int64(next.Version), now)
	}))
	return next, nil
}

// updateCopied leaves it to the store whether the session may be changed. If
// that fails the shared copy goes, and the store answers for it.
func (s *shared) updateCopied(ctx context.Context, tx *store.Tx, rec *store.Record, set *document.Object, now time.Time) (*store.Record, error) {
	next, err := tx.Update(ctx, Model, rec.ID, set)
	if err != nil {
		return nil, err
	}
	if err := s.save(ctx, next, -1, now); err != nil {
		return nil, err
	}
	tx.OnDrop(s.undo(func(ctx context.Context) error { return s.Shared.Drop(ctx, rec.Str("token"), rec.Str("userId")) }))
	return next, nil
}

func (s *shared) delete(ctx context.Context, tx *store.Tx, rec *store.Record) error {
	if s.decides() {
		if err := tx.Delete(ctx, Model, rec.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if err := s.Shared.Drop(ctx, rec.Str("token"), rec.Str("userId")); err != nil {
		return apierror.Unavailable(err)
	}
	return nil
}

func (s *shared) list(ctx context.Context, tx *store.Tx, userID string) ([]*store.Record, error) {
	if s.decides() {
		return stored{}.list(ctx, tx, userID)
	}
	tokens, err := s.Shared.OfUser(ctx, userID)
	if err != nil {
		return nil, apierror.Unavailable(err)
	}
	var all []*store.Record
	for _, token := range tokens {
		rec, err := s.find(ctx, tx, token)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err != nil:
			return nil, err
		}
		all = append(all, rec)
	}
	slices.SortStableFunc(all, func(a, b *store.Record) int { return strings.Compare(a.Str("createdAt"), b.Str("createdAt")) })
	return all, nil
}

func (s *shared) page(ctx context.Context, tx *store.Tx, userID string, sel store.Selection) (store.Page, error) {
	if s.decides() {
		return stored{}.page(ctx, tx, userID, sel)
	}
	all, err := s.list(ctx, tx, userID)
	if err != nil {
		return store.Page{}, err
	}
	return s.store.Catalog().SelectFrom(sel, all)
}

func (s *shared) count(ctx context.Context, tx *store.Tx, userID string, where []store.Condition) (int, error) {
	if s.decides() {
		return stored{}.count(ctx, tx, userID, where)
	}
	all, err := s.list(ctx, tx, userID)
	if err != nil {
		return 0, err
	}
	return s.store.Catalog().CountFrom(Model, where, all)
}

// save writes a record in the place of a version. A session that is over is
// kept a moment, so that its client can be told.
func (s *shared) save(ctx context.Context, rec *store.Record, version int64, now time.Time) error {
	expires, _ := rec.Time("expiresAt")
	saved, err := s.Shared.Save(ctx, rec.Str("token"), rec.Str("userId"), version, rec.Version, document.Obj(rec.Fields).JSON(), expires.Sub(now))
	if err != nil {
		return apierror.Unavailable(err)
	}
	if !saved {
		return &store.ConflictError{Model: Model, ID: rec.ID}
	}
	return nil
}

// undo returns a function for Tx.OnDrop. What it cannot take back ends with
// the session's life.
func (s *shared) undo(f func(context.Context) error) func() {
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), undoTimeout)
		defer cancel()
		_ = f(ctx)
	}
}
