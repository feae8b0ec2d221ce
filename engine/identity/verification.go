package identity

import (
	"context"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// NewVerification describes a short-lived value under an identifier.
type NewVerification struct {
	Identifier, Value string
	Life              time.Duration
	Proof             string // it is good while this proof holds; "" is no condition
}

// CreateVerification stores a short-lived value under an identifier. An
// earlier one under the same identifier is replaced. Hooks do not see the proof.
func (s *Service) CreateVerification(ctx context.Context, w store.Work, n NewVerification) (*store.Record, error) {
	if err := s.DeleteVerification(ctx, w.Tx, n.Identifier); err != nil {
		return nil, err
	}
	id := secret.RandomString(idLength, secret.Alnum)
	fields := document.NewObject(7).
		Set("identifier", document.Text(n.Identifier)).
		Set("value", document.Text(n.Value)).
		Set("expiresAt", document.Time(w.Now.Add(n.Life))).
		Set("createdAt", document.Time(w.Now)).
		Set("updatedAt", document.Time(w.Now)).
		Set("id", document.Text(id))
	if err := w.Hooks.Verdict(ctx, Verification+".creating", fields, nil); err != nil {
		return nil, err
	}
	fields.Delete(boundTo)
	seen := fields.Clone().Set("id", document.Text(id))
	if n.Proof != "" {
		fields.Set(boundTo, document.Text(n.Proof))
	}
	rec, err := w.Tx.InsertNew(ctx, Verification, id, fields.Set("id", document.Text(id)))
	if err != nil {
		return nil, err
	}
	w.Hooks.Happened(Verification+".created", &store.Record{ID: id, Version: rec.Version, Fields: seen}, nil)
	return rec, nil
}

// ProofOf takes the proof that a verification is bound to out of its fields,
// which are what plugins may see. "" is no condition.
func ProofOf(verification *store.Record) (proof string, fields *document.Object) {
	fields = verification.Fields.Clone()
	fields.Delete(boundTo)
	return verification.Str(boundTo), fields
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
