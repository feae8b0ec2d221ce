package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// hooks records events, and does what a test wants in a verdict.
type hooks struct {
	events  []string
	verdict func(event string, record *document.Object) error
}

func (h *hooks) Verdict(_ context.Context, event string, record, _ *document.Object) error {
	h.events = append(h.events, event)
	if h.verdict == nil {
		return nil
	}
	return h.verdict(event, record)
}

func (h *hooks) Happened(event string, _ *store.Record, _ *document.Object) {
	h.events = append(h.events, event)
}

// bench is a Manager over a store with one user, ada.
type bench struct {
	*session.Manager
	t     *testing.T
	store store.Tenant
	hooks *hooks
}

// newBench opens a store whose sessions have additional text fields.
func newBench(t *testing.T, c session.Config, fields ...string) *bench {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	more := store.Model{Name: session.Model}
	for _, name := range fields {
		more.Fields = append(more.Fields, store.Field{Name: name, Type: store.String})
	}
	schema, err := identity.CoreSchema().Merge(store.Schema{Models: []store.Model{more}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.Open(t.Context(), "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	c.Store, c.Secrets = data, secrets(t)
	b := &bench{Manager: session.New(c), t: t, store: data, hooks: &hooks{}}
	b.user("ada")
	return b
}

func (b *bench) user(id string) {
	b.t.Helper()
	fields := document.NewObject(2).Set("name", document.Text(id)).Set("email", document.Text(id+"@example.com"))
	if err := b.store.Apply(b.t.Context(), []store.Op{{Kind: store.Insert, Model: "user", ID: id, Fields: fields}}); err != nil {
		b.t.Fatal(err)
	}
}

// work runs f as a unit of work.
func (b *bench) work(f func(tx *store.Tx) error) error {
	tx := store.Begin(b.store)
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit(b.t.Context())
}

func (b *bench) create(p session.CreateParams, now time.Time) *store.Record {
	b.t.Helper()
	var rec *store.Record
	err := b.work(func(tx *store.Tx) (err error) {
		rec, err = b.Create(b.t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: now}, p)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return rec
}

func (b *bench) resolve(c session.Credential, now time.Time) session.Current {
	b.t.Helper()
	cur, err := b.Resolve(b.t.Context(), c, now)
	if err != nil {
		b.t.Fatal(err)
	}
	return cur
}

func (b *bench) cookie(rec *store.Record) session.Credential {
	return session.Credential{Cookie: "better-auth.session_token=" + session.EncodeURIComponent(b.SignCookie(rec.Str("token")))}
}

func TestCreate(t *testing.T) {
	b := newBench(t, session.Config{})
	fields := document.NewObject(3).Set("token", document.Text("mine")).Set("expiresAt", document.Text("2099-01-01T00:00:00.000Z")).Set("id", document.Text("my-id"))
	rec := b.create(session.CreateParams{UserID: "ada", IPAddress: "203.0.113.7", UserAgent: "test", Fields: fields}, start)
	want := `{"expiresAt":"2026-01-09T03:04:05.678Z","token":"TOKEN","createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z","ipAddress":"203.0.113.7","userAgent":"test","userId":"ada","id":"ID"}`
	token := rec.Str("token")
	got := strings.NewReplacer(token, "TOKEN", rec.ID, "ID").Replace(string(document.Obj(rec.Fields).JSON()))
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(token) != 32 || len(rec.ID) != 32 || strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
		t.Errorf("token %q, id %q", token, rec.ID)
	}
	if strings.Join(b.hooks.events, " ") != "session.creating session.created" {
		t.Errorf("events %v", b.hooks.events)
	}
	if again := b.create(session.CreateParams{UserID: "ada"}, start); again.Str("token") == token {
		t.Error("two sessions with one token")
	}
}

func TestCreateHooks(t *testing.T) {
	b := newBench(t, session.Config{})
	b.user("eve")
	b.hooks.verdict = func(_ string, record *document.Object) error {
		record.Set("userId", document.Text("eve")).Set("token", document.Text("fixed")).Set("id", document.Text("fixed"))
		record.Set("userAgent", document.Text("changed"))
		return nil
	}
	rec := b.create(session.CreateParams{UserID: "ada"}, start)
	if rec.Str("userId") != "ada" || rec.Str("token") == "fixed" || rec.ID == "fixed" || rec.Str("userAgent") != "changed" {
		t.Errorf("got %s", document.Obj(rec.Fields).JSON())
	}
	refused := errors.New("refused")
	b.hooks.events, b.hooks.verdict = nil, func(string, *document.Object) error { return refused }
	err := b.work(func(tx *store.Tx) error {
		_, err := b.Create(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: start}, session.CreateParams{UserID: "ada"})
		return err
	})
	if !errors.Is(err, refused) || len(b.hooks.events) != 1 {
		t.Errorf("got %v, events %v", err, b.hooks.events)
	}
}

func TestCreateForNobody(t *testing.T) {
	b := newBench(t, session.Config{})
	err := b.work(func(tx *store.Tx) error {
		_, err := b.Create(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: start}, session.CreateParams{UserID: "nobody"})
		return err
	})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v", err)
	}
}

func TestResolve(t *testing.T) {
	b := newBench(t, session.Config{})
	rec := b.create(session.CreateParams{UserID: "ada"}, start)
	token := rec.Str("token")
	signed := b.SignCookie(token)
	cookie := func(value string) session.Credential {
		return session.Credential{Cookie: "better-auth.session_token=" + value}
	}
	tests := []struct {
		name  string
		cred  session.Credential
		after time.Duration
		want  session.State
	}{
		{name: "nothing"},
		{name: "cookie", cred: cookie(session.EncodeURIComponent(signed)), want: session.Live},
		{name: "cookie that was decoded", cred: cookie(signed), want: session.Live},
		{name: "cookie in quotes", cred: cookie(`"` + signed + `"`), want: session.Live},
		{name: "just before its end", cred: cookie(signed), after: session.DefaultExpiresIn - time.Millisecond, want: session.Live},
		{name: "at its end", cred: cookie(signed), after: session.DefaultExpiresIn, want: session.Unknown},
		{name: "unsigned cookie", cred: cookie(token)},
		{name: "empty signature", cred: cookie(token + ".")},
		{name: "empty", cred: cookie("")},
		{name: "signature of another value", cred: cookie(token + "." + strings.SplitN(b.SignCookie("x"), ".", 2)[1])},
		{name: "cut off", cred: cookie(signed[:len(signed)-1])},
		{name: "other signature alphabet", cred: cookie(strings.NewReplacer("+", "-", "/", "_").Replace(signed) + "=")},
		{name: "unknown session", cred: cookie(b.SignCookie("nope")), want: session.Unknown},
		{name: "signed nothing", cred: cookie(b.SignCookie(""))},
		{name: "secure name", cred: session.Credential{Cookie: "__Secure-better-auth.session_token=" + signed}},
		{name: "second of duplicates", cred: session.Credential{Cookie: "better-auth.session_token=x; better-auth.session_token=" + signed}, want: session.Live},
		{name: "token", cred: session.Credential{Token: token}, want: session.Live},
		{name: "signed token", cred: session.Credential{Token: signed}, want: session.Live},
		{name: "signed token where it must be", cred: session.Credential{Token: signed, RequireSignature: true}, want: session.Live},
		{name: "plain token where it must be signed", cred: session.Credential{Token: token, RequireSignature: true}},
		{name: "wrongly signed token", cred: session.Credential{Token: token + ".x"}, want: session.Unknown},
		{name: "unknown token outweighs a good cookie", cred: session.Credential{Token: "nope", Cookie: "better-auth.session_token=" + signed}, want: session.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cur := b.resolve(tt.cred, start.Add(tt.after))
			if cur.State != tt.want {
				t.Fatalf("state %d, want %d", cur.State, tt.want)
			}
			if cur.Valid() && (cur.User.ID != "ada" || cur.Session.ID != rec.ID || cur.Token != token) {
				t.Errorf("got %+v", cur)
			}
			if !cur.Valid() && cur.User != nil {
				t.Error("a user without a session")
			}
		})
	}
}

func TestResolveTampered(t *testing.T) {
	b := newBench(t, session.Config{})
	rec := b.create(session.CreateParams{UserID: "ada"}, start)
	signed := b.SignCookie(rec.Str("token"))
	for i := range signed {
		changed := []byte(signed)
		changed[i] ^= 1
		for _, value := range []string{string(changed), signed[:i]} {
			if cur := b.resolve(session.Credential{Cookie: "better-auth.session_token=" + session.EncodeURIComponent(value)}, start); cur.Valid() {
				t.Errorf("%q is accepted", value)
			}
		}
	}
}

func TestDontRemember(t *testing.T) {
	b := newBench(t, session.Config{})
	rec := b.create(session.CreateParams{UserID: "ada", DontRemember: true}, start)
	if got, _ := rec.Time("expiresAt"); got.Sub(start) != session.DontRememberLife {
		t.Errorf("lives for %v", got.Sub(start))
	}
	cred := b.cookie(rec)
	later := start.Add(session.DontRememberLife - time.Minute)
	if cur := b.resolve(cred, later); !cur.Valid() || b.NeedsRefresh(cur, later) {
		t.Error("a session that was not to be remembered is extended for a client that lost the cookie that says so")
	}
	for value, want := range map[string]bool{b.SignCookie("true"): true, b.SignCookie("false"): false, "true": false, "true.x": false, "": false} {
		c := cred
		c.Cookie += "; better-auth.dont_remember=" + session.EncodeURIComponent(value)
		if cur := b.resolve(c, start); cur.DontRememberCookie != want {
			t.Errorf("dont_remember=%q: %v", value, cur.DontRememberCookie)
		}
	}
}

func TestRefresh(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name   string
		policy session.Policy
		age    time.Duration
		due    bool
	}{
		{"young", session.Policy{}, day - time.Millisecond, false},
		{"a day old", session.Policy{}, day, true},
		{"old", session.Policy{}, 6 * day, true},
		{"never", session.Policy{DisableRefresh: true}, 6 * day, false},
		{"always", session.Policy{UpdateAge: -1}, 0, true},
		{"short, young", session.Policy{ExpiresIn: 4 * time.Second, UpdateAge: 2 * time.Second}, 1999 * time.Millisecond, false},
		{"short, due", session.Policy{ExpiresIn: 4 * time.Second, UpdateAge: 2 * time.Second}, 2 * time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, session.Config{Policy: tt.policy})
			rec := b.create(session.CreateParams{UserID: "ada"}, start)
			now := start.Add(tt.age)
			cur := b.resolve(b.cookie(rec), now)
			if got := b.NeedsRefresh(cur, now); got != tt.due {
				t.Fatalf("due: %v, want %v", got, tt.due)
			}
			if !tt.due {
				return
			}
			err := b.work(func(tx *store.Tx) error {
				_, err := b.Refresh(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: now}, cur)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			next := b.resolve(b.cookie(rec), now)
			expires, _ := next.Session.Time("expiresAt")
			created, _ := next.Session.Time("createdAt")
			updated, _ := next.Session.Time("updatedAt")
			if expires.Sub(now) != b.Policy().ExpiresIn || !created.Equal(start) || !updated.Equal(now) || next.Token != cur.Token {
				t.Errorf("got %s", document.Obj(next.Session.Fields).JSON())
			}
			if tt.policy.UpdateAge >= 0 && b.NeedsRefresh(next, now) {
				t.Error("due again at once")
			}
		})
	}
}

func TestRefreshKeepsOwner(t *testing.T) {
	b := newBench(t, session.Config{})
	b.user("eve")
	rec := b.create(session.CreateParams{UserID: "ada"}, start)
	b.hooks.verdict = func(_ string, set *document.Object) error {
		set.Set("userId", document.Text("eve")).Set("token", document.Text("fixed")).Set("ipAddress", document.Text("changed"))
		return nil
	}
	err := b.work(func(tx *store.Tx) error {
		_, err := b.Refresh(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: start}, b.resolve(b.cookie(rec), start))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if cur := b.resolve(b.cookie(rec), start); cur.User.ID != "ada" || cur.Session.Str("ipAddress") != "changed" {
		t.Errorf("got %s", document.Obj(cur.Session.Fields).JSON())
	}
}

// TestRefreshAfterEnd: a session that ended meanwhile does not come back.
func TestRefreshAfterEnd(t *testing.T) {
	b := newBench(t, session.Config{})
	rec := b.create(session.CreateParams{UserID: "ada"}, start)
	cur := b.resolve(b.cookie(rec), start)
	late := store.Begin(b.store)
	if _, err := b.Refresh(t.Context(), store.Work{Tx: late, Hooks: b.hooks, Now: start}, cur); err != nil {
		t.Fatal(err)
	}
	if err := b.work(func(tx *store.Tx) error { return b.Delete(t.Context(), store.Work{Tx: tx, Hooks: b.hooks}, rec) }); err != nil {
		t.Fatal(err)
	}
	if err := late.Commit(t.Context()); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v", err)
	}
	err := b.work(func(tx *store.Tx) error {
		_, err := b.Refresh(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: start}, cur)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if b.resolve(b.cookie(rec), start).Valid() {
		t.Error("the session is back")
	}
}

func TestDelete(t *testing.T) {
	b := newBench(t, session.Config{})
	rec := b.create(session.CreateParams{UserID: "ada"}, start)
	other := b.create(session.CreateParams{UserID: "ada"}, start)
	b.hooks.events = nil
	for range 2 { // a session that is gone is no error
		if err := b.work(func(tx *store.Tx) error { return b.Delete(t.Context(), store.Work{Tx: tx, Hooks: b.hooks}, rec) }); err != nil {
			t.Fatal(err)
		}
	}
	if b.resolve(b.cookie(rec), start).State != session.Unknown || !b.resolve(b.cookie(other), start).Valid() {
		t.Error("not that session ended")
	}
	if strings.Join(b.hooks.events, " ") != "session.deleting session.deleted session.deleting session.deleted" {
		t.Errorf("events %v", b.hooks.events)
	}
	refused := errors.New("refused")
	b.hooks.verdict = func(string, *document.Object) error { return refused }
	if err := b.work(func(tx *store.Tx) error { return b.Delete(t.Context(), store.Work{Tx: tx, Hooks: b.hooks}, other) }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if !b.resolve(b.cookie(other), start).Valid() {
		t.Error("a veto was passed over")
	}
}

func TestListAndDeleteUser(t *testing.T) {
	b := newBench(t, session.Config{})
	b.user("eve")
	theirs := b.create(session.CreateParams{UserID: "eve"}, start)
	var all []*store.Record
	const n = 250 // more than a page
	for i := range n {
		all = append(all, b.create(session.CreateParams{UserID: "ada"}, start.Add(time.Duration(i)*time.Second)))
	}
	list := func(now time.Time) (out []*store.Record) {
		t.Helper()
		err := b.work(func(tx *store.Tx) (err error) {
			out, err = b.List(t.Context(), tx, "ada", now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := list(start.Add(n * time.Second)); len(got) != n || got[0].ID != all[0].ID || got[n-1].ID != all[n-1].ID {
		t.Errorf("%d sessions", len(got))
	}
	if got := list(start.Add(session.DefaultExpiresIn + 99*time.Second)); len(got) != n-100 || got[0].ID != all[100].ID {
		t.Errorf("%d live sessions", len(got))
	}
	count := 0
	err := b.work(func(tx *store.Tx) (err error) {
		count, err = b.DeleteUser(t.Context(), store.Work{Tx: tx, Hooks: b.hooks}, "ada", all[7].Str("token"))
		return err
	})
	if err != nil || count != n-1 {
		t.Fatalf("ended %d: %v", count, err)
	}
	if got := list(start); len(got) != 1 || got[0].ID != all[7].ID {
		t.Errorf("%d sessions left", len(got))
	}
	if !b.resolve(b.cookie(theirs), start).Valid() {
		t.Error("another user's session ended")
	}
}

func TestFresh(t *testing.T) {
	for _, tt := range []struct {
		name   string
		policy session.Policy
		age    time.Duration
		want   bool
	}{
		{"new", session.Policy{}, 0, true},
		{"almost a day", session.Policy{}, 24*time.Hour - 1, true},
		{"a day", session.Policy{}, 24 * time.Hour, false},
		{"always", session.Policy{FreshAge: -1}, 100 * 24 * time.Hour, true},
		{"one second", session.Policy{FreshAge: time.Second}, time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := session.New(session.Config{Policy: tt.policy, Secrets: secrets(t)})
			rec := store.NewRecord("x", document.NewObject(1).Set("createdAt", document.Time(start)))
			if got := m.Fresh(rec, start.Truncate(time.Millisecond).Add(tt.age)); got != tt.want {
				t.Errorf("fresh: %v", got)
			}
		})
	}
	m := session.New(session.Config{Secrets: secrets(t)})
	if m.Fresh(store.NewRecord("x", document.NewObject(0)), start) {
		t.Error("a session without a beginning is fresh")
	}
}

func TestAcceptable(t *testing.T) {
	m := session.New(session.Config{Secrets: secrets(t)})
	for _, tt := range []struct {
		token    string
		required bool
		want     bool
	}{
		{"plain", false, true}, {"plain", true, false},
		{theirSigned, false, true}, {theirSigned, true, true},
		{theirToken + ".x", false, false}, {theirToken + ".x", true, false},
	} {
		if got := m.Acceptable(tt.token, tt.required); got != tt.want {
			t.Errorf("Acceptable(%q, %v) = %v", tt.token, tt.required, got)
		}
	}
}
