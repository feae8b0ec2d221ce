package session

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// keeper is where sessions are: in the store, or in what nodes share besides.
// Units of work see their own writes. Errors are those of the store.
type keeper interface {
	find(ctx context.Context, from Reader, token string) (*store.Record, error)
	insert(ctx context.Context, tx *store.Tx, id string, fields *document.Object, now time.Time) (*store.Record, error)
	update(ctx context.Context, tx *store.Tx, rec *store.Record, set *document.Object, now time.Time) (*store.Record, error)
	delete(ctx context.Context, tx *store.Tx, rec *store.Record) error
	// list returns the sessions of a user, oldest first.
	list(ctx context.Context, tx *store.Tx, userID string) ([]*store.Record, error)
	// page returns a page of the sessions of a user, whom the selection names
	// as well.
	page(ctx context.Context, tx *store.Tx, userID string, sel store.Selection) (store.Page, error)
	// count counts the sessions of a user, whom the conditions name as well.
	count(ctx context.Context, tx *store.Tx, userID string, where []store.Condition) (int, error)
}

func newKeeper(c Config) keeper {
	if c.Shared == nil {
		return stored{}
	}
	return &shared{SharedConfig: *c.Shared, store: c.Store}
}

// stored keeps sessions in the store alone.
type stored struct{}

func (stored) find(ctx context.Context, from Reader, token string) (*store.Record, error) {
	return from.Find(ctx, Model, "token", document.Text(token))
}

func (stored) insert(ctx context.Context, tx *store.Tx, id string, fields *document.Object, _ time.Time) (*store.Record, error) {
	return tx.InsertNew(ctx, Model, id, fields, "token")
}

func (stored) update(ctx context.Context, tx *store.Tx, rec *store.Record, set *document.Object, _ time.Time) (*store.Record, error) {
	return tx.Update(ctx, Model, rec.ID, set)
}

func (stored) delete(ctx context.Context, tx *store.Tx, rec *store.Record) error {
	return tx.Delete(ctx, Model, rec.ID)
}

func (stored) list(ctx context.Context, tx *store.Tx, userID string) ([]*store.Record, error) {
	var all []*store.Record
	q := store.Query{Model: Model, Index: "userId+createdAt", Key: []document.Value{document.Text(userID)}}
	for {
		page, err := tx.List(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Records...)
		if page.Cursor == "" {
			return all, nil
		}
		q.Cursor = page.Cursor
	}
}

func (stored) page(ctx context.Context, tx *store.Tx, _ string, sel store.Selection) (store.Page, error) {
	return tx.Select(ctx, sel)
}

func (stored) count(ctx context.Context, tx *store.Tx, _ string, where []store.Condition) (int, error) {
	return tx.CountWhere(ctx, Model, where, 0)
}
