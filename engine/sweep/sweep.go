package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

const (
	// Grace is how long records are kept after they have expired: clocks of
	// several servers differ, and a request under way may still look.
	Grace = time.Hour
	// unit is how many records are deleted at a time.
	unit = 100
	// pause is between two units.
	pause = 20 * time.Millisecond
)

// Model is a model whose records expire. Expires is a field of type date that has an
// index of its own.
type Model struct{ Name, Expires string }

// Config is what Run needs.
type Config struct {
	Store  store.Tenant
	Models []Model
	Now    func() time.Time
	// Deleted is told how many records of a model were deleted; nil is allowed.
	Deleted func(model string, n int)
}

// Run deletes all records that expired more than Grace ago, and those that refer to
// them. A record that somebody writes meanwhile stays until the next run. It returns
// how many it deleted, also with an error.
func Run(ctx context.Context, c Config) (deleted int, err error) {
	for _, m := range c.Models {
		for {
			n, found, err := c.unit(ctx, m)
			deleted += n
			if n > 0 && c.Deleted != nil {
				c.Deleted(m.Name, n)
			}
			if err != nil {
				return deleted, fmt.Errorf("deleting expired records of %q: %w", m.Name, err)
			}
			if found < unit || n == 0 {
				break
			}
			if err := wait(ctx); err != nil {
				return deleted, err
			}
		}
	}
	return deleted, nil
}

// unit deletes the records that expired first. It returns how many it found, and how
// many of them it deleted.
func (c Config) unit(ctx context.Context, m Model) (deleted, found int, err error) {
	page, err := c.Store.List(ctx, store.Query{
		Model: m.Name, Index: m.Expires, Limit: unit,
		From: document.Time(time.Unix(0, 0)), // what has no time never expires, and comes first in the index
		To:   document.Time(c.Now().Add(-Grace)),
	})
	if err != nil {
		return 0, 0, err
	}
	ops := make([]store.Op, 0, len(page.Records))
	for _, r := range page.Records {
		ops = append(ops, store.Op{Kind: store.Delete, Model: m.Name, ID: r.ID, Version: r.Version})
	}
	if len(ops) == 0 {
		return 0, len(page.Records), nil
	}
	if err = c.Store.Apply(ctx, ops); err == nil {
		return len(ops), len(page.Records), nil
	}
	if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
		return 0, 0, err
	}
	for _, op := range ops { // one of them was written meanwhile
		switch err := c.Store.Apply(ctx, []store.Op{op}); {
		case err == nil:
			deleted++
		case !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound):
			return deleted, len(page.Records), err
		}
	}
	return deleted, len(page.Records), nil
}

// wait lets others write.
func wait(ctx context.Context) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
