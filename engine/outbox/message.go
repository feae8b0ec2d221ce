package outbox

import (
	"context"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// Bounds of the messages of a tenant, for each kind of them.
const (
	// MaxMessages is how many may wait.
	MaxMessages = 10_000
	// MaxDeadMessages is how many dead letters are kept; the oldest goes when
	// there is one more.
	MaxDeadMessages = 1000
	// MaxMessageAttempts is how often one is tried, if it does not get too old
	// before.
	MaxMessageAttempts = 50
	// MessageConcurrency is how many are sent at the same time, whatever
	// Config.Concurrency says: all tenants share what sends them.
	MessageConcurrency = 4
)

// Post puts a message into the outbox as part of a unit of work: Plugin,
// Message, Name, Record and Time of e. Messages have no order among themselves.
// It returns ErrFull if MaxMessages of its kind wait. After the commit the
// worker is to be told, with Worker.Committed.
func Post(ctx context.Context, tx *store.Tx, stored store.Tenant, e Event) error {
	// What waits is counted beside the unit of work: it must not fail because
	// another one sends something at the same time.
	n, err := stored.Count(ctx, store.Query{Model: Model, Index: byChannel, Key: key(e.Channel(), StateDue), Limit: MaxMessages})
	if err != nil {
		return err
	}
	if n >= MaxMessages {
		return ErrFull
	}
	e.Key = secret.RandomString(idLength, secret.Alnum)
	_, err = tx.InsertNew(ctx, Model, e.Key, e.fields(StateDue, e.Time.UnixMicro(), e.Time))
	return err
}

// concurrency returns how many entries of a channel are delivered at a time.
func (w *Worker) concurrency(channel string) int {
	if isMessages(channel) {
		return min(w.config.Concurrency, MessageConcurrency)
	}
	return w.config.Concurrency
}

// oldestDead returns what makes room for one more dead letter of a channel of
// messages: nothing as long as there is some.
func (w *Worker) oldestDead(ctx context.Context, channel string) ([]store.Op, error) {
	q := store.Query{Model: Model, Index: byChannel, Key: key(channel, StateDead), Limit: MaxDeadMessages}
	n, err := w.config.Store.Count(ctx, q)
	if err != nil || n < MaxDeadMessages {
		return nil, err
	}
	q.Limit = 1
	page, err := w.config.Store.List(ctx, q)
	if err != nil || len(page.Records) == 0 {
		return nil, err
	}
	oldest := page.Records[0]
	return []store.Op{{Kind: store.Delete, Model: Model, ID: oldest.ID, Version: oldest.Version}}, nil
}

// bury makes an entry a dead letter, unless somebody else has changed it.
func (w *Worker) bury(ctx context.Context, e *Entry, set *document.Object) error {
	if e.Message != "" {
		ops, err := w.oldestDead(ctx, e.Channel())
		if err == nil && len(ops) > 0 {
			err = w.apply(ctx, ops...)
		}
		if err != nil {
			return err
		}
	}
	return w.change(ctx, e, set)
}
