package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

func testRanges(t *testing.T, f *fixture) {
	for i := range 6 {
		f.apply(member(fmt.Sprint("m", i), "joined", day(i), "team", "a"), insert("pair", fmt.Sprint("p", i), "a", "x", "n", i))
	}
	f.apply(member("none", "team", "a"), insert("pair", "none", "a", "x"), insert("pair", "q", "a", "y", "n", 3))
	pair := store.Query{Model: "pair", Index: "a+n", Key: values("x")}
	tests := []struct {
		q    store.Query
		want string
	}{
		{store.Query{From: value(2), To: value(4)}, "p2 p3"},
		{store.Query{From: value(2), FromExclusive: true, To: value(4)}, "p3"},
		{store.Query{From: value(2), To: value(4), ToInclusive: true}, "p2 p3 p4"},
		{store.Query{From: value(2), FromExclusive: true, To: value(4), ToInclusive: true, Desc: true}, "p4 p3"},
		{store.Query{From: value(4)}, "p4 p5"},
		{store.Query{To: value(1), ToInclusive: true}, "none p0 p1"},
		{store.Query{From: value(nil), FromExclusive: true, To: value(2)}, "p0 p1"},
		{store.Query{To: value(nil), ToInclusive: true}, "none"},
		{store.Query{From: value(4), To: value(2)}, ""},
		{store.Query{From: value(2), FromExclusive: true, To: value(2), ToInclusive: true, Desc: true}, ""},
	}
	for _, tt := range tests {
		q := tt.q
		q.Model, q.Index, q.Key = pair.Model, pair.Index, pair.Key
		f.lists(f.tenant, q, strings.Fields(tt.want)...)
		q.Limit = 1
		f.lists(f.tenant, q, strings.Fields(tt.want)...)
	}
	ids := store.Query{Model: "pair", From: value("p1"), FromExclusive: true, To: value("p3"), ToInclusive: true}
	f.lists(f.tenant, ids, "p2", "p3")
	ids.Desc = true
	f.lists(f.tenant, ids, "p3", "p2")
	f.lists(f.tenant, store.Query{Model: "member", Index: "team+joined", Key: values("a"), From: value(day(1)), FromExclusive: true, To: value(day(3)), ToInclusive: true}, "m2", "m3")
}

// day is a date of the suite.
func day(n int) string { return fmt.Sprintf("2026-%02d-%02dT00:00:00.000Z", 1+n/28, 1+n%28) }

func testOffset(t *testing.T, f *fixture) {
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("m%02d", i))
		f.apply(member(want[i], "joined", day(i), "city", []string{"Rome", "Oslo"}[i%2], "level", i))
	}
	back := slices.Clone(want)
	slices.Reverse(back)
	for _, offset := range []int{0, 1, 7, 19, 20, 100, store.MaxOffset} {
		rest := want[min(offset, 20):]
		f.lists(f.tenant, store.Query{Model: "member", Offset: offset, Limit: 30}, rest...)
		f.lists(f.tenant, store.Query{Model: "member", Index: "joined", Offset: offset, Limit: 30}, rest...)
		f.lists(f.tenant, store.Query{Model: "member", Index: "joined", Desc: true, Offset: offset, Limit: 30}, back[min(offset, 20):]...)
	}
	for _, index := range []string{"id", "joined", "email"} {
		q := store.Query{Model: "member", Index: index, Offset: 3, Limit: 4, Where: []store.Condition{where("city", store.Eq, "Oslo")}}
		page, err := f.tenant.List(f.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		q.Offset, q.Cursor = 0, page.Cursor
		if got := append(names(page.Records), f.all(f.tenant, q)...); !slices.Equal(got, []string{"m07", "m09", "m11", "m13", "m15", "m17", "m19"}) {
			t.Errorf("by %s: %v", index, got)
		}
	}
	for _, offset := range []int{-1, store.MaxOffset + 1} {
		if _, err := f.tenant.List(f.ctx, store.Query{Model: "member", Offset: offset}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("offset %d: %v", offset, err)
		}
	}
}

func names(records []*store.Record) []string {
	ids := []string{}
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}

// testOperators asks every index and none for each operator: the answer does
// not depend on what is read.
func testOperators(t *testing.T, f *fixture) {
	f.apply(
		member("a", "team", "red", "level", 1, "joined", day(1), "active", true, "name", "Ada", "city", "A"),
		member("b", "team", "Red", "level", 2, "joined", day(2), "active", false, "name", "ada", "city", "B"),
		member("c", "team", "blue", "level", 2.5, "joined", day(3), "name", "Émile", "city", "C"),
		member("d", "team", "", "level", -1, "active", true, "name", "bob", "city", "D"),
		member("e", "team", nil, "name", nil, "city", "E"),
	)
	tests := []struct {
		c    store.Condition
		want string
	}{
		{where("team", store.Eq, "red"), "a"},
		{where("team", store.Ne, "red"), "b c d"},
		{where("team", store.Eq, nil), "e"},
		{where("team", store.Ne, nil), "a b c d"},
		{where("team", store.Lt, "blue"), "b d"},
		{where("team", store.Lte, "blue"), "b c d"},
		{where("team", store.Gt, "blue"), "a"},
		{where("team", store.Gte, "blue"), "a c"},
		{where("team", store.In, []any{"red", "blue", "red", "none"}), "a c"},
		{where("team", store.In, []any{}), ""},
		{where("team", store.NotIn, []any{"red", "blue"}), "b d"},
		{where("team", store.NotIn, []any{}), "a b c d"},
		{where("team", store.Contains, "RE"), "a b"},
		{where("team", store.Contains, ""), "a b c d"},
		{where("team", store.StartsWith, "r"), "a b"},
		{where("team", store.EndsWith, "UE"), "c"},
		{where("name", store.Eq, "Ada"), "a"},
		{where("name", store.Ne, "Ada"), "b c d"},
		{where("name", store.In, []any{"ada", "bob"}), "b d"},
		{where("name", store.Lt, "ADA"), ""},
		{where("name", store.Lte, "ADA"), "a b"},
		{where("name", store.Gt, "aDa"), "c d"},
		{where("name", store.Gte, "BOB"), "c d"},
		{where("name", store.Eq, nil), "e"},
		{where("name", store.StartsWith, "AD"), "a b"},
		{where("name", store.StartsWith, "é"), "c"},
		{where("name", store.Contains, "MIL"), "c"},
		{where("name", store.EndsWith, "B"), "d"},
		{where("level", store.Eq, 2.0), "b"},
		{where("level", store.Gt, 1), "b c"},
		{where("level", store.Lte, 2), "a b d"},
		{where("level", store.In, []any{1, 2.5}), "a c"},
		{where("joined", store.Gte, day(2)), "b c"},
		{where("joined", store.Lt, day(2)), "a"},
		{where("active", store.Eq, true), "a d"},
		{where("active", store.Ne, true), "b"},
		{where("active", store.Eq, nil), "c e"},
		{where("id", store.Eq, "c"), "c"},
		{where("id", store.Ne, "c"), "a b d e"},
		{where("id", store.In, []any{"e", "a", "x"}), "a e"},
		{where("id", store.Gt, "b"), "c d e"},
		{where("id", store.Lte, "b"), "a b"},
		{where("id", store.Eq, nil), ""},
		{where("id", store.Ne, nil), "a b c d e"},
		{where("id", store.StartsWith, "A"), "a"},
	}
	indexes := []string{"id", "email", "name", "code", "team", "joined", "ownerId", "team+joined", "active+name", "city+level"}
	for _, tt := range tests {
		want := strings.Fields(tt.want)
		for _, index := range indexes {
			q := store.Query{Model: "member", Index: index, Where: []store.Condition{tt.c}}
			got := f.all(f.tenant, q)
			q.Desc, q.Limit = true, 1
			back := f.all(f.tenant, q)
			slices.Sort(got)
			slices.Sort(back)
			q.Limit = 0
			n, err := f.tenant.Count(f.ctx, q)
			if err != nil || n != len(want) || !slices.Equal(got, want) || !slices.Equal(back, want) {
				t.Errorf("%v by %s: %v, back %v, count %d, %v; want %v", tt.c, index, got, back, n, err, want)
			}
		}
	}
}

// testConditions refuses what has no meaning.
func testConditions(t *testing.T, f *fixture) {
	many := make([]any, store.MaxIn+1)
	for i := range many {
		many[i] = i
	}
	tests := []store.Condition{
		where("nope", store.Eq, 1),
		where("notes", store.Eq, nil),
		where("level", store.Eq, "1"),
		where("level", store.Lt, nil),
		where("level", store.Eq, document.Value{}),
		where("level", "like", 1),
		where("level", "", 1),
		where("level", store.Contains, "1"),
		where("level", store.In, 1),
		where("level", store.In, []any{1, nil}),
		where("level", store.In, many),
		where("joined", store.Gt, "yesterday"),
		where("joined", store.StartsWith, "2026"),
		where("name", store.Contains, nil),
		where("name", store.Contains, 1),
		where("name", store.Contains, "\xff"),
		where("name", store.Contains, big(store.MaxSearchText+1)),
		where("name", store.Eq, "\xff"),
		where("id", store.Eq, 1),
	}
	for _, c := range tests {
		_, err := f.tenant.List(f.ctx, store.Query{Model: "member", Where: []store.Condition{c}})
		_, countErr := f.tenant.Count(f.ctx, store.Query{Model: "member", Where: []store.Condition{c}})
		if !errors.Is(err, store.ErrInvalid) || !errors.Is(countErr, store.ErrInvalid) {
			t.Errorf("%v: List %v, Count %v", c, err, countErr)
		}
	}
	q := store.Query{Model: "member", Where: make([]store.Condition, store.MaxConditions+1)}
	for i := range q.Where {
		q.Where[i] = where("level", store.Ne, i)
	}
	if _, err := f.tenant.List(f.ctx, q); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("%d conditions: %v", len(q.Where), err)
	}
	q.Where = q.Where[1:]
	f.lists(f.tenant, q)
}

// testSearch looks for texts that mean something to a database or in a key.
func testSearch(t *testing.T, f *fixture) {
	texts := []string{
		"ada", "Ada%", "a_a", `a\%`, "100%", "50", "a'b", `a"b`, "", " ", "\x00", "a\x00b", "\x01", "a\x01", "\x00\xff"[:1] + "z",
		"ÀÉ", "àé", "straße", "ИВАН", "иван", "😀", "ａ", "x.y", "xzy", "(ada)", "a+", "[a]", "--", ";", "ab", "abc",
	}
	for i, text := range texts {
		// Ids that hold the texts, too: a key ends with one.
		f.apply(member(fmt.Sprintf("m%02d-ada-abc", i), "name", text, "nick", text, "code", fmt.Sprint("Code ", text)))
	}
	for _, needle := range append(texts, "A", "b", "%", "_", "DA", "а", "m0", "code", "nothing") {
		for _, op := range []store.Operator{store.Contains, store.StartsWith, store.EndsWith} {
			var want []string
			for i, text := range texts {
				if refSearch(op, text, needle) {
					want = append(want, fmt.Sprintf("m%02d-ada-abc", i))
				}
			}
			byIndex := store.Query{Model: "member", Index: "name", Where: []store.Condition{where("name", op, needle)}}
			got := f.all(f.tenant, byIndex)
			slices.Sort(got)
			n, err := f.tenant.Count(f.ctx, byIndex)
			if diff := cmp.Diff(want, got, equateEmpty); diff != "" || n != len(want) || err != nil {
				t.Errorf("%s %q: count %d, %v (-want +got):\n%s", op, needle, n, err, diff)
			}
			f.lists(f.tenant, store.Query{Model: "member", Where: []store.Condition{where("nick", op, needle)}}, want...)
			f.lists(f.tenant, store.Query{Model: "member", Where: []store.Condition{where("name", op, needle), where("name", store.Contains, "")}}, want...)
		}
	}
	f.lists(f.tenant, store.Query{Model: "member", Index: "email", Where: []store.Condition{where("email", store.EndsWith, "ABC@Example.com"), where("email", store.Contains, "3"), where("email", store.StartsWith, "M0")}}, "m03-ada-abc")
	f.lists(f.tenant, store.Query{Model: "member", Where: []store.Condition{where("code", store.StartsWith, "cODE a"), where("code", store.EndsWith, "B")}}, "m06-ada-abc", "m07-ada-abc", "m11-ada-abc", "m29-ada-abc")
}

var equateEmpty = cmp.Transformer("nil", func(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
})

// refSearch is what a search means, for texts of up to MaxSearched bytes.
func refSearch(op store.Operator, text, needle string) bool {
	text, needle = strings.ToLower(text), strings.ToLower(needle)
	switch op {
	case store.Contains:
		return strings.Contains(text, needle)
	case store.StartsWith:
		return strings.HasPrefix(text, needle)
	default:
		return strings.HasSuffix(text, needle)
	}
}

// testLongTexts searches texts of which keys hold a part.
func testLongTexts(t *testing.T, f *fixture) {
	f.apply(
		member("fits", "name", big(store.MaxSearched-3)+"end"),
		member("long", "name", big(store.MaxSearched)+"end"),
		member("late", "name", big(store.MaxSearched-4)+"early and late"),
		member("nuls", "name", strings.Repeat("\x00", store.MaxSearched)+"x"),
	)
	for _, index := range []string{"name", "id"} {
		lists := func(op store.Operator, needle string, want ...string) {
			t.Helper()
			got := f.all(f.tenant, store.Query{Model: "member", Index: index, Where: []store.Condition{where("name", op, needle)}})
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("by %s, %s %q: %v; want %v", index, op, needle, got, want)
			}
		}
		lists(store.EndsWith, "XEND", "fits")
		lists(store.Contains, "end", "fits")
		lists(store.EndsWith, "late")
		lists(store.Contains, "earl", "late")
		lists(store.Contains, "late")
		lists(store.StartsWith, big(store.MaxSearchText), "fits", "late", "long")
		lists(store.Contains, "\x00\x00", "nuls")
	}
}

func testFold(t *testing.T, f *fixture) {
	f.apply(member("m1", "name", "ada"), member("m2", "name", "Ada"), member("m3", "name", "ADA"), member("m4", "name", "Bob"), member("m5", "name", "adb"))
	f.lists(f.tenant, store.Query{Model: "member", Index: "name"}, "m1", "m2", "m3", "m5", "m4")
	f.lists(f.tenant, store.Query{Model: "member", Index: "name", Desc: true}, "m4", "m5", "m3", "m2", "m1")
	f.lists(f.tenant, store.Query{Model: "member", Index: "name", Key: values("aDA")}, "m1", "m2", "m3")
	f.lists(f.tenant, store.Query{Model: "member", Index: "name", From: value("ADB"), To: value("BOB"), ToInclusive: true}, "m5", "m4")
	f.lists(f.tenant, store.Query{Model: "member", Index: "active+name", Key: values(nil)}, "m1", "m2", "m3", "m5", "m4")
	err := f.tenant.Apply(f.ctx, []store.Op{insert("member", "m6", "email", "M1@EXAMPLE.com")})
	f.conflicts("member", "email", "m6", err)
	if r, err := f.tenant.Find(f.ctx, "member", "email", value("M1@Example.COM")); err != nil || r.ID != "m1" || r.Str("email") != "m1@example.com" {
		t.Errorf("Find: %v, %v", r, err)
	}
	f.apply(update("member", "m1", 0, "email", "M1@Example.com"))
	if r, err := f.tenant.Consume(f.ctx, "member", "email", value("m1@EXAMPLE.com")); err != nil || r.Str("email") != "M1@Example.com" {
		t.Errorf("Consume: %v, %v", r, err)
	}
	grown := Schema()
	team := &grown.Model("member").Fields[4]
	team.Fold = true
	f.apply(member("m7", "team", "Blue", "joined", day(2)), member("m8", "team", "blue", "joined", day(1)))
	second := f.open(f.id, grown)
	for _, tenant := range []store.Tenant{f.tenant, second} {
		f.lists(tenant, store.Query{Model: "member", Index: "team", Key: values("BLUE")}, "m7", "m8")
		f.lists(tenant, store.Query{Model: "member", Index: "team+joined", Key: values("BLUE")}, "m8", "m7")
	}
	broken := Schema()
	broken.Model("member").Fields[4].Fold, broken.Model("member").Fields[4].Unique = true, true
	if _, err := f.store.Open(f.ctx, f.id, broken); !errors.Is(err, store.ErrConflict) {
		t.Errorf("texts that differ in case made unique without: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

func testCount(t *testing.T, f *fixture) {
	for i := range 30 {
		f.apply(member(fmt.Sprintf("m%02d", i), "team", []string{"a", "b", "c"}[i%3], "joined", day(i), "level", i%4))
	}
	tests := []struct {
		q    store.Query
		want int
	}{
		{store.Query{}, 30},
		{store.Query{Index: "email"}, 30},
		{store.Query{Index: "ownerId"}, 30},
		{store.Query{Limit: 7}, 7},
		{store.Query{Limit: 30}, 30},
		{store.Query{Limit: 5000}, 30},
		{store.Query{Offset: 9, Desc: true}, 30},
		{store.Query{Index: "team", Key: values("b")}, 10},
		{store.Query{Index: "team", Key: values("b"), Limit: 3}, 3},
		{store.Query{Index: "joined", From: value(day(5)), To: value(day(9))}, 4},
		{store.Query{Index: "team+joined", Key: values("b"), From: value(day(5)), FromExclusive: true}, 8},
		{store.Query{Where: []store.Condition{where("level", store.Eq, 1)}}, 8},
		{store.Query{Where: []store.Condition{where("level", store.Eq, 1)}, Limit: 2}, 2},
		{store.Query{Index: "email", Where: []store.Condition{where("email", store.Contains, "M1")}}, 10},
		{store.Query{Index: "email", Where: []store.Condition{where("email", store.Contains, "m1")}, Limit: 4}, 4},
		{store.Query{Index: "email", Where: []store.Condition{where("email", store.Contains, "m1"), where("team", store.Eq, "a")}}, 3},
		{store.Query{From: value("m05"), To: value("m10")}, 5},
		{store.Query{Index: "team", Key: values("none")}, 0},
	}
	for _, tt := range tests {
		tt.q.Model = "member"
		if n, err := f.tenant.Count(f.ctx, tt.q); n != tt.want || err != nil {
			t.Errorf("Count(%+v): %d, %v; want %d", tt.q, n, err, tt.want)
		}
	}
	page, err := f.tenant.List(f.ctx, store.Query{Model: "member", Limit: 12})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.tenant.Count(f.ctx, store.Query{Model: "member", Cursor: page.Cursor}); n != 18 || err != nil {
		t.Errorf("Count after a cursor: %d, %v", n, err)
	}
	if _, err := f.tenant.Count(f.ctx, store.Query{Model: "nope"}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Count of an unknown model: %v", err)
	}
}

func testGetMany(t *testing.T, f *fixture) {
	f.apply(user("u1"), user("u2"), user("u3"))
	get := func(from interface {
		GetMany(ctx context.Context, model string, ids []string) ([]*store.Record, error)
	}, want string, ids ...string) {
		t.Helper()
		records, err := from.GetMany(f.ctx, "user", ids)
		if got := names(records); err != nil || !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("GetMany(%q): %v, %v; want %v", ids, got, err, want)
		}
	}
	get(f.tenant, "u3 u1", "u3", "x", "u1", "", "u3", "\x00", "\xff", big(5000))
	get(f.tenant, "")
	tx := store.Begin(f.tenant)
	get(tx, "u2 u1", "u2", "u1")
	if _, err := tx.Insert(f.ctx, "user", "u0", user("u0").Fields); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Update(f.ctx, "user", "u2", object("name", "new")); err != nil {
		t.Fatal(err)
	}
	if err := tx.Delete(f.ctx, "user", "u1"); err != nil {
		t.Fatal(err)
	}
	get(tx, "u3 u0 u2", "u3", "u1", "u0", "u2", "u0")
	if records, err := tx.GetMany(f.ctx, "user", []string{"u2"}); err != nil || records[0].Str("name") != "new" {
		t.Errorf("GetMany of a changed record: %v, %v", records, err)
	}
	for _, from := range []interface {
		GetMany(ctx context.Context, model string, ids []string) ([]*store.Record, error)
	}{f.tenant, tx} {
		if _, err := from.GetMany(f.ctx, "user", make([]string, store.MaxLimit+1)); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("too many ids: %v", err)
		}
		if _, err := from.GetMany(f.ctx, "nope", []string{"u1"}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("an unknown model: %v", err)
		}
	}
}

// testBudget gives queries less to read than they need.
func testBudget(t *testing.T, f *fixture) {
	for i := range 100 {
		f.apply(member(fmt.Sprintf("m%02d", i), "name", fmt.Sprint("Name ", i), "joined", day(i), "level", i, "city", "x"))
	}
	entries := func(n int) store.Budget { return store.Budget{Entries: n} }
	records := func(n int) store.Budget { return store.Budget{Records: n} }
	contains := []store.Condition{where("name", store.Contains, "9")} // 9, 19, …, 89, 90, …, 99
	level := []store.Condition{where("level", store.Gte, 40)}
	tests := []struct {
		q     store.Query
		list  int // records of the first page; negative for a LimitError
		count int
	}{
		{store.Query{Index: "name", Where: contains, Budget: entries(100)}, 19, 19},
		{store.Query{Index: "name", Where: contains, Budget: entries(99)}, -1, -1},
		{store.Query{Index: "name", Where: contains, Budget: entries(99), Limit: 3}, 3, 3},
		{store.Query{Index: "name", Where: contains, Budget: entries(13), Limit: 1}, 1, 1},
		{store.Query{Index: "name", Where: contains, Budget: entries(11), Limit: 1}, -1, -1},
		{store.Query{Index: "name", Where: contains, Budget: records(1)}, 19, 19},
		{store.Query{Index: "name", Budget: store.Budget{Entries: 1, Records: 1}}, 100, -1},
		{store.Query{Index: "joined", Offset: 60, Budget: entries(50)}, -1, -1},
		{store.Query{Index: "joined", Offset: 60, Budget: entries(100)}, 40, 100},
		{store.Query{Index: "joined", Where: level, Budget: records(100)}, 60, 60},
		{store.Query{Index: "joined", Where: level, Budget: records(99)}, -1, -1},
		{store.Query{Index: "joined", Where: level, Budget: records(40), Limit: 1}, -1, -1},
		{store.Query{Index: "joined", Where: level, Budget: records(41), Limit: 1}, 1, 1},
		{store.Query{Where: level, Budget: entries(99)}, -1, -1},
		{store.Query{Index: "city+level", Where: append(level, where("city", store.Eq, "x")), Budget: records(1)}, 60, 60},
	}
	for _, tt := range tests {
		tt.q.Model = "member"
		page, err := f.tenant.List(f.ctx, tt.q)
		if tt.list < 0 && !errors.Is(err, store.ErrLimit) || tt.list >= 0 && (err != nil || len(page.Records) != tt.list) {
			t.Errorf("List(%+v): %d records, %v; want %d", tt.q, len(page.Records), err, tt.list)
		}
		n, err := f.tenant.Count(f.ctx, tt.q)
		if tt.count < 0 && !errors.Is(err, store.ErrLimit) || tt.count >= 0 && (err != nil || n != tt.count) {
			t.Errorf("Count(%+v): %d, %v; want %d", tt.q, n, err, tt.count)
		}
	}
	// A full page has a cursor, although what comes after it was too far.
	q := store.Query{Model: "member", Index: "name", Where: contains, Budget: entries(40), Limit: 2}
	page, err := f.tenant.List(f.ctx, q)
	if err != nil || page.Cursor == "" {
		t.Fatalf("List: %v, cursor %q", err, page.Cursor)
	}
	q.Cursor, q.Limit, q.Budget = page.Cursor, 0, store.Budget{}
	if rest := f.all(f.tenant, q); len(rest) != 17 {
		t.Errorf("%d records after the page", len(rest))
	}
}
