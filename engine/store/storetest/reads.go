package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// counted is a tenant that notes what is read of it.
type counted struct {
	store.Tenant
	reads []string
}

func (c *counted) Get(ctx context.Context, model, id string) (*store.Record, error) {
	c.reads = append(c.reads, "get "+model)
	return c.Tenant.Get(ctx, model, id)
}

func (c *counted) Find(ctx context.Context, model, index string, key ...document.Value) (*store.Record, error) {
	c.reads = append(c.reads, "find "+model+" by "+index)
	return c.Tenant.Find(ctx, model, index, key...)
}

func (c *counted) List(ctx context.Context, q store.Query) (store.Page, error) {
	c.reads = append(c.reads, "list "+q.Model)
	return c.Tenant.List(ctx, q)
}

// testTxReadsOnce: what a unit of work has read, or has not found, it does not
// read again, whichever way it asks.
func testTxReadsOnce(t *testing.T, f *fixture) {
	f.apply(user("u1", "username", "one"), session("s1", "u1"))
	tenant := &counted{Tenant: f.tenant}
	tx := store.Begin(tenant)
	for range 2 {
		for _, key := range [][2]string{{"username", "one"}, {"email", "u1@example.com"}} {
			r, err := tx.Find(f.ctx, "user", key[0], value(key[1]))
			if err != nil || r.ID != "u1" {
				t.Fatalf("Find: %v, %v", r, err)
			}
			r.Fields.Set("name", document.Text("changed by the caller"))
		}
		if r, err := tx.Get(f.ctx, "user", "u1"); err != nil || r.Str("name") != "u1" {
			t.Fatalf("Get: %v, %v", r, err)
		}
		if _, err := tx.Find(f.ctx, "session", "token", value("t2")); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("Find of nothing: %v", err)
		}
		if _, err := tx.Get(f.ctx, "session", "s2"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("Get of nothing: %v", err)
		}
		f.lists(tx, store.Query{Model: "session", Limit: 1}, "s1")
		if _, err := tx.Get(f.ctx, "session", "s1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Guard(f.ctx, "user", "u1"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Insert(f.ctx, "session", "s2", object("token", "t2", "userId", "u1")); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Update(f.ctx, "session", "s1", object("token", "t1")); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"find user by username", "find user by email", "find session by token", "get session", "list session",
		"list session", // a list is what it is now
		"list session", // is the token t1 free? It may be one of this unit's own
	}
	if !slices.Equal(tenant.reads, want) {
		t.Errorf("reads %q, want %q", tenant.reads, want)
	}
	if err := tx.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	f.lists(f.tenant, store.Query{Model: "session"}, "s1", "s2")
}

// testTxInsertNew: for what was made at random nothing is read, and what is taken
// all the same Commit refuses.
func testTxInsertNew(t *testing.T, f *fixture) {
	f.apply(user("u1"), session("s1", "u1"))
	for name, test := range map[string]struct {
		model, id string
		fields    *document.Object
		random    []string
		reads     []string
		want      error
	}{
		"new":      {"session", "s2", object("token", "new", "userId", "u1"), []string{"token"}, nil, nil},
		"a key":    {"session", "s3", object("token", "token-s1", "userId", "u1"), []string{"token"}, nil, store.ErrConflict},
		"an id":    {"session", "s1", object("token", "other", "userId", "u1"), []string{"token"}, nil, store.ErrConflict},
		"the rest": {"session", "s4", object("token", "t4", "userId", "u1"), nil, []string{"find session by token"}, nil},
	} {
		tenant := &counted{Tenant: f.tenant}
		tx := store.Begin(tenant)
		if _, err := tx.InsertNew(f.ctx, test.model, test.id, test.fields, test.random...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(tenant.reads, test.reads) {
			t.Errorf("%s: reads %q, want %q", name, tenant.reads, test.reads)
		}
		if err := tx.Commit(f.ctx); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	f.lists(f.tenant, store.Query{Model: "session"}, "s1", "s2", "s4")
}

// testTxReadsStay: a unit of work goes on with what it has read, and does not
// commit writes that rest on it when it has changed.
func testTxReadsStay(t *testing.T, f *fixture) {
	f.apply(user("u1", "age", 1), user("u2"))
	begin := func() *store.Tx {
		tx := store.Begin(f.tenant)
		if _, err := tx.Find(f.ctx, "user", "email", value("u1@example.com")); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"u2", "u3"} {
			if _, err := tx.Get(f.ctx, "user", id); (err == nil) != (id == "u2") {
				t.Fatalf("%s: %v", id, err)
			}
		}
		if _, err := tx.Find(f.ctx, "user", "email", value("u3@example.com")); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return tx
	}
	works := map[string]func(tx *store.Tx) error{
		"update": func(tx *store.Tx) error {
			_, err := tx.Update(f.ctx, "user", "u1", object("age", 3))
			return err
		},
		"increment": func(tx *store.Tx) error {
			_, err := tx.Increment(f.ctx, "user", "u1", "age", 1)
			return err
		},
		"guard":               func(tx *store.Tx) error { return tx.Guard(f.ctx, "user", "u1") },
		"delete":              func(tx *store.Tx) error { return tx.Delete(f.ctx, "user", "u1") },
		"update of a deleted": func(tx *store.Tx) error { _, err := tx.Update(f.ctx, "user", "u2", object("age", 3)); return err },
		"insert of an id that is taken": func(tx *store.Tx) error {
			_, err := tx.Insert(f.ctx, "user", "u3", object("name", "n", "email", "other@example.com"))
			return err
		},
		"insert of a key that is taken": func(tx *store.Tx) error {
			_, err := tx.Insert(f.ctx, "user", "u4", object("name", "n", "email", "u3@example.com"))
			return err
		},
	}
	begun := map[string]*store.Tx{}
	for name := range works {
		begun[name] = begin()
	}
	reader := begin()
	f.apply(update("user", "u1", 0, "age", 2), remove("user", "u2", 0), user("u3"))
	if r, err := reader.Get(f.ctx, "user", "u1"); err != nil || text(r) != `{"name":"u1","email":"u1@example.com","age":1,"id":"u1"}` || r.Version != 1 {
		t.Errorf("a record that was read: %v, %v", r, err)
	}
	if _, err := reader.Get(f.ctx, "user", "u2"); err != nil {
		t.Errorf("a record that was read and is gone: %v", err)
	}
	if _, err := reader.Get(f.ctx, "user", "u3"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a record that was not there: %v", err)
	}
	if _, err := reader.Find(f.ctx, "user", "email", value("u3@example.com")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a key that nobody had: %v", err)
	}
	for name, work := range works {
		tx := begun[name]
		err := work(tx)
		if err == nil {
			err = tx.Commit(f.ctx)
		}
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, _ := f.get("user", "u1").Int("age"); n != 2 {
		t.Errorf("age %d", n)
	}
}

// testTxReadsNew: a record that a unit of work finds by another key than
// before, because it has changed meanwhile, is the one that has that key; and
// increments of its own are seen.
func testTxReadsNew(t *testing.T, f *fixture) {
	f.apply(user("u1", "username", "one", "age", 1))
	tx := store.Begin(f.tenant)
	if _, err := tx.Get(f.ctx, "user", "u1"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.tenant.Increment(f.ctx, "user", "u1", "age", 4); err != nil {
		t.Fatal(err)
	}
	tx.Incremented("user", "u1")
	if r, err := tx.Get(f.ctx, "user", "u1"); err != nil || r.Version != 2 {
		t.Fatalf("after an increment of its own: %v, %v", r, err)
	} else if n, _ := r.Int("age"); n != 5 {
		t.Errorf("age %d", n)
	}
	f.apply(update("user", "u1", 0, "username", "two"))
	for range 2 {
		if r, err := tx.Find(f.ctx, "user", "username", value("two")); err != nil || r.Str("username") != "two" {
			t.Errorf("found by a new key: %v, %v", r, err)
		}
	}
	if _, err := tx.Find(f.ctx, "user", "username", value("one")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("found by an old key: %v", err)
	}
	_, err := tx.Update(f.ctx, "user", "u1", object("age", 6))
	if err == nil {
		err = tx.Commit(f.ctx)
	}
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("update: %v", err)
	}
}
