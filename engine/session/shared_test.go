package session_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/redis"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/redistest"
)

// sharedModes are the ways in which sessions are in Redis.
var sharedModes = map[string]session.SharedConfig{
	"shared":    {},
	"copied":    {Copy: true},
	"preserved": {Copy: true, Preserve: true},
}

func eachMode(t *testing.T, test func(t *testing.T, b *bench, server *redistest.Server, mode session.SharedConfig)) {
	for name, mode := range sharedModes {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			client, err := redis.Open(redis.Config{URL: server.URL, Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = client.Close() })
			mode.Shared = client.Sessions("main")
			test(t, newBench(t, session.Config{Shared: &mode}), server, mode)
		})
	}
}

// attempt runs a unit of work and returns its error.
func (b *bench) attempt(f func(ctx context.Context, tx *store.Tx) error) error {
	b.t.Helper()
	tx := store.Begin(b.store)
	if err := f(b.t.Context(), tx); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Commit(b.t.Context())
}

func (b *bench) begin(user string, at time.Time) *store.Record {
	b.t.Helper()
	var rec *store.Record
	err := b.attempt(func(ctx context.Context, tx *store.Tx) (err error) {
		rec, err = b.Create(ctx, store.Work{Tx: tx, Hooks: b.hooks, Now: at}, session.CreateParams{UserID: user})
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return rec
}

// state is what a token proves.
func (b *bench) state(token string, at time.Time) session.State {
	b.t.Helper()
	cur, err := b.Find(b.t.Context(), b.store, token, at)
	if err != nil {
		b.t.Fatal(err)
	}
	return cur.State
}

func (b *bench) tokens(user string, at time.Time) []string {
	b.t.Helper()
	list, err := b.List(b.t.Context(), store.Begin(b.store), user, at)
	if err != nil {
		b.t.Fatal(err)
	}
	out := make([]string, len(list))
	for i, rec := range list {
		out[i] = rec.Str("token")
	}
	return out
}

// rows counts the sessions in the store.
func (b *bench) rows() int {
	b.t.Helper()
	page, err := b.store.List(b.t.Context(), store.Query{Model: session.Model})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(page.Records)
}

func TestSharedLife(t *testing.T) {
	eachMode(t, func(t *testing.T, b *bench, _ *redistest.Server, mode session.SharedConfig) {
		b.user("bob")
		one, two := b.begin("ada", start), b.begin("ada", start.Add(time.Second))
		other := b.begin("bob", start)
		if want := map[bool]int{true: 3}[mode.Copy]; b.rows() != want {
			t.Errorf("%d rows in the store, want %d", b.rows(), want)
		}
		if got := b.tokens("ada", start); !slices.Equal(got, []string{one.Str("token"), two.Str("token")}) {
			t.Errorf("ada's: %v", got)
		}
		cur, err := b.Find(t.Context(), b.store, one.Str("token"), start)
		if err != nil || !cur.Valid() || cur.User.ID != "ada" {
			t.Fatalf("%+v, %v", cur, err)
		}
		later := start.Add(6 * 24 * time.Hour)
		err = b.attempt(func(ctx context.Context, tx *store.Tx) error {
			rec, err := b.Refresh(ctx, store.Work{Tx: tx, Hooks: b.hooks, Now: later}, cur)
			if err == nil && rec.Str("token") != one.Str("token") {
				t.Error("another token")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if cur, err = b.Find(t.Context(), b.store, one.Str("token"), start.Add(8*24*time.Hour)); err != nil || !cur.Valid() {
			t.Errorf("refreshed: %+v, %v", cur, err)
		}
		if b.state(two.Str("token"), start.Add(8*24*time.Hour)) != session.Unknown {
			t.Error("the other has no end")
		}
		err = b.attempt(func(ctx context.Context, tx *store.Tx) error {
			rec, err := b.ByToken(ctx, tx, two.Str("token"))
			if err != nil {
				return err
			}
			return b.Delete(ctx, store.Work{Tx: tx, Hooks: b.hooks}, rec)
		})
		if err != nil || b.state(two.Str("token"), start) != session.Unknown {
			t.Errorf("after its end: %v", err)
		}
		err = b.attempt(func(ctx context.Context, tx *store.Tx) error {
			n, err := b.DeleteUser(ctx, store.Work{Tx: tx, Hooks: b.hooks}, "ada", "")
			if n != 1 {
				t.Errorf("%d sessions of ada ended", n)
			}
			return err
		})
		if err != nil || len(b.tokens("ada", start)) != 0 || b.state(one.Str("token"), start) != session.Unknown || b.state(other.Str("token"), start) != session.Live {
			t.Errorf("after all of ada's: %v", err)
		}
		if want := map[bool]int{true: 3, false: 1}[mode.Preserve]; mode.Copy && b.rows() != want {
			t.Errorf("%d rows are left, want %d", b.rows(), want)
		}
	})
}

// TestSharedDropped: what a unit of work that is dropped did to a session is
// taken back.
func TestSharedDropped(t *testing.T) {
	dropped := errors.New("dropped")
	eachMode(t, func(t *testing.T, b *bench, _ *redistest.Server, _ session.SharedConfig) {
		kept := b.begin("ada", start)
		var made *store.Record
		err := b.attempt(func(ctx context.Context, tx *store.Tx) (err error) {
			if made, err = b.Create(ctx, store.Work{Tx: tx, Hooks: b.hooks, Now: start}, session.CreateParams{UserID: "ada"}); err != nil {
				return err
			}
			if cur, err := b.Find(ctx, tx, made.Str("token"), start); err != nil || !cur.Valid() {
				t.Errorf("the unit does not see its own session: %+v, %v", cur, err)
			}
			cur, err := b.Find(ctx, tx, kept.Str("token"), start)
			if err != nil {
				return err
			}
			if _, err := b.Refresh(ctx, store.Work{Tx: tx, Hooks: b.hooks, Now: start.Add(time.Hour)}, cur); err != nil {
				return err
			}
			return dropped
		})
		if !errors.Is(err, dropped) {
			t.Fatal(err)
		}
		if b.state(made.Str("token"), start) != session.Unknown {
			t.Error("the session that was not to be is there")
		}
		cur, err := b.Find(t.Context(), b.store, kept.Str("token"), start)
		if err != nil || !cur.Valid() || cur.Session.Str("expiresAt") != kept.Str("expiresAt") {
			t.Errorf("the other: %+v, %v", cur, err)
		}
		if got := b.tokens("ada", start); !slices.Equal(got, []string{kept.Str("token")}) {
			t.Errorf("ada's: %v", got)
		}
	})
}

// TestSharedEndWins: a session that ends while it is being extended stays
// ended.
func TestSharedEndWins(t *testing.T) {
	eachMode(t, func(t *testing.T, b *bench, _ *redistest.Server, _ session.SharedConfig) {
		rec := b.begin("ada", start)
		cur, err := b.Find(t.Context(), b.store, rec.Str("token"), start)
		if err != nil {
			t.Fatal(err)
		}
		end := func() error {
			return b.attempt(func(ctx context.Context, tx *store.Tx) error {
				return b.Delete(ctx, store.Work{Tx: tx, Hooks: b.hooks}, cur.Session)
			})
		}
		err = b.attempt(func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Get(ctx, "user", "ada"); err != nil {
				return err
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			_, err := b.Refresh(ctx, store.Work{Tx: tx, Hooks: b.hooks, Now: start.Add(time.Hour)}, cur)
			return err
		})
		if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
			t.Errorf("extended after its end: %v", err)
		}
		if b.state(rec.Str("token"), start) != session.Unknown {
			t.Error("it is back")
		}
	})
}

// TestSharedLost: Redis forgets everything.
func TestSharedLost(t *testing.T) {
	eachMode(t, func(t *testing.T, b *bench, server *redistest.Server, mode session.SharedConfig) {
		rec := b.begin("ada", start)
		server.Flush()
		want := session.Unknown
		if mode.Copy && !mode.Preserve {
			want = session.Live
		}
		if got := b.state(rec.Str("token"), start); got != want {
			t.Errorf("state %v, want %v", got, want)
		}
	})
}

// TestSharedDown: Redis does not answer. Nothing is half done, and nobody is
// taken for signed out.
func TestSharedDown(t *testing.T) {
	eachMode(t, func(t *testing.T, b *bench, server *redistest.Server, mode session.SharedConfig) {
		rec := b.begin("ada", start)
		server.Stop()
		unavailable := func(what string, err error) {
			t.Helper()
			var api *apierror.Error
			if !errors.As(err, &api) || api.Status != http.StatusServiceUnavailable {
				t.Errorf("%s: %v", what, err)
			}
		}
		cur, err := b.Find(t.Context(), b.store, rec.Str("token"), start)
		if mode.Copy && !mode.Preserve {
			if err != nil || !cur.Valid() {
				t.Errorf("read from the store: %+v, %v", cur, err)
			}
		} else {
			unavailable("read", err)
			cur.Session = rec
		}
		rows := b.rows()
		unavailable("create", b.attempt(func(ctx context.Context, tx *store.Tx) error {
			_, err := b.Create(ctx, store.Work{Tx: tx, Hooks: b.hooks, Now: start}, session.CreateParams{UserID: "ada"})
			return err
		}))
		unavailable("refresh", b.attempt(func(ctx context.Context, tx *store.Tx) error {
			_, err := b.Refresh(ctx, store.Work{Tx: tx, Hooks: b.hooks, Now: start.Add(time.Hour)}, cur)
			return err
		}))
		unavailable("end", b.attempt(func(ctx context.Context, tx *store.Tx) error {
			return b.Delete(ctx, store.Work{Tx: tx, Hooks: b.hooks}, rec)
		}))
		if b.rows() != rows {
			t.Errorf("%d rows, were %d", b.rows(), rows)
		}
	})
}

// TestSharedSchema: what the store would not take is not shared either.
func TestSharedSchema(t *testing.T) {
	eachMode(t, func(t *testing.T, b *bench, _ *redistest.Server, _ session.SharedConfig) {
		fields := document.NewObject(1).Set("nonsense", document.Int(1))
		err := b.attempt(func(ctx context.Context, tx *store.Tx) error {
			_, err := b.Create(ctx, store.Work{Tx: tx, Hooks: b.hooks, Now: start}, session.CreateParams{UserID: "ada", Fields: fields})
			return err
		})
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "nonsense") {
			t.Errorf("got %v", err)
		}
	})
}
