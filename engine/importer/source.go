package importer

import (
	"context"

	"github.com/authhost/authhost/engine/document"
)

// Table is one table of a source.
type Table struct {
	Name string
	Rows int64 // -1: not counted yet
}

// Source is the database that is imported from. All its reads see the same
// state of it.
type Source interface {
	// Name says in a few words what is read, without secrets.
	Name() string
	// Tables lists what there is.
	Tables(ctx context.Context) ([]Table, error)
	// Rows calls visit with every row of a table, as an object of its columns.
	// Times are texts or numbers. It ends at the first error, visit's included.
	// The row belongs to visit.
	Rows(ctx context.Context, table string, visit func(row *document.Object) error) error
	// Close ends the reading.
	Close(ctx context.Context) error
}

// Counter is a Source that counts a table's rows faster than by reading them.
type Counter interface {
	Count(ctx context.Context, table string) (int64, error)
}
