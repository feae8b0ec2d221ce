package session_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// TestVirtual: a virtual session is its user's as long as there is one, is not
// fresh, and cannot be changed or ended.
func TestVirtual(t *testing.T) {
	b := newBench(t, session.Config{Policy: session.Policy{FreshAge: -1}})
	fields := document.NewObject(2).Set("token", document.Text("mine")).Set("virtual", document.Boolean(false))
	rec := b.NewVirtual("key-1", session.CreateParams{UserID: "ada", Fields: fields, Life: time.Minute}, start)
	expires, _ := rec.Time("expiresAt")
	if rec.ID != "key-1" || !session.Virtual(rec) || rec.Str("token") != "" || expires.Sub(start) != time.Minute || b.Fresh(rec, start) {
		t.Errorf("got %s", document.Obj(rec.Fields).JSON())
	}
	cur := b.resolve(session.Credential{Virtual: rec}, start)
	if !cur.Valid() || cur.User.ID != "ada" || cur.Token != "" {
		t.Errorf("it proves %+v", cur)
	}
	for name, work := range map[string]func(*store.Tx) error{
		"change": func(tx *store.Tx) error {
			_, err := b.Update(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: start}, rec, document.NewObject(1))
			return err
		},
		"extend": func(tx *store.Tx) error {
			_, err := b.Refresh(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: start}, cur)
			return err
		},
		"end": func(tx *store.Tx) error { return b.Delete(t.Context(), store.Work{Tx: tx, Hooks: b.hooks}, rec) },
	} {
		var refused *apierror.Error
		if err := b.work(work); !errors.As(err, &refused) || refused.Code != pluginapi.VirtualSessionCode || refused.Status != http.StatusForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(b.hooks.events) > 0 {
		t.Errorf("events %v", b.hooks.events)
	}
	nobody := b.NewVirtual("", session.CreateParams{UserID: "nobody"}, start)
	if cur := b.resolve(session.Credential{Virtual: nobody}, start); cur.Valid() || len(nobody.ID) != 32 {
		t.Errorf("a session of nobody proves %+v", cur)
	}
}

// TestVirtualIsNeverStored: no hook makes a stored session look like one that is
// not.
func TestVirtualIsNeverStored(t *testing.T) {
	b := newBench(t, session.Config{})
	b.hooks.verdict = func(_ string, record *document.Object) error {
		record.Set("virtual", document.Boolean(true))
		return nil
	}
	rec := b.create(session.CreateParams{UserID: "ada"}, start)
	if err := b.work(func(tx *store.Tx) (err error) {
		rec, err = b.Update(t.Context(), store.Work{Tx: tx, Hooks: b.hooks, Now: start}, rec, document.NewObject(1))
		return err
	}); err != nil || session.Virtual(rec) {
		t.Errorf("%v: %s", err, document.Obj(rec.Fields).JSON())
	}
}
