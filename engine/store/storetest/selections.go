package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// dice give numbers that look random and are the same in each run (Knuth's
// MMIX generator).
type dice uint64

// roll returns a number from 0 to n-1.
func (d *dice) roll(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(uint64(*d)>>33) % n
}

// The values that members of the selections have, null for none. They are
// few, so that many members have the same.
var population = map[string][]any{
	"name":   {nil, "Ada", "ada", "ADA", "Bob", "bobby", "Émile", "émilie", "zoe"},
	"nick":   {nil, "x", "X", "y%", "_y"},
	"team":   {nil, "red", "Red", "blue", "green"},
	"level":  {nil, -1, 0, 1.5, 2, 10},
	"joined": {nil, day(0), day(1), day(2), day(3), day(40)},
	"active": {nil, true, false},
}

// populate adds members with random values, and returns them as the reference
// sees them.
func populate(d *dice, n int, insert func(id string, fields *document.Object)) {
	for i := range n {
		id := fmt.Sprintf("m%02d-%c", i, 'a'+d.roll(26))
		fields := object("email", fmt.Sprintf("u%d@%s.example", i, []string{"one", "two"}[i%2]))
		if i%3 > 0 {
			fields.Set("code", value(fmt.Sprintf("%c%d", 'z'-i%5, i)))
		}
		for _, name := range fieldsOf(population) {
			if v := population[name][d.roll(len(population[name]))]; d.roll(10) > 0 {
				fields.Set(name, value(v))
			}
		}
		insert(id, fields)
	}
}

func fieldsOf(of map[string][]any) []string {
	var out []string
	for name := range of {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// randomSelection asks for members by up to three conditions, in any order.
func randomSelection(d *dice) store.Selection {
	sel := store.Selection{Model: "member", Desc: d.roll(2) == 0, Limit: 5 + d.roll(20)}
	sorts := append(fieldsOf(population), "", "id", "email", "code")
	sel.Sort = sorts[d.roll(len(sorts))]
	for range d.roll(4) {
		sel.Where = append(sel.Where, randomCondition(d))
	}
	return sel
}

func randomCondition(d *dice) store.Condition {
	if d.roll(8) == 0 {
		op := []store.Operator{store.Contains, store.EndsWith, store.StartsWith}[d.roll(3)]
		return where("email", op, []string{"ONE", "u1", ".example", "U2@"}[d.roll(4)])
	}
	field := fieldsOf(population)[d.roll(len(population))]
	options := population[field]
	pick := func() any { return options[1+d.roll(len(options)-1)] }
	if d.roll(6) == 0 {
		return where(field, []store.Operator{store.Eq, store.Ne}[d.roll(2)], nil)
	}
	ops := []store.Operator{store.Eq, store.Ne, store.Lt, store.Lte, store.Gt, store.Gte, store.In, store.NotIn}
	if _, text := pick().(string); text && field != "joined" {
		ops = append(ops, store.Contains, store.StartsWith, store.EndsWith)
	}
	op := ops[d.roll(len(ops))]
	if op == store.In || op == store.NotIn {
		return where(field, op, []any{pick(), pick()})
	}
	return where(field, op, pick())
}

// refMeets is what a condition means, for the fields of the suite.
func refMeets(c store.Condition, r *store.Record) bool {
	v := r.Get(c.Field)
	if c.Value.Kind() == document.Null {
		return v.IsNullish() == (c.Op == store.Eq)
	}
	if v.IsNullish() {
		return false
	}
	order := refOrder(c.Field, v, c.Value)
	switch c.Op {
	case store.Eq:
		return v.Equal(c.Value)
	case store.Ne:
		return !v.Equal(c.Value)
	case store.In:
		return slices.ContainsFunc(c.Value.Items(), v.Equal)
	case store.NotIn:
		return !slices.ContainsFunc(c.Value.Items(), v.Equal)
	case store.Lt:
		return order < 0
	case store.Lte:
		return order <= 0
	case store.Gt:
		return order > 0
	case store.Gte:
		return order >= 0
	default:
		return refSearch(c.Op, v.Str(), c.Value.Str())
	}
}

// refOrder compares values of a field: null, false, true, numbers, texts.
func refOrder(field string, a, b document.Value) int {
	rank := func(v document.Value) int {
		switch {
		case v.IsNullish():
			return 0
		case v.Kind() == document.Bool && !v.Bool():
			return 1
		case v.Kind() == document.Bool:
			return 2
		}
		return 3
	}
	text := func(v document.Value) string {
		if slices.Contains([]string{"email", "name", "nick"}, field) {
			return strings.ToLower(v.Str())
		}
		return v.Str()
	}
	x, _ := a.Float()
	y, _ := b.Float()
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(x, y), strings.Compare(text(a), text(b)))
}

// refSelect answers a selection the slow way.
func refSelect(all []*store.Record, sel store.Selection) []string {
	var found []*store.Record
	for _, r := range all {
		if !slices.ContainsFunc(sel.Where, func(c store.Condition) bool { return !refMeets(c, r) }) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *store.Record) int {
		if sel.Desc {
			a, b = b, a
		}
		return cmp.Or(refOrder(sel.Sort, a.Get(sel.Sort), b.Get(sel.Sort)), strings.Compare(a.ID, b.ID))
	})
	return names(found)
}

// selects compares the answers to random selections, page by page, with those
// of the reference.
func (f *fixture) selects(d *dice, tx *store.Tx, all []*store.Record) {
	f.t.Helper()
	for range 80 {
		sel := randomSelection(d)
		want := refSelect(all, sel)
		if diff := gocmp.Diff(want, f.selected(tx, sel)); diff != "" {
			f.t.Errorf("Select(%+v) by cursor (-want +got):\n%s", sel, diff)
		}
		catalog := f.tenant.Catalog()
		atHand, err := catalog.SelectFrom(sel, all)
		if got := names(atHand.Records); err != nil || !slices.Equal(got, want[:min(sel.Limit, len(want))]) {
			f.t.Errorf("SelectFrom(%+v): %v, %v; want %v", sel, got, err, want)
		}
		if n, err := catalog.CountFrom(sel.Model, sel.Where, all); n != len(want) || err != nil {
			f.t.Errorf("CountFrom(%v): %d, %v; want %d", sel.Where, n, err, len(want))
		}
		sel.Offset = d.roll(len(want) + 2)
		page, err := tx.Select(f.ctx, sel)
		rest := want[min(sel.Offset, len(want)):]
		if diff := gocmp.Diff(rest[:min(sel.Limit, len(rest))], names(page.Records)); diff != "" || err != nil {
			f.t.Errorf("Select(%+v) by offset: %v (-want +got):\n%s", sel, err, diff)
		}
		atMost := d.roll(40)
		n, err := tx.CountWhere(f.ctx, sel.Model, sel.Where, atMost)
		if atMost == 0 {
			atMost = len(want)
		}
		if n != min(len(want), atMost) || err != nil {
			f.t.Errorf("CountWhere(%v, %d): %d, %v; want %d", sel.Where, atMost, n, err, len(want))
		}
	}
}

// selected returns the ids of a selection's records, page by page.
func (f *fixture) selected(tx *store.Tx, sel store.Selection) []string {
	f.t.Helper()
	ids := []string{}
	for {
		page, err := tx.Select(f.ctx, sel)
		if err != nil {
			f.t.Fatalf("Select(%+v): %v", sel, err)
		}
		ids = append(ids, names(page.Records)...)
		if sel.Cursor = page.Cursor; sel.Cursor == "" {
			return ids
		}
	}
}

func testSelect(t *testing.T, f *fixture) {
	d := new(dice)
	var all []*store.Record
	populate(d, 60, func(id string, fields *document.Object) {
		f.apply(store.Op{Kind: store.Insert, Model: "member", ID: id, Fields: fields})
		all = append(all, store.NewRecord(id, fields))
	})
	f.selects(d, store.Begin(f.tenant), all)
}

// testSelectTx has a unit of work insert, change and delete before it asks.
func testSelectTx(t *testing.T, f *fixture) {
	d := new(dice)
	tx := store.Begin(f.tenant)
	var ids []string
	n := 0
	populate(d, 60, func(id string, fields *document.Object) {
		var err error
		if n++; n%4 > 0 {
			f.apply(store.Op{Kind: store.Insert, Model: "member", ID: id, Fields: fields})
		} else {
			_, err = tx.Insert(f.ctx, "member", id, fields)
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	})
	var all []*store.Record
	for i, id := range ids {
		rec, err := tx.Get(f.ctx, "member", id)
		switch {
		case err != nil:
		case i%7 == 0:
			err = tx.Delete(f.ctx, "member", id)
		case i%5 == 0:
			if rec, err = tx.Update(f.ctx, "member", id, object("name", "Updated", "level", i, "team", "red", "joined", nil)); err == nil {
				all = append(all, rec)
			}
		default:
			all = append(all, rec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f.selects(d, tx, all)
	if err := tx.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	f.selects(d, store.Begin(f.tenant), all)
}

// testSelectPages walks while others write: what stays comes once, in order,
// whatever index serves a page.
func testSelectPages(t *testing.T, f *fixture) {
	for i := range 40 {
		f.apply(member(fmt.Sprintf("m%02d", i), "name", fmt.Sprintf("Name %d", i%7), "team", "red", "level", i%5))
	}
	for _, sel := range []store.Selection{
		{Model: "member", Sort: "name"},
		{Model: "member", Sort: "level", Desc: true},
		{Model: "member", Sort: "name", Where: []store.Condition{where("team", store.Eq, "red")}},
		{Model: "member", Sort: "code", Desc: true},
		{Model: "member"},
	} {
		sel.Limit = 3
		seen := map[string]int{}
		for step := 0; ; step++ {
			page, err := store.Begin(f.tenant).Select(f.ctx, sel)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				seen[r.ID]++
			}
			if sel.Cursor = page.Cursor; sel.Cursor == "" {
				break
			}
			if step > 100 {
				t.Fatal("the walk does not end")
			}
			for _, r := range page.Records { // even the one that the cursor names
				if r.ID[0] == 'x' {
					f.apply(remove("member", r.ID, 0))
				}
			}
			f.apply(member(fmt.Sprintf("x%02d", step), "name", fmt.Sprintf("name %d", step%8), "team", "red", "level", step%5))
		}
		for i := range 40 {
			if id := fmt.Sprintf("m%02d", i); seen[id] != 1 {
				t.Errorf("%+v: %s was returned %d times", sel, id, seen[id])
			}
		}
		for _, id := range f.all(f.tenant, store.Query{Model: "member", From: value("x")}) {
			f.apply(remove("member", id, 0))
		}
	}
}

// testSelectLimits has more members than may be sorted.
func testSelectLimits(t *testing.T, f *fixture) {
	const n = store.MaxLimit + 200
	ops := make([]store.Op, n)
	for i := range ops {
		ops[i] = member(fmt.Sprintf("m%05d", i), "name", fmt.Sprintf("Name %d", i), "joined", day(i%300), "level", n-i, "team", fmt.Sprint("t", i%2), "city", "Rome")
	}
	f.apply(ops...)
	tx := store.Begin(f.tenant)
	contains := []store.Condition{where("name", store.Contains, "NAME 1")}
	tests := []struct {
		sel  store.Selection
		want string // the first two; "limit" for a LimitError
	}{
		{store.Selection{Sort: "level"}, "limit"},
		{store.Selection{Sort: "level", Where: []store.Condition{where("name", store.StartsWith, "name")}}, "limit"},
		{store.Selection{Sort: "level", Where: []store.Condition{where("team", store.Eq, "t1")}}, "m01199 m01197"},
		{store.Selection{Sort: "level", Where: []store.Condition{where("team", store.In, []any{"t0", "t1"})}}, "limit"},
		{store.Selection{Sort: "level", Where: contains}, "m01199 m01198"},
		{store.Selection{Sort: "level", Where: []store.Condition{where("city", store.Eq, "Rome")}}, "m01199 m01198"}, // by city+level
		{store.Selection{Sort: "joined", Where: []store.Condition{where("name", store.Contains, "name")}}, "m00000 m00300"},
		{store.Selection{Sort: "joined", Where: []store.Condition{where("team", store.Ne, "t0")}}, "m00001 m00301"},
		{store.Selection{Sort: "joined", Where: []store.Condition{where("level", store.Eq, 1)}}, "m01199"},
		{store.Selection{Sort: "joined", Where: []store.Condition{where("level", store.Eq, 1)}, Budget: store.Budget{Records: 100}}, "limit"},
		{store.Selection{Sort: "level", Where: []store.Condition{where("id", store.In, []any{"m00007", "m00009"}), where("team", store.Eq, "t1")}}, "m00009 m00007"},
		{store.Selection{Sort: "email", Desc: true, Offset: n - 1}, "m00000"},
	}
	for _, tt := range tests {
		tt.sel.Model, tt.sel.Limit = "member", 2
		page, err := tx.Select(f.ctx, tt.sel)
		got := strings.Join(names(page.Records), " ")
		if errors.Is(err, store.ErrLimit) {
			got, err = "limit", nil
		}
		if got != tt.want || err != nil {
			t.Errorf("Select(%+v): %s, %v; want %s", tt.sel, got, err, tt.want)
		}
	}
	for _, tt := range []struct {
		where  []store.Condition
		atMost int
		want   int
	}{
		{nil, 0, n}, {nil, 50, 50}, {contains, 0, 311}, {[]store.Condition{where("level", store.Lte, 3)}, 0, 3},
		{[]store.Condition{where("team", store.In, []any{"t0", "t1", "t2"})}, 0, n}, {[]store.Condition{where("id", store.In, []any{"m00001", "x"})}, 0, 1},
	} {
		if got, err := tx.CountWhere(f.ctx, "member", tt.where, tt.atMost); got != tt.want || err != nil {
			t.Errorf("CountWhere(%v, %d): %d, %v; want %d", tt.where, tt.atMost, got, err, tt.want)
		}
	}
	f.badSelections(tx)
}

// badSelections have no meaning.
func (f *fixture) badSelections(tx *store.Tx) {
	f.t.Helper()
	page, err := tx.Select(f.ctx, store.Selection{Model: "member", Sort: "joined", Limit: 1})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, sel := range []store.Selection{
		{Model: "nope"},
		{Model: "member", Sort: "nope"},
		{Model: "member", Sort: "notes"},
		{Model: "member", Offset: -1},
		{Model: "member", Offset: store.MaxOffset + 1},
		{Model: "member", Where: []store.Condition{where("nope", store.Eq, 1)}},
		{Model: "member", Cursor: "!"},
		{Model: "member", Cursor: "AAAA"},
		{Model: "member", Cursor: page.Cursor},
		{Model: "member", Sort: "joined", Desc: true, Cursor: page.Cursor},
		{Model: "member", Sort: "joined", Offset: 1, Cursor: page.Cursor},
		{Model: "member", Sort: "joined", Cursor: page.Cursor + strings.Repeat("A", 4000)},
	} {
		if _, err := tx.Select(f.ctx, sel); !errors.Is(err, store.ErrInvalid) {
			f.t.Errorf("Select(%+v): %v", sel, err)
		}
	}
}
