package pgstore_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/pgstore"
	"github.com/authhost/authhost/engine/store/storetest"
	"github.com/authhost/authhost/internal/pgtest"
)

// server is a database that a test has for itself.
type server struct {
	url     string
	schemas int
	conn    *pgx.Conn // makes the schemas; a connection costs more than one
}

// empty makes an empty schema, at a fraction of the cost of a database, and
// returns a URL whose connections see that schema alone.
func (s *server) empty(t testing.TB) string {
	t.Helper()
	s.schemas++
	name := fmt.Sprintf("test%d", s.schemas)
	if s.conn == nil {
		var err error
		if s.conn, err = pgx.Connect(context.Background(), s.url); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.conn.Exec(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

func open(t testing.TB, url string) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), pgstore.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	pg := &server{url: pgtest.Start(t)}
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, pg.empty(t)) })
}

// TestNodes runs two nodes on one database: what one does the other sees, the
// schema included.
func TestNodes(t *testing.T) {
	pg := &server{url: pgtest.Start(t)}
	address := pg.empty(t)
	ctx := t.Context()
	a, b := open(t, address), open(t, address)
	defer a.Close()
	defer b.Close()
	schema := store.Schema{Models: []store.Model{{Name: "user", Fields: []store.Field{{Name: "email", Type: store.String}}}}}
	onA, err := a.Open(ctx, "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[store.TenantID]bool{"main": true, "other": false} {
		if has, err := b.Has(ctx, id); err != nil || has != want {
			t.Errorf("has %s: %v, %v", id, has, err)
		}
	}
	insert := func(tenant store.Tenant, id, email string) error {
		fields := document.NewObject(1).Set("email", document.Text(email))
		return tenant.Apply(ctx, []store.Op{{Kind: store.Insert, Model: "user", ID: id, Fields: fields}})
	}
	if err := insert(onA, "u1", "one"); err != nil {
		t.Fatal(err)
	}
	schema.Models[0].Fields[0].Unique = true
	onB, err := b.Open(ctx, "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := insert(onA, "u2", "one"); err == nil || !strings.Contains(err.Error(), `conflicts on "email"`) {
		t.Errorf("a node that did not declare the index does not keep it: %v", err)
	}
	if err := insert(onA, "u3", "three"); err != nil {
		t.Fatal(err)
	}
	if r, err := onB.Find(ctx, "user", "email", document.Text("three")); err != nil || r.ID != "u3" {
		t.Errorf("Find on the other node: %v, %v", r, err)
	}
	if err := onB.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestRestore(t *testing.T) {
	pg := &server{url: pgtest.Start(t)}
	ctx := t.Context()
	from, to := open(t, pg.empty(t)), open(t, pg.empty(t))
	defer from.Close()
	defer to.Close()
	source, err := from.Open(ctx, "main", storetest.Schema())
	if err != nil {
		t.Fatal(err)
	}
	var ops []store.Op
	for i := range 2500 {
		fields := document.NewObject(3).Set("name", document.Text("<n>")).Set("email", document.Text(fmt.Sprint(i))).Set("age", document.Int(int64(i)))
		ops = append(ops, store.Op{Kind: store.Insert, Model: "user", ID: fmt.Sprint("u", i), Fields: fields})
	}
	if err := source.Apply(ctx, ops); err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if err := source.Backup(ctx, &backup); err != nil {
		t.Fatal(err)
	}
	cut := backup.Bytes()[:backup.Len()-20]
	for name, bad := range map[string]string{"cut": string(cut), "empty": "", "other": `{"format":9}`} {
		if err := to.Restore(ctx, "main", strings.NewReader(bad)); err == nil {
			t.Errorf("a backup that is %s was restored", name)
		}
	}
	if err := to.Restore(ctx, "other", bytes.NewReader(backup.Bytes())); err == nil {
		t.Error("a backup was restored as another tenant")
	}
	if err := to.Restore(ctx, "main", bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := to.Restore(ctx, "main", bytes.NewReader(backup.Bytes())); err == nil {
		t.Error("a backup was restored over a tenant")
	}
	restored, err := to.Open(ctx, "main", store.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	if err := restored.Check(ctx); err != nil {
		t.Error(err)
	}
	r, err := restored.Find(ctx, "user", "email", document.Text("1234"))
	if err != nil || r.ID != "u1234" || r.Str("name") != "<n>" {
		t.Errorf("Find: %v, %v", r, err)
	}
}

func TestOpenErrors(t *testing.T) {
	for _, address := range []string{"postgres://u@127.0.0.1:1/x?connect_timeout=2", "::"} {
		if s, err := pgstore.Open(t.Context(), pgstore.Config{URL: address}); err == nil {
			s.Close()
			t.Errorf("Open(%q): no error", address)
		}
	}
}

func BenchmarkStore(b *testing.B) {
	pg := &server{url: pgtest.Start(b)}
	storetest.Bench(b, func(b *testing.B) store.Store { return open(b, pg.empty(b)) })
}
