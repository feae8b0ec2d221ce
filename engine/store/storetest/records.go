package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

func testRecords(t *testing.T, f *fixture) {
	f.gone("user", "u1")
	f.apply(insert("user", "u1", "email", "a@example.com", "id", "ignored", "name", "Ann", "age", nil))
	want := `{"email":"a@example.com","name":"Ann","age":null,"id":"u1"}`
	if got := text(f.get("user", "u1")); got != want {
		t.Fatalf("after insert: %s; want %s", got, want)
	}
	f.apply(update("user", "u1", 0, "age", 41, "admin", true, "name", "Anna"))
	want = `{"email":"a@example.com","name":"Anna","age":41,"admin":true,"id":"u1"}`
	if got := text(f.get("user", "u1")); got != want {
		t.Fatalf("after update: %s; want %s", got, want)
	}
	found, err := f.tenant.Find(f.ctx, "user", "email", value("a@example.com"))
	if err != nil || text(found) != want {
		t.Fatalf("Find: %v, %v", found, err)
	}
	byID, err := f.tenant.Find(f.ctx, "user", "id", value("u1"))
	if err != nil || text(byID) != want {
		t.Fatalf("Find by id: %v, %v", byID, err)
	}
	found.Fields.Set("name", document.Text("changed by the caller"))
	if got := text(f.get("user", "u1")); got != want {
		t.Fatalf("a caller changed the stored record: %s", got)
	}
	err = f.tenant.Apply(f.ctx, []store.Op{insert("user", "u1", "name", "x", "email", "x@example.com")})
	f.conflicts("user", "id", "u1", err)
	f.refused(store.ErrNotFound, update("user", "u2", 0, "name", "x"))
	f.apply(remove("user", "u1", 0))
	f.gone("user", "u1")
	if _, err := f.tenant.Find(f.ctx, "user", "email", value("a@example.com")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Find of a deleted record: %v", err)
	}
	f.apply(remove("user", "u1", 0))
	f.apply()
}

func testVersions(t *testing.T, f *fixture) {
	f.apply(user("u1"))
	if v := f.get("user", "u1").Version; v != 1 {
		t.Fatalf("version %d after insert", v)
	}
	f.apply(update("user", "u1", 1, "age", 1))
	f.apply(update("user", "u1", 0, "age", 2), update("user", "u1", 3, "age", 3))
	if v := f.get("user", "u1").Version; v != 4 {
		t.Fatalf("version %d after three updates", v)
	}
	f.refused(store.ErrStale, update("user", "u1", 3, "age", 9))
	f.refused(store.ErrStale, remove("user", "u1", 3))
	f.refused(store.ErrStale, update("user", "missing", 1, "age", 9))
	f.refused(store.ErrConflict, remove("user", "missing", 1))
	if n, _ := f.get("user", "u1").Int("age"); n != 3 {
		t.Fatalf("a stale write was applied: age %d", n)
	}
	f.apply(remove("user", "u1", 4))
	f.gone("user", "u1")
}

func testValues(t *testing.T, f *fixture) {
	json, err := document.Parse([]byte(`{"b":[1,{"c":null}],"a":"ü€😀\u0000\u001f\"\\","z":-1.5e300,"big":123456789012345678901234567890}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		field string
		value document.Value
	}{
		{"name", value("")},
		{"name", value("line\nbreak\ttab\x00nul 😀 \u2028 end")},
		{"name", value(big(200_000))},
		{"age", value(0)},
		{"age", value(-9007199254740991)},
		{"age", value(1.5)},
		{"age", value(1e-300)},
		{"admin", value(true)},
		{"admin", value(false)},
		{"createdAt", value("2026-01-02T03:04:05.678Z")},
		{"extra", json},
		{"extra", document.List()},
		{"extra", document.Obj(document.NewObject(0))},
		{"extra", value("text")},
		{"extra", value(12)},
		{"extra", value(nil)},
	}
	f.apply(user("u1"))
	for _, c := range cases {
		f.apply(store.Op{Kind: store.Update, Model: "user", ID: "u1", Fields: document.NewObject(1).Set(c.field, c.value)})
		got := f.get("user", "u1").Get(c.field)
		if string(got.JSON()) != string(c.value.JSON()) {
			t.Errorf("%s: stored %.80s, got %.80s", c.field, c.value.JSON(), got.JSON())
		}
	}
}

// testNames stores ids and keys with characters that mean something somewhere.
func testNames(t *testing.T, f *fixture) {
	names := []string{"a", "A", "a b", "a/b", `a\b`, "a'b", `a"b`, "a%b", "a_b", "a:b", "a+b", "%", "ü", "\u00e9", "e\u0301", "😀", "--", ";drop", "a\u00a0b", big(store.MaxID)}
	for i, name := range names {
		f.apply(insert("user", name, "name", "n", "email", name, "age", i))
	}
	for i, name := range names {
		if n, _ := f.get("user", name).Int("age"); n != int64(i) {
			t.Errorf("id %q: record of %d", name, n)
		}
		r, err := f.tenant.Find(f.ctx, "user", "email", value(name))
		if err != nil || r.ID != name {
			t.Errorf("key %q: %v, %v", name, r, err)
		}
	}
	for _, key := range []string{"\x00", "a\x00", "a\x00b", "a\x00\x01", "\x00\x00"} {
		f.apply(insert("user", "id-"+string(document.Text(key).JSON()), "name", "n", "email", key))
		if r, err := f.tenant.Find(f.ctx, "user", "email", value(key)); err != nil || r.Str("email") != key {
			t.Errorf("key %q: %v, %v", key, r, err)
		}
	}
}

func testInvalid(t *testing.T, f *fixture) {
	cases := map[string]store.Op{
		"unknown model":      insert("nobody", "u1"),
		"unknown field":      user("u1", "color", "red"),
		"missing field":      insert("user", "u1", "email", "a@example.com"),
		"null required":      user("u1", "name", nil),
		"string for number":  user("u1", "age", "41"),
		"number for string":  user("u1", "username", 1),
		"string for boolean": user("u1", "admin", "true"),
		"no date":            user("u1", "createdAt", "yesterday"),
		"date without ms":    user("u1", "createdAt", "2026-01-02T03:04:05Z"),
		"broken text":        user("u1", "username", "\xff"),
		"no id":              insert("user", "", "name", "n", "email", "e"),
		"long id":            user(big(store.MaxID + 1)),
		"control in id":      user("a\nb"),
		"broken id":          insert("user", "\xff", "name", "n", "email", "e"),
		"too big":            user("u1", "extra", big(store.MaxRecordBytes)),
		"no kind":            {Model: "user", ID: "u1"},
	}
	for name, op := range cases {
		err := f.tenant.Apply(f.ctx, []store.Op{op})
		var invalid *store.InvalidError
		if !errors.As(err, &invalid) || !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v; want an InvalidError", name, err)
		}
	}
	f.apply(user("u1", "extra", big(store.MaxRecordBytes/2)))
	f.refused(store.ErrInvalid, update("user", "u1", 0, "name", big(store.MaxRecordBytes/2)))
	f.refused(store.ErrInvalid, update("user", "u1", 0, "email", nil))
	many := make([]store.Op, store.MaxOps+1)
	for i := range many {
		many[i] = remove("user", "u1", 0)
	}
	f.refused(store.ErrInvalid, many...)
	for _, id := range []string{"", "a\x00", "\xff", big(5000)} {
		if _, err := f.tenant.Get(f.ctx, "user", id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get(%.20q): %v; want ErrNotFound", id, err)
		}
	}
	if _, err := f.tenant.Get(f.ctx, "nobody", "x"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Get of an unknown model: %v", err)
	}
	queries := []store.Query{
		{Model: "nobody"},
		{Model: "user", Index: "name"},
		{Model: "user", Index: "email", Key: values("a", "b")},
		{Model: "user", Index: "email", Key: values("a"), From: value("b")},
		{Model: "user", Cursor: "%%%"},
		{Model: "user", Key: values("\xff")},
		{Model: "user", From: value(1)},
	}
	for _, q := range queries {
		if _, err := f.tenant.List(f.ctx, q); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("List(%+v): %v; want ErrInvalid", q, err)
		}
	}
	for _, id := range []store.TenantID{"", "a\x00", "\xff", store.TenantID(big(store.MaxTenantID + 1))} {
		if _, err := f.store.Open(f.ctx, id, Schema()); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Open(%q): %v; want ErrInvalid", id, err)
		}
	}
}

func testBatch(t *testing.T, f *fixture) {
	f.apply(user("u1"))
	f.refused(store.ErrConflict,
		user("u2"),
		update("user", "u1", 0, "name", "changed"),
		insert("user", "u3", "name", "n", "email", "u1@example.com"))
	f.gone("user", "u2")
	if got := f.get("user", "u1").Str("name"); got != "u1" {
		t.Fatalf("a refused batch changed a record: %s", got)
	}
	f.apply(user("u2"), session("s1", "u2"), update("user", "u2", 1, "age", 5), remove("user", "u1", 0))
	f.gone("user", "u1")
	if diff := cmp.Diff(`{"name":"u2","email":"u2@example.com","age":5,"id":"u2"}`, text(f.get("user", "u2"))); diff != "" {
		t.Fatal(diff)
	}
	f.apply(user("u1"), remove("user", "u1", 0))
	f.gone("user", "u1")
	f.apply(remove("user", "u2", 0), user("u2", "age", 7))
	if r := f.get("user", "u2"); r.Version != 1 {
		t.Fatalf("a record that was deleted and inserted has version %d", r.Version)
	}
	f.gone("session", "s1")
	f.refused(store.ErrConflict, user("u5", "username", "same"), user("u6", "username", "same"))
}

// testSwap moves unique values between records in one step.
func testSwap(t *testing.T, f *fixture) {
	f.apply(user("u1", "username", "one"), user("u2", "username", "two"))
	f.apply(update("user", "u1", 0, "username", "two"), update("user", "u2", 0, "username", "one"))
	for id, want := range map[string]string{"u1": "two", "u2": "one"} {
		if r, err := f.tenant.Find(f.ctx, "user", "username", value(want)); err != nil || r.ID != id {
			t.Fatalf("Find(%s): %v, %v; want %s", want, r, err, id)
		}
	}
	f.apply(user("u3", "username", "three"))
	f.apply(user("u4", "username", "three"), remove("user", "u3", 0))
}

func testGuard(t *testing.T, f *fixture) {
	guard := func(id string, version uint64) store.Op {
		return store.Op{Kind: store.Guard, Model: "user", ID: id, Version: version}
	}
	f.apply(user("u1"))
	f.apply(guard("u1", 1), user("u2"))
	f.apply(guard("u1", 0), user("u3"))
	if v := f.get("user", "u1").Version; v != 1 {
		t.Fatalf("a guard made version %d", v)
	}
	f.refused(store.ErrStale, guard("u1", 2), user("u4"))
	f.refused(store.ErrStale, guard("missing", 0), user("u4"))
	f.gone("user", "u4")
}
