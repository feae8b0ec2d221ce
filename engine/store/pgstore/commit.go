package pgstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// resolveTimeout bounds a commit, and then finding out about it, whatever
	// the caller's context says: an outcome is never guessed.
	resolveTimeout = 10 * time.Second
	// tokenLife is how long tokens of commits are kept.
	tokenLife = time.Hour
	// sweepEvery is the number of commits between two sweeps of old tokens.
	sweepEvery = 1000
	// completionUnknown is SQLSTATE 40003: the database cannot tell either.
	completionUnknown = "40003"
)

const (
	insertTokenSQL = `INSERT INTO authhost_commits (tenant, at, token) VALUES ($1, $2, $3)`
	// resolveTokenSQL tells whether the transaction with a token is lost, and
	// decides that it is if nothing else has been decided yet. However often it
	// runs, the answer is the same. The update changes nothing but makes this a
	// write, which waits for synchronous standbys; they have then what came
	// before it, too.
	resolveTokenSQL = `INSERT INTO authhost_commits AS c (tenant, at, token, lost) VALUES ($1, $2, $3, true)
		ON CONFLICT (tenant, at, token) DO UPDATE SET lost = c.lost RETURNING c.lost`
)

// token identifies one attempt at a transaction.
type token struct {
	at    int64 // Unix seconds, so that old ones are found
	value []byte
}

// commit commits a transaction of a connection, which is free afterwards. When
// the answer to COMMIT gets lost, or the database says that it did not wait for
// its standbys, it finds out what happened.
func (t *tenant) commit(ctx context.Context, conn *pgxpool.Conn, tx pgx.Tx) error {
	tok := token{at: time.Now().Unix(), value: make([]byte, 16)}
	_, _ = rand.Read(tok.value) // never fails, see crypto/rand
	if _, err := tx.Exec(ctx, insertTokenSQL, t.id, tok.at, tok.value); err != nil {
		return errors.Join(err, rollback(ctx, tx))
	}
	// From here on the caller's context may no longer end the transaction.
	ctx = context.WithoutCancel(ctx)
	short, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	forgetWarning(conn.Conn().PgConn())
	err := tx.Commit(short)
	if err == nil {
		err = warning(conn.Conn().PgConn()) // while the connection is this one's own
	}
	conn.Release()
	if err == nil {
		t.sweep(ctx)
		return nil
	}
	if !unknownOutcome(err) {
		return err
	}
	return t.resolve(ctx, tok, err)
}

// unknownOutcome reports whether a failed COMMIT may have happened. That is so
// unless the database says that the transaction was rolled back, or undid it for
// the sake of another or of a constraint (classes 40 and 23).
// pgconn.SafeToRetry does not tell: when the connection is lost after COMMIT
// was sent, pgx 5.12 reports that it was closed before.
func unknownOutcome(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return false
	}
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code == completionUnknown {
		return true
	}
	return !strings.HasPrefix(pgErr.Code, rollbackClass) && !strings.HasPrefix(pgErr.Code, integrityClass)
}

// resolve finds out whether a commit happened, by writing its token as lost. The
// database keeps that waiting while the transaction is still open; then either
// the transaction's own token is there, and the commit happened, or the
// transaction is gone for good. An attempt that fails, whatever the reason, is
// repeated, and reads what was decided first.
func (t *tenant) resolve(ctx context.Context, tok token, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	var lost bool
	var last error
	err := again(ctx, func() error {
		conn, err := t.store.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		forgetWarning(conn.Conn().PgConn())
		if err := conn.QueryRow(ctx, resolveTokenSQL, t.id, tok.at, tok.value).Scan(&lost); err != nil {
			return err
		}
		return warning(conn.Conn().PgConn())
	}, func(err error) error {
		last = err
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("pgstore: the outcome of a commit is unknown (%w) and could not be found out: %w: %w", cause, err, last)
	case lost:
		return errMoved // it did not happen: run it again
	}
	return nil
}

// A warningError is a warning of the database in answer to a commit: somebody
// ended the wait for a synchronous standby, so that what is committed here may
// not be there.
type warningError struct{ message string }

func (e *warningError) Error() string { return "warning: " + e.message }

// lastWarning is where a connection keeps the last warning.
const lastWarning = "authhost.warning"

// noteWarning is told of the notices of a connection.
func noteWarning(conn *pgconn.PgConn, n *pgconn.Notice) {
	if n.SeverityUnlocalized == "WARNING" {
		conn.CustomData()[lastWarning] = n.Message
	}
}

func forgetWarning(conn *pgconn.PgConn) { delete(conn.CustomData(), lastWarning) }

// warning returns what the database warned of since forgetWarning, if anything.
func warning(conn *pgconn.PgConn) error {
	if message, warned := conn.CustomData()[lastWarning].(string); warned {
		return &warningError{message}
	}
	return nil
}

// sweep removes old tokens now and then. Failing is harmless: another sweep
// follows.
func (t *tenant) sweep(ctx context.Context) {
	if t.store.commits.Add(1)%sweepEvery == 0 {
		ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
		defer cancel()
		old := time.Now().Add(-tokenLife).Unix()
		_, _ = t.store.pool.Exec(ctx, `DELETE FROM authhost_commits WHERE tenant = $1 AND at < $2`, t.id, old)
	}
}
