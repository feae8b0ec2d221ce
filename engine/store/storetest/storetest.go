package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Run tests the store that open returns. open is called for each part of the
// suite and returns a store that holds none of the tenants of the suite; Run
// closes it.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	parts := []struct {
		name string
		run  func(t *testing.T, f *fixture)
	}{
		{"Records", testRecords},
		{"Versions", testVersions},
		{"Values", testValues},
		{"Names", testNames},
		{"Invalid", testInvalid},
		{"Unique", testUnique},
		{"UniqueNull", testUniqueNull},
		{"Batch", testBatch},
		{"Swap", testSwap},
		{"Guard", testGuard},
		{"References", testReferences},
		{"Cascade", testCascade},
		{"Order", testOrder},
		{"Composite", testComposite},
		{"LongKeys", testLongKeys},
		{"Pages", testPages},
		{"Ranges", testRanges},
		{"Offset", testOffset},
		{"Operators", testOperators},
		{"Conditions", testConditions},
		{"Search", testSearch},
		{"LongTexts", testLongTexts},
		{"Fold", testFold},
		{"Count", testCount},
		{"GetMany", testGetMany},
		{"Budget", testBudget},
		{"Expected", testExpected},
		{"TxQueries", testTxQueries},
		{"TxCountCascade", testTxCountCascade},
		{"TxDo", testTxDo},
		{"Select", testSelect},
		{"SelectTx", testSelectTx},
		{"SelectPages", testSelectPages},
		{"SelectLimits", testSelectLimits},
		{"PagesWhileWriting", testPagesWhileWriting},
		{"Consume", testConsume},
		{"Increment", testIncrement},
		{"UniqueRace", testUniqueRace},
		{"VersionRace", testVersionRace},
		{"CascadeRace", testCascadeRace},
		{"MixedRace", testMixedRace},
		{"Cancel", testCancel},
		{"Reopen", testReopen},
		{"Grow", testGrow},
		{"GrowUnique", testGrowUnique},
		{"GrowWhileWriting", testGrowWhileWriting},
		{"Tx", testTx},
		{"TxList", testTxList},
		{"TxCascade", testTxCascade},
		{"TxConflict", testTxConflict},
		{"TxReadsOnce", testTxReadsOnce},
		{"TxInsertNew", testTxInsertNew},
		{"TxReadsStay", testTxReadsStay},
		{"TxReadsNew", testTxReadsNew},
		{"TxRewind", testTxRewind},
		{"TxConsume", testTxConsume},
	}
	shared := openFor(t, open)
	for i, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			part.run(t, newFixture(t, shared, store.TenantID(fmt.Sprint("part-", i))))
		})
	}
	// These are about the store itself.
	for name, run := range map[string]func(*testing.T, *fixture){"Tenants": testTenants, "Closed": testClosed} {
		t.Run(name, func(t *testing.T) { run(t, newFixture(t, openFor(t, open), "main")) })
	}
}

// openFor opens a store, which is closed with the test.
func openFor(t *testing.T, open func(t *testing.T) store.Store) store.Store {
	s := open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// Schema returns the models that the suite works with.
func Schema() store.Schema {
	return store.Schema{Models: []store.Model{
		{Name: "user", Fields: []store.Field{
			{Name: "name", Type: store.String, Required: true},
			{Name: "email", Type: store.String, Required: true, Unique: true},
			{Name: "username", Type: store.String, Unique: true},
			{Name: "age", Type: store.Number, Index: true},
			{Name: "admin", Type: store.Boolean},
			{Name: "createdAt", Type: store.Date, Index: true},
			{Name: "extra", Type: store.JSON},
		}},
		{Name: "session", Fields: []store.Field{
			{Name: "token", Type: store.String, Required: true, Unique: true},
			{Name: "userId", Type: store.String, Required: true, References: "user"},
			{Name: "expiresAt", Type: store.Date},
		}, Indexes: []store.Index{{Fields: []string{"userId", "expiresAt"}}}},
		{Name: "device", Fields: []store.Field{
			{Name: "sessionId", Type: store.String, References: "session"},
			{Name: "parentId", Type: store.String, References: "device"},
		}},
		{Name: "pair", Fields: []store.Field{
			{Name: "a", Type: store.String},
			{Name: "b", Type: store.String},
			{Name: "n", Type: store.Number},
		}, Indexes: []store.Index{{Fields: []string{"a", "b"}, Unique: true}, {Fields: []string{"a", "n"}}}},
		{Name: "member", Fields: []store.Field{
			{Name: "email", Type: store.String, Required: true, Unique: true, Fold: true},
			{Name: "name", Type: store.String, Index: true, Fold: true},
			{Name: "nick", Type: store.String, Fold: true},
			{Name: "code", Type: store.String, Unique: true},
			{Name: "team", Type: store.String, Index: true},
			{Name: "city", Type: store.String},
			{Name: "level", Type: store.Number},
			{Name: "joined", Type: store.Date, Index: true},
			{Name: "active", Type: store.Boolean},
			{Name: "ownerId", Type: store.String, References: "user"},
			{Name: "notes", Type: store.JSON},
		}, Indexes: []store.Index{{Fields: []string{"team", "joined"}}, {Fields: []string{"active", "name"}}, {Fields: []string{"city", "level"}, Unique: true}}},
	}}
}

// fixture is a tenant with the suite's schema, and short forms of calls that
// must succeed.
type fixture struct {
	t      *testing.T
	ctx    context.Context
	store  store.Store
	id     store.TenantID
	tenant store.Tenant
}

// newFixture opens a tenant. At the end of the test, whatever was done, it is sound.
func newFixture(t *testing.T, s store.Store, id store.TenantID) *fixture {
	f := &fixture{t: t, ctx: context.Background(), store: s, id: id}
	f.tenant = f.open(id, Schema())
	t.Cleanup(f.check)
	return f
}

func (f *fixture) open(id store.TenantID, schema store.Schema) store.Tenant {
	f.t.Helper()
	tenant, err := f.store.Open(f.ctx, id, schema)
	if err != nil {
		f.t.Fatalf("Open(%q): %v", id, err)
	}
	return tenant
}

func (f *fixture) check() {
	f.t.Helper()
	if err := f.tenant.Check(f.ctx); err != nil && !errors.Is(err, store.ErrClosed) {
		f.t.Errorf("Check: %v", err)
	}
	if err := f.tenant.Close(); err != nil {
		f.t.Errorf("Close: %v", err)
	}
}

func (f *fixture) apply(ops ...store.Op) {
	f.t.Helper()
	if err := f.tenant.Apply(f.ctx, ops); err != nil {
		f.t.Fatalf("Apply: %v", err)
	}
}

// refused requires that Apply fails with an error that matches want.
func (f *fixture) refused(want error, ops ...store.Op) {
	f.t.Helper()
	if err := f.tenant.Apply(f.ctx, ops); !errors.Is(err, want) {
		f.t.Fatalf("Apply: %v; want %v", err, want)
	}
}

// conflicts requires a ConflictError on an index.
func (f *fixture) conflicts(model, index, id string, err error) {
	f.t.Helper()
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) || !errors.Is(err, store.ErrConflict) {
		f.t.Fatalf("got %v; want a conflict", err)
	}
	if diff := cmp.Diff(&store.ConflictError{Model: model, Index: index, ID: id}, conflict); diff != "" {
		f.t.Fatalf("conflict (-want +got):\n%s", diff)
	}
}

func (f *fixture) get(model, id string) *store.Record {
	f.t.Helper()
	r, err := f.tenant.Get(f.ctx, model, id)
	if err != nil {
		f.t.Fatalf("Get(%s, %q): %v", model, id, err)
	}
	return r
}

func (f *fixture) gone(model, id string) {
	f.t.Helper()
	if r, err := f.tenant.Get(f.ctx, model, id); !errors.Is(err, store.ErrNotFound) || r != nil {
		f.t.Fatalf("Get(%s, %q): %v, %v; want ErrNotFound", model, id, r, err)
	}
}

// lister is what Tenant and Tx share.
type lister interface {
	List(ctx context.Context, q store.Query) (store.Page, error)
}

// all returns the ids of a query's records, page by page.
func (f *fixture) all(from lister, q store.Query) []string {
	f.t.Helper()
	ids := []string{}
	for {
		page, err := from.List(f.ctx, q)
		if err != nil {
			f.t.Fatalf("List(%+v): %v", q, err)
		}
		for _, r := range page.Records {
			ids = append(ids, r.ID)
		}
		if page.Cursor == "" {
			return ids
		}
		q.Cursor = page.Cursor
	}
}

func (f *fixture) lists(from lister, q store.Query, want ...string) {
	f.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, f.all(from, q)); diff != "" {
		f.t.Fatalf("List(%+v) (-want +got):\n%s", q, diff)
	}
}

// object makes an object of names and values.
func object(members ...any) *document.Object {
	o := document.NewObject(len(members) / 2)
	for i := 0; i < len(members); i += 2 {
		o.Set(members[i].(string), value(members[i+1]))
	}
	return o
}

func value(v any) document.Value {
	switch v := v.(type) {
	case nil:
		return document.NullValue()
	case string:
		return document.Text(v)
	case int:
		return document.Int(int64(v))
	case float64:
		return document.Float(v)
	case bool:
		return document.Boolean(v)
	case []any:
		return document.List(values(v...)...)
	case document.Value:
		return v
	default:
		panic(fmt.Sprintf("storetest: no value for %T", v))
	}
}

func values(list ...any) []document.Value {
	out := make([]document.Value, len(list))
	for i, v := range list {
		out[i] = value(v)
	}
	return out
}

func insert(model, id string, members ...any) store.Op {
	return store.Op{Kind: store.Insert, Model: model, ID: id, Fields: object(members...)}
}

func update(model, id string, version uint64, members ...any) store.Op {
	return store.Op{Kind: store.Update, Model: model, ID: id, Version: version, Fields: object(members...)}
}

func remove(model, id string, version uint64) store.Op {
	return store.Op{Kind: store.Delete, Model: model, ID: id, Version: version}
}

// user makes an insert of a user with its id as name and mail address.
func user(id string, members ...any) store.Op {
	op := insert("user", id, "name", id, "email", id+"@example.com")
	for name, v := range object(members...).All() {
		op.Fields.Set(name, v)
	}
	return op
}

func session(id, userID string) store.Op {
	return insert("session", id, "token", "token-"+id, "userId", userID)
}

// text returns a record as JSON, to compare everything at once.
func text(r *store.Record) string { return string(document.Obj(r.Fields).JSON()) }

// member makes an insert of a member with its id in its address.
func member(id string, members ...any) store.Op {
	op := insert("member", id, "email", id+"@example.com")
	for name, v := range object(members...).All() {
		op.Fields.Set(name, v)
	}
	return op
}

func where(field string, op store.Operator, v any) store.Condition {
	return store.Condition{Field: field, Op: op, Value: value(v)}
}

func big(n int) string { return strings.Repeat("x", n) }
