package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/pgtest"
)

// What a cutConn does with the next COMMIT.
const (
	forward   = iota // nothing
	cutAfter         // sends it, and the answer never arrives
	cutBefore        // loses it
)

// cutConn is a connection that breaks at COMMIT.
type cutConn struct {
	net.Conn
	mode *atomic.Int32
}

var errCut = errors.New("connection lost")

func (c *cutConn) Write(p []byte) (int, error) {
	if !bytes.Contains(p, []byte("commit\x00")) {
		return c.Conn.Write(p)
	}
	switch c.mode.Swap(forward) {
	case cutAfter:
		n, err := c.Conn.Write(p)
		return n, errors.Join(err, c.Conn.(interface{ CloseRead() error }).CloseRead())
	case cutBefore:
		return 0, errors.Join(errCut, c.Conn.Close())
	}
	return c.Conn.Write(p)
}

// TestLostCommit loses the connection in the middle of COMMIT: the write is
// done once, whether the server got the message or not.
func TestLostCommit(t *testing.T) {
	pc, err := pgxpool.ParseConfig(pgtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	var mode atomic.Int32
	pc.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &cutConn{conn, &mode}, nil
	}
	s, err := connect(t.Context(), pc)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	schema := store.Schema{Models: []store.Model{{Name: "counter", Fields: []store.Field{{Name: "n", Type: store.Number}}}}}
	tenant, err := s.Open(t.Context(), "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	err = tenant.Apply(t.Context(), []store.Op{{Kind: store.Insert, Model: "counter", ID: "c", Fields: document.NewObject(0)}})
	if err != nil {
		t.Fatal(err)
	}
	want := int64(0)
	for round := range 5 {
		for _, how := range []int32{cutAfter, cutBefore} {
			mode.Store(how)
			n, err := tenant.Increment(t.Context(), "counter", "c", "n", 1)
			want++
			if err != nil || n != want {
				t.Fatalf("round %d, mode %d: %d, %v; want %d", round, how, n, err, want)
			}
			if mode.Load() != forward {
				t.Fatal("no COMMIT was cut")
			}
		}
	}
	if r, err := tenant.Get(t.Context(), "counter", "c"); err != nil || fmt.Sprint(r.Get("n").NumberText()) != "10" || r.Version != 11 {
		t.Fatalf("%+v, %v", r, err)
	}
}

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
	s := &Store{}
	err := s.retry(t.Context(), func() error {
		attempts++
		return &pgconn.PgError{Code: serializationFailure}
	})
	var pgErr *pgconn.PgError
	if attempts != maxAttempts || !errors.As(err, &pgErr) {
		t.Errorf("%d attempts, %v", attempts, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.retry(ctx, func() error { return errMoved }); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
}
