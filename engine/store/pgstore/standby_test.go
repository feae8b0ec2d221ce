package pgstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/pgtest"
)

// operator is a superuser's connection that waits for no standby.
type operator struct {
	t    *testing.T
	conn *pgx.Conn
	done chan error // of what waits
}

func (o *operator) exec(sql string) {
	o.t.Helper()
	if _, err := o.conn.Exec(context.Background(), sql); err != nil {
		o.t.Fatal(err)
	}
}

// waiting waits for a backend that waits for a standby, and makes call, a
// function of the server, with its id. It reports whether there was one before
// the write had ended.
func (o *operator) waiting(call string) bool {
	o.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		tag, err := o.conn.Exec(o.t.Context(), "SELECT "+call+"(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
		if err != nil {
			o.t.Fatal(err)
		}
		if tag.RowsAffected() > 0 {
			return true
		}
		select {
		case err := <-o.done:
			if err != nil {
				o.t.Fatal(err)
			}
			return false
		default:
		}
	}
	o.t.Fatal("nobody waits for a standby")
	return false
}

// TestStandby ends the wait for a synchronous standby again and again, as
// operators and failovers do: nothing is acknowledged before a standby has it.
func TestStandby(t *testing.T) {
	pg := &server{url: pgtest.StartOwn(t)}
	s := open(t, pg.empty(t))
	defer s.Close()
	schema := store.Schema{Models: []store.Model{{Name: "counter", Fields: []store.Field{{Name: "n", Type: store.Number}}}}}
	tenant, err := s.Open(t.Context(), "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.Apply(t.Context(), []store.Op{{Kind: store.Insert, Model: "counter", ID: "c", Fields: document.NewObject(0)}}); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), pg.url+"&options=-csynchronous_commit%3Dlocal")
	if err != nil {
		t.Fatal(err)
	}
	o := &operator{t, conn, make(chan error, 1)}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing depends on it
	n := uint64(1)                         // the record's version
	write := func() {
		n++
		go func() {
			_, err := tenant.Increment(t.Context(), "counter", "c", "n", 1)
			o.done <- err
		}()
	}
	for _, end := range []string{"pg_cancel_backend", "pg_terminate_backend"} {
		o.exec("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
		o.exec("SELECT pg_reload_conf()")
		for write(); !o.waiting(end); write() { // what was faster than the setting
		}
		for range 3 {
			if !o.waiting(end) {
				t.Fatalf("%s: acknowledged without a standby", end)
			}
		}
		o.exec("ALTER SYSTEM RESET synchronous_standby_names")
		o.exec("SELECT pg_reload_conf()")
		if err := <-o.done; err != nil {
			t.Errorf("%s: %v", end, err)
		}
		if r, err := tenant.Get(t.Context(), "counter", "c"); err != nil || r.Version != n {
			t.Errorf("%s: %+v, %v", end, r, err)
		}
	}
}
