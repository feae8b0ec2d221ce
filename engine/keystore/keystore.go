package keystore

import (
	"context"
	"errors"
	"fmt"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// keyPurpose seals private keys apart from everything else.
const keyPurpose = "authhost:signing-key"

// Model is the model that holds signing keys.
const Model = "jwks"

// Store keeps a tenant's signing keys in its records, the private halves
// sealed with its secret. It implements keyring.Storage.
type Store struct {
	data    store.Tenant
	secrets *secret.Secrets
}

var _ keyring.Storage = (*Store)(nil)

// New returns the signing keys in a tenant's records.
func New(data store.Tenant, secrets *secret.Secrets) *Store {
	return &Store{data: data, secrets: secrets}
}

// Keys implements keyring.Storage.
func (s *Store) Keys(ctx context.Context, use string) ([]keyring.Key, error) {
	var keys []keyring.Key
	q := store.Query{Model: Model, Index: "use+alg+number", Key: []document.Value{document.Text(use)}}
	for {
		page, err := s.data.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Records {
			key, err := s.decode(rec)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
		if page.Cursor == "" {
			return keys, nil
		}
		q.Cursor = page.Cursor
	}
}

// Insert implements keyring.Storage.
func (s *Store) Insert(ctx context.Context, key keyring.Key) error {
	fields, err := s.encode(key)
	if err != nil {
		return err
	}
	err = s.data.Apply(ctx, []store.Op{{Kind: store.Insert, Model: Model, ID: key.ID, Fields: fields}})
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("%w: %v", keyring.ErrConflict, err)
	}
	return err
}

// Update implements keyring.Storage.
func (s *Store) Update(ctx context.Context, key keyring.Key) error {
	fields, err := s.encode(key)
	if err != nil {
		return err
	}
	return s.data.Apply(ctx, []store.Op{{Kind: store.Update, Model: Model, ID: key.ID, Fields: fields}})
}

func (s *Store) encode(k keyring.Key) (*document.Object, error) {
	sealed, err := s.secrets.SealFor(keyPurpose, k.PrivateJWK)
	if err != nil {
		return nil, err
	}
	o := document.NewObject(9).
		Set("use", document.Text(k.Use)).
		Set("alg", document.Text(k.Alg)).
		Set("number", document.Int(int64(k.Number))).
		Set("publicKey", document.Text(string(k.PublicJWK))).
		Set("privateKey", document.Text(sealed)).
		Set("createdAt", document.Time(k.CreatedAt)).
		Set("activeAt", document.Time(k.ActiveAt)).
		Set("retiresAt", document.NullValue())
	if !k.RetiresAt.IsZero() {
		o.Set("retiresAt", document.Time(k.RetiresAt))
	}
	return o, nil
}

func (s *Store) decode(rec *store.Record) (keyring.Key, error) {
	private, err := s.secrets.OpenFor(keyPurpose, rec.Str("privateKey"))
	if err != nil {
		return keyring.Key{}, fmt.Errorf("signing key %s: %w; the tenant's secret was changed: keep the old one as a further version in secrets", rec.ID, err)
	}
	number, _ := rec.Int("number")
	k := keyring.Key{
		ID: rec.ID, Use: rec.Str("use"), Alg: rec.Str("alg"), Number: int(number),
		PublicJWK: []byte(rec.Str("publicKey")), PrivateJWK: private,
	}
	k.CreatedAt, _ = rec.Time("createdAt")
	k.ActiveAt, _ = rec.Time("activeAt")
	k.RetiresAt, _ = rec.Time("retiresAt")
	return k, nil
}
