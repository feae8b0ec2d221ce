package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
)

// TestOwnLife: a session with a lifetime of its own ends with it, whatever is
// done with the session, and so does its cookie.
func TestOwnLife(t *testing.T) {
	policy := session.Policy{ExpiresIn: 2 * time.Hour, UpdateAge: time.Nanosecond}
	for _, life := range []time.Duration{time.Hour, 24 * time.Hour, 30 * 24 * time.Hour} {
		for _, forget := range []bool{false, true} {
			b := newBench(t, session.Config{Policy: policy})
			later := document.Time(start.Add(1000 * time.Hour))
			b.hooks.verdict = func(_ string, record *document.Object) error {
				record.Set("expiresAt", later).Set("notAfter", later).Set("forgotten", document.Boolean(!forget))
				return nil
			}
			rec := b.create(session.CreateParams{UserID: "ada", Life: life, DontRemember: forget}, start)
			end := start.Add(life)
			ends := func(when string) {
				if expires, _ := rec.Time("expiresAt"); !expires.Equal(end) {
					t.Errorf("%v: %s it ends at %v, want %v", life, when, expires, end)
				}
			}
			ends("created,")
			if got := session.DontRemember(rec); got != forget {
				t.Errorf("%v: forgotten is %v", life, got)
			}
			cur := b.resolve(b.cookie(rec), end.Add(-time.Millisecond))
			if !cur.Valid() || b.NeedsRefresh(cur, end.Add(-time.Millisecond)) {
				t.Errorf("%v: valid %v, and due to be extended", life, cur.Valid())
			}
			if cur := b.resolve(b.cookie(rec), end); cur.Valid() {
				t.Errorf("%v: it is alive after its end", life)
			}
			if err := b.work(func(tx *store.Tx) (err error) {
				rec, err = b.Refresh(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: start.Add(life / 2)}, cur)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			ends("extended,")
		}
	}
}

// TestOwnLifeOfCookie: a cookie does not outlive its session.
func TestOwnLifeOfCookie(t *testing.T) {
	b := newBench(t, session.Config{})
	for _, tt := range []struct {
		life, age time.Duration
		want      string
	}{
		{0, time.Hour, "Max-Age=604800"},
		{time.Hour, 0, "Max-Age=3600"},
		{time.Hour, 59*time.Minute + 1500*time.Millisecond, "Max-Age=59"},
		{time.Hour, 2 * time.Hour, "Max-Age=1"},
		{30 * 24 * time.Hour, 0, "Max-Age=2592000"},
	} {
		rec := b.create(session.CreateParams{UserID: "ada", Life: tt.life}, start)
		if line := b.SetLines(rec, false, start.Add(tt.age))[0].Line; !strings.Contains(line+";", tt.want+";") {
			t.Errorf("life %v, age %v: %s, want %s", tt.life, tt.age, line, tt.want)
		}
	}
}

// TestReplaces: what is kept in a session goes over to the one that takes its
// place, and what says whose it is and since when does not.
func TestReplaces(t *testing.T) {
	b := newBench(t, session.Config{Defaults: document.NewObject(1).Set("notes", document.Text("preset"))}, "notes", "team")
	old := b.create(session.CreateParams{UserID: "ada", IPAddress: "203.0.113.7", Life: time.Hour, DontRemember: true, Fields: document.NewObject(2).Set("notes", document.Text("kept")).Set("team", document.Text("a"))}, start)
	now := start.Add(time.Minute)
	for _, tt := range []struct {
		name       string
		p          session.CreateParams
		life       time.Duration
		team       string
		remembered bool
	}{
		{"as it was", session.CreateParams{DontRemember: true}, 59 * time.Minute, "a", false},
		{"a longer life", session.CreateParams{Life: 2 * time.Hour}, 59 * time.Minute, "a", true},
		{"a shorter life", session.CreateParams{Life: time.Minute, DontRemember: true}, time.Minute, "a", false},
		{"another value", session.CreateParams{Fields: document.NewObject(1).Set("team", document.Text("b"))}, 59 * time.Minute, "b", true},
	} {
		tt.p.UserID, tt.p.Replaces = "ada", old
		rec := b.create(tt.p, now)
		expires, _ := rec.Time("expiresAt")
		created, _ := rec.Time("createdAt")
		if expires.Sub(now) != tt.life || !created.Equal(now) || !session.Bounded(rec) || session.DontRemember(rec) == tt.remembered {
			t.Errorf("%s: %s", tt.name, document.Obj(rec.Fields).JSON())
		}
		if rec.Str("notes") != "kept" || rec.Str("team") != tt.team || rec.Str("ipAddress") != "" || rec.Str("token") == old.Str("token") || rec.ID == old.ID {
			t.Errorf("%s: %s", tt.name, document.Obj(rec.Fields).JSON())
		}
	}
}

// TestImpersonated: an impersonated session that came from elsewhere, and so has
// no end of its own beside its end, is not extended, and bounds what is begun in
// it.
func TestImpersonated(t *testing.T) {
	b := newBench(t, session.Config{Policy: session.Policy{UpdateAge: time.Nanosecond}})
	imported := document.NewObject(1).Set("impersonatedBy", document.Text("eve"))
	old := b.create(session.CreateParams{UserID: "ada", Fields: imported}, start)
	if b.NeedsRefresh(b.resolve(b.cookie(old), start.Add(time.Hour)), start.Add(time.Hour)) {
		t.Error("it is due to be extended")
	}
	for _, p := range []session.CreateParams{{Within: old}, {Replaces: old}, {Within: old, Life: 30 * 24 * time.Hour}} {
		p.UserID = "ada"
		rec := b.create(p, start.Add(time.Hour))
		if session.Impersonator(rec) != "eve" || !session.Bounded(rec) || rec.Str("expiresAt") != old.Str("expiresAt") {
			t.Errorf("got %s", document.Obj(rec.Fields).JSON())
		}
	}
	for life, want := range map[time.Duration]time.Duration{0: session.DefaultImpersonation, time.Minute: time.Minute, 48 * time.Hour: session.MaxImpersonation} {
		rec := b.create(session.CreateParams{UserID: "ada", Actor: "eve", Life: life}, start)
		if end, _ := rec.Time("expiresAt"); end.Sub(start) != want || session.Impersonator(rec) != "eve" {
			t.Errorf("life %v: %s", life, document.Obj(rec.Fields).JSON())
		}
	}
}
