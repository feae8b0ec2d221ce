package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/authhost/authhost/engine/store"
)

func testTenants(t *testing.T, f *fixture) {
	ids := []store.TenantID{"a", "A", "b", "a-b", "a_b", "a/../b", "..", "con", "ü", "a b", "a%20b", "tenant:user", store.TenantID(big(store.MaxTenantID))}
	tenants := map[store.TenantID]store.Tenant{}
	for _, id := range ids {
		tenants[id] = f.open(id, Schema())
		err := tenants[id].Apply(f.ctx, []store.Op{insert("user", "same", "name", string(id), "email", "same@example.com")})
		if err != nil {
			t.Fatalf("tenant %q: %v", id, err)
		}
	}
	for _, id := range ids {
		r, err := tenants[id].Find(f.ctx, "user", "email", value("same@example.com"))
		if err != nil || r.Str("name") != string(id) {
			t.Errorf("tenant %q sees %v, %v", id, r, err)
		}
	}
	if err := tenants["a"].Apply(f.ctx, []store.Op{remove("user", "same", 0)}); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids[1:] {
		if _, err := tenants[id].Get(f.ctx, "user", "same"); err != nil {
			t.Errorf("tenant %q lost its record: %v", id, err)
		}
	}
	for id, tenant := range tenants {
		if err := errors.Join(tenant.Check(f.ctx), tenant.Close()); err != nil {
			t.Errorf("tenant %q: %v", id, err)
		}
	}
}

func testReopen(t *testing.T, f *fixture) {
	f.apply(user("u1"), session("s1", "u1"))
	if err := f.tenant.Close(); err != nil {
		t.Fatal(err)
	}
	f.tenant = f.open(f.id, store.Schema{})
	f.get("session", "s1")
	// Nothing was declared this time, yet what is known still holds.
	f.refused(store.ErrConflict, insert("user", "u2", "name", "n", "email", "u1@example.com"))
	f.apply(insert("user", "u2", "email", "u2@example.com"))
	f.apply(remove("user", "u1", 0))
	f.gone("session", "s1")
	var backup bytes.Buffer
	if err := f.tenant.Backup(f.ctx, &backup); err != nil || backup.Len() == 0 {
		t.Fatalf("Backup: %d bytes, %v", backup.Len(), err)
	}
}

func testGrow(t *testing.T, f *fixture) {
	f.apply(user("u1", "admin", true), user("u2", "admin", false), user("u3"))
	grown := Schema()
	user := grown.Model("user")
	user.Fields[4].Index = true // admin
	user.Fields = append(user.Fields, store.Field{Name: "phone", Type: store.String, Unique: true, Required: true})
	user.Indexes = append(user.Indexes, store.Index{Fields: []string{"admin", "name"}, Unique: true})
	grown.Models = append(grown.Models, store.Model{Name: "passkey", Fields: []store.Field{
		{Name: "userId", Type: store.String, References: "user"},
	}})
	second := f.open(f.id, grown)
	for _, tenant := range []store.Tenant{f.tenant, second} {
		f.lists(tenant, store.Query{Model: "user", Index: "admin"}, "u3", "u2", "u1")
		f.lists(tenant, store.Query{Model: "user", Index: "admin+name", Key: values(true)}, "u1")
	}
	f.apply(insert("passkey", "k1", "userId", "u1"), update("user", "u1", 0, "phone", "1", "admin", false))
	f.refused(store.ErrConflict, update("user", "u2", 0, "phone", "1"))
	f.refused(store.ErrInvalid, insert("user", "u4", "name", "n", "email", "e"))
	f.lists(second, store.Query{Model: "user", Index: "admin", Key: values(false)}, "u1", "u2")
	f.apply(remove("user", "u1", 0))
	f.gone("passkey", "k1")
	bad := Schema()
	bad.Model("user").Fields[3].Type = store.String // age
	if _, err := f.store.Open(f.ctx, f.id, bad); !errors.Is(err, store.ErrInvalid) {
		t.Fatalf("a field of another type: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	f.get("user", "u2")
}

// testGrowUnique declares indexes unique that the records may or may not obey.
func testGrowUnique(t *testing.T, f *fixture) {
	f.apply(user("u1", "age", 1, "createdAt", "2026-01-01T00:00:00.000Z"), user("u2", "age", 1, "createdAt", "2026-01-02T00:00:00.000Z"))
	broken := Schema()
	broken.Model("user").Fields[3].Unique = true // age
	_, err := f.store.Open(f.ctx, f.id, broken)
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) || conflict.Model != "user" || conflict.Index != "age" {
		t.Fatalf("Open: %v; want a conflict on age", err)
	}
	f.apply(user("u3", "age", 1))
	f.lists(f.tenant, store.Query{Model: "user", Index: "age"}, "u1", "u2", "u3")
	good := Schema()
	good.Model("user").Fields[5].Unique = true // createdAt
	second := f.open(f.id, good)
	f.refused(store.ErrConflict, user("u4", "createdAt", "2026-01-02T00:00:00.000Z"))
	f.lists(f.tenant, store.Query{Model: "user", Index: "createdAt"}, "u3", "u1", "u2")
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.tenant.Close(); err != nil {
		t.Fatal(err)
	}
	f.tenant = f.open(f.id, Schema())
	f.refused(store.ErrConflict, user("u4", "createdAt", "2026-01-02T00:00:00.000Z"))
}

func testGrowWhileWriting(t *testing.T, f *fixture) {
	for i := range 200 {
		f.apply(user(fmt.Sprintf("u%03d", i), "admin", i%2 == 0))
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 40 {
				id := fmt.Sprintf("w%d-%02d", worker, i)
				if err := f.tenant.Apply(f.ctx, []store.Op{user(id, "admin", true)}); err != nil {
					t.Errorf("write while growing: %v", err)
				}
				if _, err := f.tenant.Find(f.ctx, "user", "email", value(id+"@example.com")); err != nil {
					t.Errorf("read while growing: %v", err)
				}
			}
		})
	}
	grown := Schema()
	grown.Model("user").Fields[4].Index = true // admin
	wg.Go(func() {
		tenant, err := f.store.Open(f.ctx, f.id, grown)
		if err != nil {
			t.Errorf("Open: %v", err)
			return
		}
		if err := tenant.Close(); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if n := len(f.all(f.tenant, store.Query{Model: "user", Index: "admin", Key: values(true)})); n != 260 {
		t.Fatalf("the new index has %d records; want 260", n)
	}
}

func testClosed(t *testing.T, f *fixture) {
	other := f.open(f.id, Schema())
	if err := errors.Join(f.tenant.Close(), f.tenant.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.tenant.Get(f.ctx, "user", "u1"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get: %v", err)
	}
	if err := f.tenant.Apply(f.ctx, []store.Op{user("u1")}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Apply: %v", err)
	}
	if err := other.Apply(f.ctx, []store.Op{user("u1")}); err != nil {
		t.Errorf("the other handle: %v", err)
	}
	if err := errors.Join(f.store.Close(), f.store.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Get(f.ctx, "user", "u1"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get after the store was closed: %v", err)
	}
	if err := other.Apply(f.ctx, []store.Op{user("u2")}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Apply after the store was closed: %v", err)
	}
	if _, err := f.store.Open(f.ctx, f.id, Schema()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Open after the store was closed: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Errorf("Close after the store was closed: %v", err)
	}
}
