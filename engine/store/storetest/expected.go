package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/authhost/authhost/engine/store"
)

// testExpected writes records only if their fields are as expected.
func testExpected(t *testing.T, f *fixture) {
	f.apply(user("u1", "age", 1, "extra", "x"), user("u2"))
	expect := func(kind store.OpKind, id string, members ...any) store.Op {
		return store.Op{Kind: kind, Model: "user", ID: id, If: object(members...), Fields: object("name", "new")}
	}
	f.apply(expect(store.Update, "u1", "age", 1.0, "username", nil, "admin", nil))
	if r := f.get("user", "u1"); r.Str("name") != "new" || r.Version != 2 {
		t.Fatalf("version %d of %s", r.Version, text(r))
	}
	tests := []struct {
		op    store.Op
		index string // of the conflict
		want  error
	}{
		{expect(store.Update, "u1", "age", 2), "age", store.ErrConflict},
		{expect(store.Update, "u1", "age", nil), "age", store.ErrConflict},
		{expect(store.Update, "u2", "age", 1), "age", store.ErrConflict},
		{expect(store.Update, "u1", "age", 1, "extra", "y"), "extra", store.ErrConflict},
		{expect(store.Delete, "u1", "name", "u1"), "name", store.ErrConflict},
		{expect(store.Guard, "u1", "name", "u1"), "name", store.ErrConflict},
		{expect(store.Update, "none", "age", nil), "", store.ErrNotFound},
		{expect(store.Delete, "none", "age", nil), "", store.ErrNotFound},
		{expect(store.Update, "u1", "nope", 1), "", store.ErrInvalid},
		{expect(store.Update, "u1", "age", "1"), "", store.ErrInvalid},
		{expect(store.Insert, "u3", "age", 1), "", store.ErrInvalid},
	}
	for _, tt := range tests {
		// Nothing of a batch is done, in whatever place the operation is.
		for _, ops := range [][]store.Op{{tt.op}, {remove("user", "u2", 0), user("other"), tt.op}} {
			if ops[0].ID == tt.op.ID || tt.op.ID == "u2" && len(ops) > 1 {
				ops = ops[len(ops)-1:]
			}
			err := f.tenant.Apply(f.ctx, ops)
			if tt.want == store.ErrConflict {
				f.conflicts("user", tt.index, tt.op.ID, err)
			} else if !errors.Is(err, tt.want) {
				t.Errorf("%+v: %v; want %v", tt.op, err, tt.want)
			}
			f.get("user", "u2")
			f.gone("user", "other")
		}
	}
	f.apply(expect(store.Guard, "u1", "name", "new"), expect(store.Delete, "u1", "age", 1))
	f.gone("user", "u1")
	f.expectedRace()
}

// expectedRace has many claim one record that only one can have.
func (f *fixture) expectedRace() {
	f.t.Helper()
	var won atomic.Int32
	race(parallel, func(i int) {
		op := update("user", "u2", 0, "username", fmt.Sprint("owner", i))
		op.If = object("username", nil)
		switch err := f.tenant.Apply(f.ctx, []store.Op{op}); {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrStale):
			f.t.Errorf("claim: %v", err)
		}
	})
	if won.Load() != 1 {
		f.t.Fatalf("%d claims of one record succeeded", won.Load())
	}
}

// testTxDo writes several records in one call, and all or none of them.
func testTxDo(t *testing.T, f *fixture) {
	f.apply(user("u1", "age", 1), user("u2"))
	tx := store.Begin(f.tenant)
	if _, err := tx.UpdateIf(f.ctx, "user", "u1", object("age", 2), object("age", 3)); !errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrStale) {
		t.Fatalf("UpdateIf: %v", err)
	}
	if r, err := tx.UpdateIf(f.ctx, "user", "u1", object("age", 1), object("age", 3)); err != nil || r.Version != 2 {
		t.Fatalf("UpdateIf: %v, %v", r, err)
	}
	compare := update("user", "u1", 2, "age", 4)
	compare.If = object("age", 3, "admin", nil)
	records, err := tx.Do(f.ctx, []store.Op{user("u3"), compare, remove("user", "u2", 0), {Kind: store.Guard, Model: "user", ID: "u1"}})
	if err != nil || !slices.Equal([]bool{records[0] != nil, records[1] != nil, records[2] != nil, records[3] != nil}, []bool{true, true, false, true}) {
		t.Fatalf("Do: %v, %v", records, err)
	}
	f.lists(tx, store.Query{Model: "user"}, "u1", "u3")
	stale := update("user", "u3", 7, "age", 1)
	tests := []struct {
		last store.Op
		want error
	}{
		{user("u3"), store.ErrConflict},
		{insert("user", "u9", "name", "n", "email", "u1@example.com"), store.ErrConflict},
		{stale, store.ErrConflict},
		{update("user", "none", 0, "age", 1), store.ErrNotFound},
		{remove("user", "u2", 0), store.ErrNotFound},
		{update("user", "u3", 0, "age", "x"), store.ErrInvalid},
		{store.Op{Model: "user", ID: "u3"}, store.ErrInvalid},
	}
	for _, tt := range tests {
		ops := []store.Op{user("u8"), update("user", "u1", 0, "age", 9), user("u4"), user("u5"), tt.last}
		if tt.last.ID != "u3" {
			ops[2] = remove("user", "u3", 0)
		}
		_, err := tx.Do(f.ctx, ops)
		var failed *store.OpError
		if !errors.Is(err, tt.want) || errors.Is(err, store.ErrStale) || !errors.As(err, &failed) || failed.N != 4 {
			t.Errorf("Do with %+v: %v; want %v", tt.last, err, tt.want)
		}
		f.lists(tx, store.Query{Model: "user"}, "u1", "u3")
	}
	if err := tx.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	f.lists(f.tenant, store.Query{Model: "user"}, "u1", "u3")
	if n, _ := f.get("user", "u1").Int("age"); n != 4 {
		t.Errorf("age %d", n)
	}
	late := store.Begin(f.tenant)
	if _, err := late.UpdateIf(f.ctx, "user", "u1", object("age", 4), object("age", 5)); err != nil {
		t.Fatal(err)
	}
	f.apply(update("user", "u1", 0, "name", "changed meanwhile"))
	if err := late.Commit(f.ctx); !errors.Is(err, store.ErrStale) {
		t.Errorf("commit of a comparison with what is gone: %v", err)
	}
}

// testTxQueries asks a unit of work that has written what it asked for before.
func testTxQueries(t *testing.T, f *fixture) {
	for i := range 20 {
		f.apply(member(fmt.Sprintf("m%02d", i), "team", []string{"a", "b"}[i%2], "joined", day(i), "name", fmt.Sprint("Name ", i), "level", i))
	}
	tx := store.Begin(f.tenant)
	queries := []store.Query{
		{Model: "member"},
		{Model: "member", Index: "team", Key: values("a")},
		{Model: "member", Index: "joined", From: value(day(3)), To: value(day(9)), ToInclusive: true},
		{Model: "member", Index: "name", Where: []store.Condition{where("name", store.Contains, "NAME 1")}},
		{Model: "member", Index: "joined", Desc: true, Where: []store.Condition{where("level", store.Gte, 5), where("team", store.Eq, "b")}},
	}
	written := []store.Op{
		member("new1", "team", "a", "joined", day(5), "name", "name 100", "level", 100),
		member("new2", "team", "b", "joined", day(30), "name", "x", "level", 0),
		update("member", "m05", 0, "team", "a", "name", "gone"),
		update("member", "m10", 0, "joined", day(4), "name", "name 11"),
		update("member", "m06", 0, "level", 3),
		remove("member", "m11", 0),
		remove("member", "m12", 0),
	}
	if _, err := tx.Do(f.ctx, written); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		ids   []string
		count int
	}
	before := make([]answer, len(queries))
	for i, q := range queries {
		before[i].ids = f.all(tx, q)
		var err error
		if before[i].count, err = tx.Count(f.ctx, q); err != nil {
			t.Fatal(err)
		}
		for _, offset := range []int{1, 4, 50} {
			q.Offset, q.Limit = offset, 3
			page, err := tx.List(f.ctx, q)
			rest := before[i].ids[min(offset, len(before[i].ids)):]
			if err != nil || !slices.Equal(names(page.Records), rest[:min(3, len(rest))]) {
				t.Errorf("List(%+v): %v, %v; all are %v", q, names(page.Records), err, before[i].ids)
			}
		}
		for _, limit := range []int{1, 3, 100} {
			q.Limit = limit
			if n, err := tx.Count(f.ctx, q); err != nil || n != min(limit, before[i].count) {
				t.Errorf("Count(%+v): %d, %v; all are %d", q, n, err, before[i].count)
			}
		}
	}
	if _, err := tx.List(f.ctx, store.Query{Model: "member", Offset: store.MaxExamined + 1}); !errors.Is(err, store.ErrLimit) {
		t.Errorf("an offset that would read too much: %v", err)
	}
	if err := tx.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	for i, q := range queries {
		n, err := f.tenant.Count(f.ctx, q)
		if ids := f.all(f.tenant, q); err != nil || n != before[i].count || n != len(ids) || !slices.Equal(ids, before[i].ids) {
			t.Errorf("%+v: after commit %d, %v, %v; before %d, %v", q, n, ids, err, before[i].count, before[i].ids)
		}
	}
	if _, err := tx.Count(f.ctx, queries[0]); !errors.Is(err, store.ErrTxDone) {
		t.Errorf("Count after commit: %v", err)
	}
}

// testTxCountCascade counts records whose owner the unit of work has deleted.
func testTxCountCascade(t *testing.T, f *fixture) {
	f.apply(user("u1"), user("u2"), session("s1", "u1"), session("s2", "u2"), session("s3", "u2"))
	tx := store.Begin(f.tenant)
	if err := tx.Delete(f.ctx, "user", "u2"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Insert(f.ctx, "session", "s4", object("token", "t", "userId", "u1")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		q    store.Query
		want int
	}{
		{store.Query{Model: "session"}, 2},
		{store.Query{Model: "session", Limit: 1}, 1},
		{store.Query{Model: "session", Index: "userId", Key: values("u2")}, 0},
		{store.Query{Model: "user"}, 1},
	} {
		if n, err := tx.Count(f.ctx, tt.q); n != tt.want || err != nil {
			t.Errorf("Count(%+v): %d, %v; want %d", tt.q, n, err, tt.want)
		}
	}
	records, err := tx.GetMany(f.ctx, "session", []string{"s3", "s1", "s4"})
	if err != nil || !slices.Equal(names(records), []string{"s1", "s4"}) {
		t.Errorf("GetMany: %v, %v", names(records), err)
	}
}
