package store

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/document"
)

// Hooks are told of changes of records. Both are raised inside the unit of
// work: Verdict before the fact, and it may change the record or refuse;
// Happened after it, and whoever listens is told once the work is committed.
type Hooks interface {
	Verdict(ctx context.Context, event string, record, previous *document.Object) error
	Happened(event string, record *Record, previous *document.Object)
}

// Work is what a change of records is part of.
type Work struct {
	Tx    *Tx
	Hooks Hooks
	Now   time.Time // what the records say when it happened
}
