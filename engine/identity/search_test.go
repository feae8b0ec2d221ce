package identity_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

// people is a unit of work in which users have been created, a second apart,
// and a plugin has declared fields of theirs.
func people(t *testing.T, service *identity.Service) *store.Tx {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	schema, err := identity.CoreSchema().Merge(store.Schema{Models: []store.Model{{Name: identity.User, Fields: []store.Field{
		{Name: "username", Type: store.String, Unique: true},
		{Name: "number", Type: store.Number, Unique: true},
		{Name: "role", Type: store.String, Index: true},
		{Name: "banned", Type: store.Boolean},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.Open(t.Context(), "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	tx := store.Begin(data)
	for i, p := range []struct {
		name, email, role string
		banned            document.Value
	}{
		{"Zoe", "Zoe@Example.com", "user", document.Boolean(false)},
		{"ada", "ada@example.com", "admin", document.Value{}},
		{"Bob", "bob@example.org", "user", document.Boolean(true)},
		{"Ada B", "ADA.b@example.org", "user", document.Value{}},
	} {
		fields := document.NewObject(6).Set("name", document.Text(p.name)).Set("email", document.Text(p.email)).Set("role", document.Text(p.role)).
			Set("username", document.Text("U-"+p.name)).Set("number", document.Int(int64(i))).Set("banned", p.banned)
		if _, _, err := service.CreateUser(t.Context(), store.Work{Tx: tx, Hooks: silent{}, Now: start.Add(time.Duration(i) * time.Second)}, identity.NewUser{Fields: fields}); err != nil {
			t.Fatal(err)
		}
	}
	return tx
}

// called lists the names of users.
func called(users []*store.Record) string {
	var out []string
	for _, u := range users {
		out = append(out, u.Str("name"))
	}
	return strings.Join(out, ",")
}

func TestSearchUsers(t *testing.T) {
	service := identity.New(&marked{})
	tx := people(t, service)
	where := func(field string, op store.Operator, v document.Value) []store.Condition {
		return []store.Condition{{Field: field, Op: op, Value: v}}
	}
	tests := []struct {
		q    identity.UserQuery
		want string
	}{
		{identity.UserQuery{}, "Zoe,ada,Bob,Ada B"},
		{identity.UserQuery{Desc: true, Limit: 3}, "Ada B,Bob,ada"},
		{identity.UserQuery{Offset: 1, Limit: 2}, "ada,Bob"},
		{identity.UserQuery{Sort: "name"}, "ada,Ada B,Bob,Zoe"},
		{identity.UserQuery{Sort: "email", Desc: true}, "Zoe,Bob,ada,Ada B"},
		{identity.UserQuery{Sort: "number", Where: where("number", store.Gte, document.Int(2))}, "Bob,Ada B"},
		{identity.UserQuery{Where: where("email", store.Eq, document.Text("ZOE@EXAMPLE.COM"))}, "Zoe"},
		{identity.UserQuery{Where: where("email", store.In, document.List(document.Text("ZOE@example.com"), document.Text("Bob@Example.org")))}, "Zoe,Bob"},
		{identity.UserQuery{Where: where("email", store.EndsWith, document.Text(".ORG"))}, "Bob,Ada B"},
		{identity.UserQuery{Where: where("name", store.StartsWith, document.Text("ADA"))}, "ada,Ada B"},
		{identity.UserQuery{Where: where("name", store.Contains, document.Text("B"))}, "Bob,Ada B"},
		{identity.UserQuery{Where: where("username", store.Contains, document.Text("u-z"))}, "Zoe"},
		{identity.UserQuery{Where: append(where("role", store.Eq, document.Text("user")), where("banned", store.Ne, document.Boolean(true))...)}, "Zoe"},
		{identity.UserQuery{Where: where("banned", store.Eq, document.NullValue())}, "ada,Ada B"},
		{identity.UserQuery{Where: where("createdAt", store.Lt, document.Time(start.Add(2*time.Second)))}, "Zoe,ada"},
	}
	for _, tt := range tests {
		page, err := service.SearchUsers(t.Context(), tx, tt.q)
		if got := called(page.Records); got != tt.want || err != nil {
			t.Errorf("SearchUsers(%+v): %s, %v; want %s", tt.q, got, err, tt.want)
		}
		tt.q.Limit = 0
		want := len(strings.Split(tt.want, ","))
		if n, err := service.CountUsers(t.Context(), tx, tt.q.Where, 0); tt.q.Where != nil && n != want || err != nil {
			t.Errorf("CountUsers(%+v): %d, %v; want %d", tt.q.Where, n, err, want)
		}
	}
	if n, err := service.CountUsers(t.Context(), tx, nil, 3); n != 3 || err != nil {
		t.Errorf("CountUsers at most 3: %d, %v", n, err)
	}
	for _, q := range []identity.UserQuery{{Sort: "nope"}, {Where: where("role", "like", document.Text("x"))}, {Offset: -1}, {Cursor: "x"}} {
		if _, err := service.SearchUsers(t.Context(), tx, q); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("SearchUsers(%+v): %v", q, err)
		}
	}
}

func TestUsersInPages(t *testing.T) {
	service := identity.New(&marked{})
	tx := people(t, service)
	q := identity.UserQuery{Sort: "name", Limit: 1}
	var all []string
	for {
		page, err := service.SearchUsers(t.Context(), tx, q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, called(page.Records))
		if q.Cursor = page.Cursor; q.Cursor == "" {
			break
		}
	}
	if !slices.Equal(all, []string{"ada", "Ada B", "Bob", "Zoe"}) {
		t.Errorf("page by page: %q", all)
	}
}

func TestUserByField(t *testing.T) {
	service := identity.New(&marked{})
	tx := people(t, service)
	ada, err := service.UserByEmail(t.Context(), tx, "ADA@example.com")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		field string
		value document.Value
		want  error
	}{
		{"id", document.Text(ada.ID), nil},
		{"email", document.Text("Ada@EXAMPLE.com"), nil},
		{"username", document.Text("U-ada"), nil},
		{"number", document.Int(1), nil},
		{"number", document.Float(1), nil},
		{"username", document.Text("u-ada"), store.ErrNotFound},
		{"id", document.Text("nobody"), store.ErrNotFound},
		{"number", document.Int(17), store.ErrNotFound},
		{"number", document.Text("1"), store.ErrInvalid},
		{"username", document.NullValue(), store.ErrInvalid},
		{"username", document.Value{}, store.ErrInvalid},
		{"role", document.Text("admin"), store.ErrInvalid},
		{"name", document.Text("ada"), store.ErrInvalid},
		{"nope", document.Text("x"), store.ErrInvalid},
	}
	for _, tt := range tests {
		user, err := service.UserByField(t.Context(), tx, tt.field, tt.value)
		if !errors.Is(err, tt.want) || err == nil && user.ID != ada.ID {
			t.Errorf("UserByField(%s, %s): %v, %v; want %v", tt.field, tt.value.JSON(), user, err, tt.want)
		}
	}
	users, err := service.UsersByID(t.Context(), tx, []string{"nobody", ada.ID, ada.ID})
	if err != nil || fmt.Sprint(called(users)) != "ada" {
		t.Errorf("UsersByID: %s, %v", called(users), err)
	}
}
