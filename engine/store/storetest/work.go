package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/store"
)

func testTx(t *testing.T, f *fixture) {
	f.apply(user("u1"))
	tx := store.Begin(f.tenant)
	must := func(r *store.Record, err error) *store.Record {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	must(tx.Insert(f.ctx, "user", "u2", object("name", "Two", "email", "two@example.com")))
	must(tx.Update(f.ctx, "user", "u1", object("age", 1)))
	must(tx.Update(f.ctx, "user", "u1", object("name", "One")))
	must(tx.Insert(f.ctx, "session", "s1", object("token", "t", "userId", "u2")))
	must(tx.Update(f.ctx, "session", "s1", object("token", "t2")))
	must(tx.Insert(f.ctx, "session", "s2", object("token", "t", "userId", "u2")))
	if err := tx.Delete(f.ctx, "session", "s2"); err != nil {
		t.Fatal(err)
	}
	if n, err := tx.Increment(f.ctx, "user", "u1", "age", 4); n != 5 || err != nil {
		t.Fatalf("Increment: %d, %v", n, err)
	}
	if r := must(tx.Find(f.ctx, "session", "token", value("t2"))); r.ID != "s1" {
		t.Fatalf("Find: %s", text(r))
	}
	if r := must(tx.Get(f.ctx, "user", "u1")); r.Version != 2 || text(r) != `{"name":"One","email":"u1@example.com","age":5,"id":"u1"}` {
		t.Fatalf("Get: version %d of %s", r.Version, text(r))
	}
	if _, err := tx.Get(f.ctx, "session", "s2"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Get of a deleted record: %v", err)
	}
	for _, id := range []string{"u1", "u2"} { // stored, and new
		_, err := tx.Insert(f.ctx, "user", id, object("name", "again", "email", "again@example.com"))
		f.conflicts("user", "id", id, err)
	}
	f.gone("user", "u2")
	var ran []int
	tx.OnCommit(func() { f.get("user", "u2"); ran = append(ran, 1) })
	tx.OnCommit(func() { ran = append(ran, 2) })
	if !tx.Changed() {
		t.Error("Changed: false")
	}
	if err := errors.Join(tx.Commit(f.ctx), tx.Commit(f.ctx)); err != nil {
		t.Fatal(err)
	}
	tx.Rollback()
	if !slices.Equal(ran, []int{1, 2}) {
		t.Errorf("callbacks ran: %v", ran)
	}
	if r := f.get("user", "u1"); r.Version != 2 || text(r) != `{"name":"One","email":"u1@example.com","age":5,"id":"u1"}` {
		t.Fatalf("after commit: version %d of %s", r.Version, text(r))
	}
	f.get("session", "s1")
	if _, err := tx.Get(f.ctx, "user", "u1"); !errors.Is(err, store.ErrTxDone) {
		t.Errorf("Get after commit: %v", err)
	}
}

func testTxList(t *testing.T, f *fixture) {
	for i := range 20 {
		f.apply(user(fmt.Sprintf("u%02d", i), "age", i))
	}
	tx := store.Begin(f.tenant)
	for _, op := range []store.Op{user("a", "age", 7.5), user("z", "age", -1), user("u055", "age", 100)} {
		if _, err := tx.Insert(f.ctx, op.Model, op.ID, op.Fields); err != nil {
			t.Fatal(err)
		}
	}
	for id, age := range map[string]int{"u03": 50, "u18": 2} {
		if _, err := tx.Update(f.ctx, "user", id, object("age", age)); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"u00", "u19", "u10"} {
		if err := tx.Delete(f.ctx, "user", id); err != nil {
			t.Fatal(err)
		}
	}
	queries := []store.Query{
		{Model: "user"},
		{Model: "user", Desc: true},
		{Model: "user", Index: "age"},
		{Model: "user", Index: "age", Desc: true},
		{Model: "user", Index: "age", From: value(2), To: value(8)},
		{Model: "user", Index: "age", Key: values(2)},
		{Model: "user", From: value("u05"), To: value("u07"), Desc: true},
	}
	before := make([][]string, len(queries))
	for i, q := range queries {
		before[i] = f.all(tx, q)
		for _, limit := range []int{1, 2, 5, 19, 20} {
			q.Limit = limit
			if diff := cmp.Diff(before[i], f.all(tx, q)); diff != "" {
				t.Errorf("%+v in pages (-want +got):\n%s", q, diff)
			}
		}
	}
	if err := tx.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	for i, q := range queries {
		if diff := cmp.Diff(f.all(f.tenant, q), before[i]); diff != "" {
			t.Errorf("%+v before commit (-after +before):\n%s", q, diff)
		}
	}
}

func testTxCascade(t *testing.T, f *fixture) {
	f.apply(user("u1"), user("u2"), session("s1", "u1"), session("s2", "u2"), insert("device", "d1", "sessionId", "s1"))
	tx := store.Begin(f.tenant)
	if _, err := tx.Update(f.ctx, "session", "s2", object("userId", "u1")); err != nil {
		t.Fatal(err)
	}
	if err := tx.Delete(f.ctx, "user", "u1"); err != nil {
		t.Fatal(err)
	}
	for _, key := range [][2]string{{"session", "s1"}, {"session", "s2"}, {"device", "d1"}} {
		if _, err := tx.Get(f.ctx, key[0], key[1]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v is still seen: %v", key, err)
		}
	}
	f.lists(tx, store.Query{Model: "session"})
	f.lists(tx, store.Query{Model: "device"})
	if _, err := tx.Update(f.ctx, "session", "s1", object("token", "x")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("update of a deleted record: %v", err)
	}
	if _, err := tx.Insert(f.ctx, "user", "u1", object("name", "n", "email", "e")); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("insert of a deleted id: %v", err)
	}
	if err := tx.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	f.lists(f.tenant, store.Query{Model: "session"})
	f.lists(f.tenant, store.Query{Model: "device"})
}

func testTxConflict(t *testing.T, f *fixture) {
	f.apply(user("u1"), user("u2", "username", "two"))
	begin := func() *store.Tx {
		tx := store.Begin(f.tenant)
		if _, err := tx.Get(f.ctx, "user", "u1"); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	early, late, guarded, reader := begin(), begin(), begin(), begin()
	if _, err := late.Update(f.ctx, "user", "u1", object("age", 2)); err != nil {
		t.Fatal(err)
	}
	if err := guarded.Guard(f.ctx, "user", "u1"); err != nil {
		t.Fatal(err)
	}
	for i, tx := range []*store.Tx{guarded, reader} {
		if _, err := tx.Insert(f.ctx, "user", fmt.Sprint("new", i), user(fmt.Sprint("new", i)).Fields); err != nil {
			t.Fatal(err)
		}
	}
	f.apply(update("user", "u1", 0, "age", 1))
	_, err := early.Update(f.ctx, "user", "u1", object("age", 3))
	if err == nil {
		err = early.Commit(f.ctx)
	}
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("update of a record that changed after it was read: %v", err)
	}
	for _, tx := range []*store.Tx{late, guarded} {
		called := false
		tx.OnCommit(func() { called = true })
		if err := tx.Commit(f.ctx); !errors.Is(err, store.ErrStale) || called {
			t.Errorf("commit: %v, callback %v", err, called)
		}
		if err := tx.Commit(f.ctx); !errors.Is(err, store.ErrStale) {
			t.Errorf("second commit: %v", err)
		}
	}
	if err := reader.Commit(f.ctx); err != nil {
		t.Errorf("a record that was only read made a conflict: %v", err)
	}
	tx := store.Begin(f.tenant)
	_, err = tx.Insert(f.ctx, "user", "u3", object("name", "n", "email", "u1@example.com"))
	f.conflicts("user", "email", "u3", err)
	_, err = tx.Insert(f.ctx, "user", "u1", object("name", "n", "email", "e"))
	f.conflicts("user", "id", "u1", err)
	_, err = tx.Update(f.ctx, "user", "u1", object("username", "two"))
	f.conflicts("user", "username", "u1", err)
	if _, err := tx.Update(f.ctx, "user", "u2", object("username", "free")); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Update(f.ctx, "user", "u1", object("username", "two")); err != nil {
		t.Fatalf("a key that was given up in the same unit of work: %v", err)
	}
	if err := tx.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
}

func testTxRewind(t *testing.T, f *fixture) {
	f.apply(user("u1", "age", 1), user("u2"), session("s1", "u2"))
	tx := store.Begin(f.tenant)
	if _, err := tx.Update(f.ctx, "user", "u1", object("age", 2)); err != nil {
		t.Fatal(err)
	}
	ran := 0
	tx.OnCommit(func() { ran++ })
	mark := tx.Mark()
	tx.OnCommit(func() { ran += 10 })
	if _, err := tx.Update(f.ctx, "user", "u1", object("age", 3, "name", "x")); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Insert(f.ctx, "user", "u3", user("u3").Fields); err != nil {
		t.Fatal(err)
	}
	if err := tx.Delete(f.ctx, "user", "u2"); err != nil {
		t.Fatal(err)
	}
	f.lists(tx, store.Query{Model: "session"})
	tx.Rewind(mark)
	f.lists(tx, store.Query{Model: "session"}, "s1")
	f.lists(tx, store.Query{Model: "user"}, "u1", "u2")
	if _, err := tx.Insert(f.ctx, "user", "u3", user("u3", "age", 9).Fields); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	if n, _ := f.get("user", "u1").Int("age"); n != 2 || ran != 1 || f.get("user", "u1").Str("name") != "u1" {
		t.Fatalf("age %d, callbacks %d", n, ran)
	}
	dropped := store.Begin(f.tenant)
	if err := dropped.Delete(f.ctx, "user", "u1"); err != nil {
		t.Fatal(err)
	}
	dropped.Rollback()
	if err := dropped.Commit(f.ctx); !errors.Is(err, store.ErrTxDone) {
		t.Errorf("commit after rollback: %v", err)
	}
	f.get("user", "u1")
}

func testTxConsume(t *testing.T, f *fixture) {
	f.apply(user("u1"))
	var won atomic.Int32
	race(parallel, func(i int) {
		tx := store.Begin(f.tenant)
		r, err := tx.Consume(f.ctx, "user", "email", value("u1@example.com"))
		if err == nil {
			_, err = tx.Insert(f.ctx, "user", fmt.Sprint("w", i), object("name", r.ID, "email", fmt.Sprint(i)))
		}
		if err == nil {
			err = tx.Commit(f.ctx)
		}
		switch {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict):
			t.Errorf("unit of work: %v", err)
		}
	})
	if n := len(f.all(f.tenant, store.Query{Model: "user"})); won.Load() != 1 || n != 1 {
		t.Fatalf("%d units of work consumed one record; %d records", won.Load(), n)
	}
}
