package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authhost/authhost/engine/store"
)

var errCut = errors.New("connection lost")

func TestRetryable(t *testing.T) {
	cases := []struct {
		err  error
		want bool
	}{
		{&pgconn.PgError{Code: serializationFailure}, true},
		{fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: deadlockDetected}), true},
		{&pgconn.PgError{Code: "08006"}, true},
		{&pgconn.PgError{Code: "42601"}, false}, // syntax error
		{&net.OpError{Op: "read", Err: errCut}, true},
		{errMoved, true},
		{&warningError{"canceling wait for synchronous replication"}, true},
		{context.Canceled, false},
		{store.ErrNotFound, false},
		{&store.ConflictError{Model: "user"}, false},
	}
	for _, c := range cases {
		if got := retryable(c.err); got != c.want {
			t.Errorf("retryable(%v) = %v", c.err, got)
		}
	}
}

// TestRetryEnds gives up on a database that always asks for another attempt.
func TestRetryEnds(t *testing.T) {
	attempts := 0
	s := &Store{places: make(chan struct{}, 1)}
	err := s.retry(t.Context(), 0, func(context.Context) error {
		attempts++
		return &pgconn.PgError{Code: serializationFailure}
	})
	var pgErr *pgconn.PgError
	if attempts != maxAttempts || !errors.As(err, &pgErr) {
		t.Errorf("%d attempts, %v", attempts, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.retry(ctx, 0, func(context.Context) error { return errMoved }); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
}
