package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authhost/authhost/engine/store"
)

const (
	// maxAttempts bounds how often a transaction runs.
	maxAttempts = 12
	// firstPause and longestPause bound the waits between attempts, which
	// double, and of which a random part is taken.
	firstPause   = 2 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// SQLSTATE codes, PostgreSQL manual appendix A.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	uniqueViolation      = "23505" // two nodes creating one table
	duplicateTable       = "42P07"
	adminShutdown        = "57P01"
	crashShutdown        = "57P02"
	cannotConnectNow     = "57P03"
	tooManyConnections   = "53300"
	lockNotAvailable     = "55P03"
	connectionClass      = "08"
	integrityClass       = "23"
	rollbackClass        = "40"
)

// errMoved says that another node changed the tenant's schema.
var errMoved = errors.New("pgstore: the schema has changed")

// retryable reports whether a transaction that certainly did not commit may
// succeed when it runs again.
func retryable(err error) bool {
	if errors.Is(err, store.ErrUnavailable) {
		return false
	}
	var unsure *warningError
	if errors.Is(err, errMoved) || errors.As(err, &unsure) {
		return true
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch pgErr.Code {
		case serializationFailure, deadlockDetected, uniqueViolation, duplicateTable, adminShutdown, crashShutdown, cannotConnectNow, tooManyConnections, lockNotAvailable:
			return true
		}
		return strings.HasPrefix(pgErr.Code, connectionClass)
	}
	return disconnected(err) || pgconn.SafeToRetry(err)
}

// disconnected reports errors of a connection that went away, or was never made.
func disconnected(err error) bool {
	var netErr *net.OpError
	var connectErr *pgconn.ConnectError
	if errors.As(err, &netErr) || errors.As(err, &connectErr) {
		return true
	}
	text := err.Error()
	return strings.Contains(text, "unexpected EOF") || strings.Contains(text, "conn closed") || strings.Contains(text, "closed network connection")
}

// retry runs f until it succeeds, fails for good, or maxAttempts is reached; each
// time for at most limit, if that is not 0.
func (s *Store) retry(ctx context.Context, limit time.Duration, f func(ctx context.Context) error) error {
	attempts := 0
	return again(ctx, func() error { return s.attempt(ctx, limit, f) }, func(err error) error {
		attempts++
		switch {
		case !retryable(err):
			return err
		case attempts == maxAttempts:
			return fmt.Errorf("pgstore: gave up after %d attempts: %w", attempts, err)
		}
		return nil
	})
}

// again runs f until it succeeds, its failure is one to give up at, or ctx
// ends. giveUp returns nil to go on, and otherwise what to return.
func again(ctx context.Context, f func() error, giveUp func(error) error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := f()
		if err == nil {
			return nil
		}
		if err := giveUp(err); err != nil {
			return err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// describe turns what pgx returns into the errors of the contract: a context's
// own error, or store.ErrClosed, in place of what they led to, and a
// *store.UnavailableError for what may succeed later.
func (s *Store) describe(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return store.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case !errors.Is(err, store.ErrUnavailable) && (broken(err) || retryable(err)):
		return &store.UnavailableError{Cause: err}
	}
	return err
}
