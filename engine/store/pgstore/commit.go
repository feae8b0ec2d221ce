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
)

const (
	// resolveTimeout bounds a commit, and then finding out about it, whatever
	// the caller's context says: an outcome is never guessed.
	resolveTimeout = 15 * time.Second
	// tokenLife is how long tokens of commits are kept.
	tokenLife = time.Hour
	// sweepEvery is the number of commits between two sweeps of old tokens.
	sweepEvery = 1000
	// completionUnknown is SQLSTATE 40003: the database cannot tell either.
	completionUnknown = "40003"
)

const insertTokenSQL = `INSERT INTO authhost_commits (tenant, at, token) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`

// token identifies a commit.
type token struct {
	at    int64 // Unix seconds, so that old ones are found
	value []byte
}

// commit commits a transaction. When the answer to COMMIT gets lost, it finds
// out what happened.
func (t *tenant) commit(ctx context.Context, tx pgx.Tx) error {
	tok := token{at: time.Now().Unix(), value: make([]byte, 16)}
	_, _ = rand.Read(tok.value) // never fails, see crypto/rand
	if _, err := tx.Exec(ctx, insertTokenSQL, t.id, tok.at, tok.value); err != nil {
		return errors.Join(err, rollback(ctx, tx))
	}
	// From here on the caller's context may no longer end the transaction.
	ctx = context.WithoutCancel(ctx)
	short, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	err := tx.Commit(short)
	if err == nil {
		t.sweep(ctx)
		return nil
	}
	if !unknownOutcome(err) {
		return err
	}
	return t.resolve(ctx, tok, err)
}

// unknownOutcome reports whether a failed COMMIT may have happened.
// pgconn.SafeToRetry does not tell: when the connection is lost after COMMIT
// was sent, pgx 5.12 reports that it was closed before.
func unknownOutcome(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return false
	}
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return true
	}
	return pgErr.Code == completionUnknown || strings.HasPrefix(pgErr.Code, interventionClass) || strings.HasPrefix(pgErr.Code, connectionClass)
}

// resolve finds out whether a commit happened, by inserting its token. The
// database keeps that waiting while the transaction is still open; then either
// the token is taken, and the commit happened, or it is not, and the
// transaction is gone for good.
func (t *tenant) resolve(ctx context.Context, tok token, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	var committed bool
	err := t.store.retry(ctx, func() error {
		tag, err := t.store.pool.Exec(ctx, insertTokenSQL, t.id, tok.at, tok.value)
		committed = err == nil && tag.RowsAffected() == 0
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("pgstore: the outcome of a commit is unknown (%w) and could not be found out: %w", cause, err)
	case committed:
		return nil
	default:
		return errMoved // it did not happen: run it again
	}
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
