package identity

import (
	"context"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// CreateVerification stores a short-lived value under an identifier. An
// earlier one under the same identifier is replaced.
func (s *Service) CreateVerification(ctx context.Context, tx *store.Tx, hooks Hooks, identifier, value string, life time.Duration, now time.Time) (*store.Record, error) {
	old, err := tx.Find(ctx, Verification, "identifier", document.Text(identifier))
	if err == nil {
		err = tx.Delete(ctx, Verification, old.ID)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	id := secret.RandomString(idLength, secret.Alnum)
	fields := document.NewObject(6).
		Set("identifier", document.Text(identifier)).
		Set("value", document.Text(value)).
		Set("expiresAt", document.Time(now.Add(life))).
		Set("createdAt", document.Time(now)).
		Set("updatedAt", document.Time(now)).
		Set("id", document.Text(id))
	return s.insert(ctx, tx, hooks, Verification, id, fields)
}

// FindVerification returns a live verification; one past its time is
// store.ErrNotFound.
func (s *Service) FindVerification(ctx context.Context, tx *store.Tx, identifier string, now time.Time) (*store.Record, error) {
	rec, err := tx.Find(ctx, Verification, "identifier", document.Text(identifier))
	if err != nil {
		return nil, err
	}
	if expires, ok := rec.Time("expiresAt"); !ok || !expires.After(now) {
		return nil, store.ErrNotFound
	}
	return rec, nil
}

// ConsumeVerification returns a live verification and deletes it: of several
// units of work that consume the same one, exactly one commits.
func (s *Service) ConsumeVerification(ctx context.Context, tx *store.Tx, identifier string, now time.Time) (*store.Record, error) {
	rec, err := tx.Consume(ctx, Verification, "identifier", document.Text(identifier))
	if err != nil {
		return nil, err
	}
	if expires, ok := rec.Time("expiresAt"); !ok || !expires.After(now) {
		return nil, store.ErrNotFound
	}
	return rec, nil
}

// DeleteVerification deletes a verification, if it is there.
func (s *Service) DeleteVerification(ctx context.Context, tx *store.Tx, identifier string) error {
	rec, err := tx.Find(ctx, Verification, "identifier", document.Text(identifier))
	if err == nil {
		err = tx.Delete(ctx, Verification, rec.ID)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// PluginIdentifier is the identifier under which a verification of a plugin's
// is stored: each plugin has a namespace of its own.
func PluginIdentifier(plugin, identifier string) string { return plugin + "/" + identifier }
