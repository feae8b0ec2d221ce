package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

func mustTime(s string) time.Time {
	t, err := time.Parse(document.TimeLayout, s)
	if err != nil {
		panic(err)
	}
	return t
}

func model(name string, fields ...store.Field) store.Model {
	return store.Model{Name: name, Fields: fields}
}

func schema(models ...store.Model) store.Schema { return store.Schema{Models: models} }

func TestValidate(t *testing.T) {
	text := store.Field{Name: "a", Type: store.String}
	cases := map[string]struct {
		schema store.Schema
		want   string // part of the error; "" for none
	}{
		"empty":               {store.Schema{}, ""},
		"fine":                {schema(model("user", text), model("session", store.Field{Name: "userId", Type: store.String, References: "user"})), ""},
		"refers to itself":    {schema(model("node", store.Field{Name: "up", Type: store.String, References: "node"})), ""},
		"bad model name":      {schema(model("a:b")), `"a:b" is no name`},
		"empty model name":    {schema(model("")), "is no name"},
		"model twice":         {schema(model("m"), model("m")), "m: declared twice"},
		"bad field name":      {schema(model("m", store.Field{Name: "a+b", Type: store.String})), "m.a+b: is no name"},
		"field twice":         {schema(model("m", text, text)), "m.a: declared twice"},
		"field id":            {schema(model("m", store.Field{Name: "id", Type: store.String})), "m.id: every model has it"},
		"no type":             {schema(model("m", store.Field{Name: "a"})), `m.a: unknown type ""`},
		"index of json":       {schema(model("m", store.Field{Name: "a", Type: store.JSON, Index: true})), "m.a: a json field"},
		"reference type":      {schema(model("m", store.Field{Name: "a", Type: store.Number, References: "m"})), "m.a: a field that refers"},
		"reference to none":   {schema(model("m", store.Field{Name: "a", Type: store.String, References: "x"})), `m.a: refers to the unknown model "x"`},
		"fold of a number":    {schema(model("m", store.Field{Name: "a", Type: store.Number, Fold: true})), "m.a: only a string can be folded"},
		"fold of a reference": {schema(model("m", store.Field{Name: "a", Type: store.String, References: "m", Fold: true})), "m.a: a field that refers"},
		"index of no fields":  {schema(store.Model{Name: "m", Indexes: []store.Index{{}}}), "m: an index has no fields"},
		"index of unknown":    {schema(store.Model{Name: "m", Indexes: []store.Index{{Fields: []string{"a"}}}}), "m.a: indexed but not declared"},
		"index twice one":     {schema(store.Model{Name: "m", Fields: []store.Field{text}, Indexes: []store.Index{{Fields: []string{"a", "a"}}}}), "m.a: twice in one index"},
		"composite of json":   {schema(store.Model{Name: "m", Fields: []store.Field{{Name: "j", Type: store.JSON}}, Indexes: []store.Index{{Fields: []string{"j"}}}}), "m.j: a json field"},
	}
	for name, c := range cases {
		err := c.schema.Validate()
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

func TestMerge(t *testing.T) {
	a := schema(
		model("user", store.Field{Name: "name", Type: store.String}, store.Field{Name: "age", Type: store.Number, Required: true}),
	)
	b := schema(
		store.Model{
			Name:    "user",
			Fields:  []store.Field{{Name: "phone", Type: store.String}, {Name: "name", Type: store.String, Unique: true}},
			Indexes: []store.Index{{Fields: []string{"name", "age"}}},
		},
		model("team"),
	)
	got, err := a.Merge(b)
	if err != nil {
		t.Fatal(err)
	}
	want := schema(
		store.Model{
			Name: "user",
			Fields: []store.Field{
				{Name: "name", Type: store.String, Unique: true},
				{Name: "age", Type: store.Number, Required: true},
				{Name: "phone", Type: store.String},
			},
			Indexes: []store.Index{{Fields: []string{"name", "age"}}},
		},
		model("team"),
	)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Merge (-want +got):\n%s", diff)
	}
	if a.Models[0].Fields[0].Unique || len(a.Models[0].Fields) != 2 {
		t.Error("Merge changed its receiver")
	}
	again, err := got.Merge(b)
	if err != nil || !again.Equal(got) {
		t.Errorf("merging again changes it: %v", err)
	}
	for _, other := range []store.Field{{Name: "name", Type: store.Number}, {Name: "name", Type: store.String, References: "team"}} {
		if _, err := a.Merge(schema(model("user", other))); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Merge with %+v: %v", other, err)
		}
	}
	grown, err := a.Grow(schema(model("user", store.Field{Name: "name", Type: store.String})))
	if err != nil || grown.Models[0].Fields[1].Required {
		t.Errorf("a field that is no longer declared stays required: %v", err)
	}
}

// TestLabels: indexes with other entries have other labels, for data that is
// there is looked up by them.
func TestLabels(t *testing.T) {
	c, err := store.NewCatalog(schema(store.Model{
		Name: "user",
		Fields: []store.Field{
			{Name: "email", Type: store.String, Unique: true, Fold: true},
			{Name: "name", Type: store.String, Index: true, Fold: true},
			{Name: "code", Type: store.String, Unique: true},
			{Name: "age", Type: store.Number, Index: true},
		},
		Indexes: []store.Index{{Fields: []string{"age", "name"}}, {Fields: []string{"age", "code"}, Unique: true}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	user, err := c.Model("user")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ix := range user.Indexes {
		got = append(got, ix.Label())
	}
	if diff := cmp.Diff([]string{"email~!", "name~", "code!", "age", "age+name~", "age+code!"}, got); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestRecord(t *testing.T) {
	fields := document.NewObject(4).Set("id", document.Text("x")).Set("name", document.Text("n")).
		Set("at", document.Text("2026-01-02T03:04:05.678Z")).Set("ok", document.Boolean(true)).Set("n", document.Int(5))
	r := store.NewRecord("r1", fields)
	if got := string(document.Obj(r.Fields).JSON()); got != `{"name":"n","at":"2026-01-02T03:04:05.678Z","ok":true,"n":5,"id":"r1"}` {
		t.Errorf("NewRecord: %s", got)
	}
	next := r.With(document.NewObject(2).Set("extra", document.NullValue()).Set("n", document.Int(6)))
	if got := string(document.Obj(next.Fields).JSON()); got != `{"name":"n","at":"2026-01-02T03:04:05.678Z","ok":true,"n":6,"extra":null,"id":"r1"}` {
		t.Errorf("With: %s", got)
	}
	if n, _ := r.Int("n"); n != 5 || r.Version != 1 || next.Version != 2 {
		t.Errorf("With changed the record, or its version is %d", next.Version)
	}
	if at, ok := r.Time("at"); !ok || !at.Equal(mustTime("2026-01-02T03:04:05.678Z")) || !r.Bool("ok") || r.Str("name") != "n" {
		t.Errorf("accessors of %+v", r)
	}
	var none *store.Record
	if none.Str("name") != "" || none.Bool("ok") || none.Clone() != nil {
		t.Error("a nil record does not read as empty")
	}
}

// TestOwners: a model belongs to the plugin that declared it first, also when that is
// gone.
func TestOwners(t *testing.T) {
	of := func(owner string) store.Schema {
		return store.Schema{Models: []store.Model{{Name: "note", Owner: owner}}}
	}
	for _, tt := range []struct {
		stored, next string
		want         string // the owner then, "" and ok false for a refusal
		ok           bool
	}{
		{"", "", "", true}, {"", "a", "a", true}, {"a", "a", "a", true}, {"a", "", "a", true}, {"a", "b", "", false},
	} {
		grown, err := of(tt.stored).Grow(of(tt.next))
		if (err == nil) != tt.ok || err == nil && grown.Model("note").Owner != tt.want {
			t.Errorf("%q, then %q: %v, %v", tt.stored, tt.next, grown, err)
		}
	}
	grown, err := of("a").Grow(store.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grown.Grow(of("b")); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("the model of a removed plugin: %v", err)
	}
}

// TestFieldOwners: plugins may share a field while they are together, and none
// gets one whose plugins are gone.
func TestFieldOwners(t *testing.T) {
	of := func(owners ...string) store.Schema {
		return store.Schema{Models: []store.Model{{Name: "user", Fields: []store.Field{{Name: "phone", Type: store.String, Owners: owners}}}}}
	}
	for _, tt := range []struct {
		stored, next, want []string
		ok                 bool
	}{
		{nil, nil, nil, true}, {nil, []string{"a"}, []string{"a"}, true}, {[]string{"a"}, []string{"a"}, []string{"a"}, true},
		{[]string{"a"}, nil, []string{"a"}, true}, {[]string{"a"}, []string{"a", "b"}, []string{"a", "b"}, true},
		{[]string{"a", "b"}, []string{"b"}, []string{"a", "b"}, true}, {[]string{"a"}, []string{"b"}, nil, false}, {[]string{"a", "b"}, []string{"c"}, nil, false},
	} {
		grown, err := of(tt.stored...).Grow(of(tt.next...))
		if (err == nil) != tt.ok || err == nil && !slices.Equal(grown.Model("user").Fields[0].Owners, tt.want) {
			t.Errorf("%v, then %v: %v, %v", tt.stored, tt.next, grown, err)
		}
	}
	both, err := of("b").Merge(of("a"))
	if err != nil || !slices.Equal(both.Model("user").Fields[0].Owners, []string{"a", "b"}) {
		t.Errorf("together: %v, %v", both, err)
	}
}
