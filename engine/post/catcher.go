package post

import (
	"context"
	"log/slog"

	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/engine/store"
)

// Catcher is a Way on which messages are caught instead of sent, at the commit.
// All members are required.
type Catcher[T postbox.Message] struct {
	Catch  func(ctx context.Context, message T) error
	Logger *slog.Logger // gets what Catch refuses
}

// Put implements Way.
func (c *Catcher[T]) Put(ctx context.Context, tx *store.Tx, message T) error {
	if err := message.Check(); err != nil || message.About().Decoy {
		return err
	}
	ctx = context.WithoutCancel(ctx) // the request that asked for it may be over
	tx.OnCommit(func() {
		if err := c.Catch(ctx, message); err != nil {
			c.Logger.Error("a message was not caught", "name", message.About().Name, "error", err)
		}
	})
	return nil
}
