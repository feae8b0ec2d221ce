package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/store"
)

func testUnique(t *testing.T, f *fixture) {
	f.apply(user("u1"), user("u2", "username", "two"))
	err := f.tenant.Apply(f.ctx, []store.Op{insert("user", "u3", "name", "n", "email", "u1@example.com")})
	f.conflicts("user", "email", "u3", err)
	err = f.tenant.Apply(f.ctx, []store.Op{update("user", "u1", 0, "username", "two")})
	f.conflicts("user", "username", "u1", err)
	f.apply(update("user", "u2", 0, "username", nil))
	f.apply(update("user", "u1", 0, "username", "two"))
	f.apply(update("user", "u1", 0, "username", "two", "name", "same key again"))
	f.apply(insert("user", "u4", "name", "n", "email", "U1@example.com"))
	f.apply(remove("user", "u1", 0))
	f.apply(insert("user", "u5", "name", "n", "email", "u1@example.com", "username", "two"))
	if r, err := f.tenant.Find(f.ctx, "user", "username", value("two")); err != nil || r.ID != "u5" {
		t.Fatalf("Find: %v, %v", r, err)
	}
}

func testUniqueNull(t *testing.T, f *fixture) {
	f.apply(user("u1"), user("u2", "username", nil), user("u3"))
	f.lists(f.tenant, store.Query{Model: "user", Index: "username", Key: values(nil)}, "u1", "u2", "u3")
	f.apply(insert("pair", "p1", "a", "x"), insert("pair", "p2", "a", "x"), insert("pair", "p3", "a", "x", "b", "y"))
	err := f.tenant.Apply(f.ctx, []store.Op{insert("pair", "p4", "a", "x", "b", "y")})
	f.conflicts("pair", "a+b", "p4", err)
	f.lists(f.tenant, store.Query{Model: "pair", Index: "a+b", Key: values("x")}, "p1", "p2", "p3")
}

func testReferences(t *testing.T, f *fixture) {
	err := f.tenant.Apply(f.ctx, []store.Op{session("s1", "nobody")})
	f.conflicts("session", "userId", "s1", err)
	f.apply(session("s1", "u1"), user("u1"))
	err = f.tenant.Apply(f.ctx, []store.Op{update("session", "s1", 0, "userId", "nobody")})
	f.conflicts("session", "userId", "s1", err)
	f.refused(store.ErrConflict, remove("user", "u1", 0), session("s2", "u1"))
	f.get("session", "s1")
	f.apply(insert("device", "d1", "sessionId", nil))
}

func testCascade(t *testing.T, f *fixture) {
	f.apply(user("u1"), user("u2"))
	for i := range 30 {
		s := fmt.Sprint("s", i)
		f.apply(session(s, "u1"), insert("device", "d"+s, "sessionId", s))
	}
	f.apply(session("other", "u2"))
	f.apply(
		insert("device", "x", "parentId", "z"),
		insert("device", "y", "parentId", "x"),
		insert("device", "z", "parentId", "y", "sessionId", "s3"))
	// A session that leaves in the same step stays; one that comes goes.
	f.apply(update("session", "s0", 0, "userId", "u2"), update("session", "other", 0, "userId", "u1"), remove("user", "u1", 0))
	f.lists(f.tenant, store.Query{Model: "session"}, "s0")
	f.lists(f.tenant, store.Query{Model: "device"}, "ds0")
	f.lists(f.tenant, store.Query{Model: "session", Index: "userId", Key: values("u1")})
	f.lists(f.tenant, store.Query{Model: "session", Index: "userId", Key: values("u2")}, "s0")
	if r, err := f.tenant.Consume(f.ctx, "user", "email", value("u2@example.com")); err != nil || r.ID != "u2" {
		t.Fatalf("Consume: %v, %v", r, err)
	}
	f.lists(f.tenant, store.Query{Model: "device"})
}

func testOrder(t *testing.T, f *fixture) {
	numbers := []float64{-1e300, -2, -1.5, -1, -1e-9, 0, 1e-9, 0.5, 1, 2, 10, 9007199254740991, 1e300}
	var want []string
	for i, n := range numbers {
		id := fmt.Sprintf("n%02d", i)
		want = append(want, id)
		f.apply(user(id, "age", n, "createdAt", fmt.Sprintf("2026-01-%02dT00:00:00.000Z", i+1)))
	}
	f.apply(user("none"))
	f.lists(f.tenant, store.Query{Model: "user", Index: "age"}, append([]string{"none"}, want...)...)
	f.lists(f.tenant, store.Query{Model: "user", Index: "age", From: value(-1), To: value(1)}, want[3:8]...)
	f.lists(f.tenant, store.Query{Model: "user", Index: "age", From: value(0.75)}, want[8:]...)
	f.lists(f.tenant, store.Query{Model: "user", Index: "createdAt", To: value("2026-01-03T00:00:00.000Z"), From: value("2000")}, want[:2]...)
	back := slices.Clone(want)
	slices.Reverse(back)
	f.lists(f.tenant, store.Query{Model: "user", Index: "age", Desc: true}, append(back, "none")...)
	f.lists(f.tenant, store.Query{Model: "user", Index: "createdAt", Desc: true, To: value("2026-01-03T00:00:00.000Z"), From: value("2000")}, want[1], want[0])
	f.lists(f.tenant, store.Query{Model: "user", Desc: true, From: value("n03"), To: value("n06")}, "n05", "n04", "n03")
	f.lists(f.tenant, store.Query{Model: "user", Key: values("n03")}, "n03")

	words := []string{"", "\x00", "\x00\x00", "\x00a", "\x01", "A", "B", "a", "a\x00", "a\x00b", "a\x01", "aa", "ab", "b", "ü", "😀"}
	want = nil
	for i, w := range words {
		id := fmt.Sprintf("p%02d", i)
		want = append(want, id)
		f.apply(insert("pair", id, "a", "words", "b", w))
	}
	f.lists(f.tenant, store.Query{Model: "pair", Index: "a+b", Key: values("words")}, want...)
	if diff := cmp.Diff(want, f.all(f.tenant, store.Query{Model: "pair", Index: "a+b", Limit: 3})); diff != "" {
		t.Fatalf("page by page (-want +got):\n%s", diff)
	}
}

// testComposite makes sure that the parts of a key do not run into each other.
func testComposite(t *testing.T, f *fixture) {
	pairs := [][2]string{{"a", "bc"}, {"ab", "c"}, {"abc", ""}, {"", "abc"}, {"a\x00", "b"}, {"a", "\x00b"}, {"a\x00\x01", ""}, {"a", "\x01"}}
	for i, p := range pairs {
		f.apply(insert("pair", fmt.Sprint("p", i), "a", p[0], "b", p[1], "n", i))
	}
	for i, p := range pairs {
		f.lists(f.tenant, store.Query{Model: "pair", Index: "a+b", Key: values(p[0], p[1])}, fmt.Sprint("p", i))
		f.lists(f.tenant, store.Query{Model: "pair", Index: "a+n", Key: values(p[0]), From: value(i), To: value(i + 1)}, fmt.Sprint("p", i))
	}
	f.lists(f.tenant, store.Query{Model: "pair", Index: "a+b", Key: values("a")}, "p5", "p7", "p0")
	f.lists(f.tenant, store.Query{Model: "pair", Index: "a+n", Key: values("a"), Desc: true}, "p7", "p5", "p0")
}

// testLongKeys indexes texts that no database would take as a key.
func testLongKeys(t *testing.T, f *fixture) {
	same := big(5000)
	f.apply(insert("user", "u1", "name", "n", "email", same+"1"), insert("user", "u2", "name", "n", "email", same+"2"), insert("user", "u3", "name", "n", "email", big(512)))
	for id, key := range map[string]string{"u1": same + "1", "u2": same + "2", "u3": big(512)} {
		if r, err := f.tenant.Find(f.ctx, "user", "email", value(key)); err != nil || r.ID != id {
			t.Errorf("Find(%s): %v, %v", id, r, err)
		}
	}
	err := f.tenant.Apply(f.ctx, []store.Op{insert("user", "u4", "name", "n", "email", same+"2")})
	f.conflicts("user", "email", "u4", err)
	f.lists(f.tenant, store.Query{Model: "user", Index: "email", Key: values(same)})
}

func testPages(t *testing.T, f *fixture) {
	var ops []store.Op
	var want []string
	for i := range 250 {
		id := fmt.Sprintf("u%03d", i)
		want = append(want, id)
		ops = append(ops, user(id, "age", i%3))
	}
	f.apply(ops...)
	page, err := f.tenant.List(f.ctx, store.Query{Model: "user"})
	if err != nil || len(page.Records) != store.DefaultLimit || page.Cursor == "" {
		t.Fatalf("default page: %d records, cursor %q, %v", len(page.Records), page.Cursor, err)
	}
	for _, limit := range []int{0, 1, 7, 125, 249, 250, 251, store.MaxLimit + 1} {
		f.lists(f.tenant, store.Query{Model: "user", Limit: limit}, want...)
	}
	back := slices.Clone(want)
	slices.Reverse(back)
	f.lists(f.tenant, store.Query{Model: "user", Limit: 49, Desc: true}, back...)
	var ones, onesBack []string
	for i := 1; i < 250; i += 3 {
		ones = append(ones, want[i])
		onesBack = append([]string{want[i]}, onesBack...)
	}
	f.lists(f.tenant, store.Query{Model: "user", Index: "age", Key: values(1), Limit: 10}, ones...)
	f.lists(f.tenant, store.Query{Model: "user", Index: "age", Key: values(1), Limit: 10, Desc: true}, onesBack...)
}

// testPagesWhileWriting walks while records before and after the cursor come
// and go.
func testPagesWhileWriting(t *testing.T, f *fixture) {
	for i := range 40 {
		f.apply(user(fmt.Sprintf("m%02d", i), "age", i))
	}
	for _, q := range []store.Query{{Model: "user", Limit: 4}, {Model: "user", Index: "age", Limit: 4}, {Model: "user", Index: "age", Limit: 4, Desc: true}} {
		seen := map[string]int{}
		for step := 0; ; step++ {
			page, err := f.tenant.List(f.ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				seen[r.ID]++
			}
			if page.Cursor == "" {
				break
			}
			q.Cursor = page.Cursor
			f.apply(user(fmt.Sprintf("a%02d", step), "age", -step-1), user(fmt.Sprintf("z%02d", step), "age", 100+step))
			if step > 0 {
				last := fmt.Sprintf("%02d", step-1)
				f.apply(remove("user", "a"+last, 0), remove("user", "z"+last, 0))
			}
			if step > 100 {
				t.Fatal("the walk does not end")
			}
		}
		for i := range 40 {
			if id := fmt.Sprintf("m%02d", i); seen[id] != 1 {
				t.Errorf("%+v: %s was returned %d times", q, id, seen[id])
			}
		}
		for _, r := range f.all(f.tenant, store.Query{Model: "user"}) {
			if r[0] != 'm' {
				f.apply(remove("user", r, 0))
			}
		}
	}
}
