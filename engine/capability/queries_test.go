package capability_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// TestQueryLimit: what no index answers is refused with the fields that have
// one, and no user is in the answer.
func TestQueryLimit(t *testing.T) {
	g := guest("guest", allIdentity,
		call("refused", "identity", "listUsers", `{"sort":"image"}`),
		call("narrowed", "identity", "listUsers", `{"sort":"image","where":[{"field":"email","operator":"starts_with","value":"U00"}]}`),
		call("counted", "identity", "countUsers", `{}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	ops := make([]store.Op, store.MaxLimit+1)
	for i := range ops {
		id := fmt.Sprintf("u%05d", i)
		ops[i] = store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(5).
			Set("name", document.Text(id)).Set("email", document.Text(id+"@example.com")).Set("emailVerified", document.Boolean(false)).
			Set("createdAt", document.Time(realmtest.Start)).Set("updatedAt", document.Time(realmtest.Start))}
	}
	if err := r.Store.Apply(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
	answer := run(t, r, 0)
	want(t, answer, "refused", pluginapi.StatusLimit)
	if message := answer.Get("refused").Get("result").Get("message").Str(); !strings.Contains(message, `"image"`) || !strings.Contains(message, "id, name, email, createdAt") {
		t.Errorf("the message is %q", message)
	}
	want(t, answer, "narrowed", pluginapi.StatusOK)
	if n := len(answer.Get("narrowed").Get("result").Get("users").Items()); n != pluginapi.MaxPage {
		t.Errorf("%d users", n)
	}
	if n, _ := answer.Get("counted").Get("result").Get("count").Int(); n != store.MaxLimit+1 {
		t.Errorf("counted %d users", n)
	}
}

// TestQueryLimits: the contract's limits are the store's.
func TestQueryLimits(t *testing.T) {
	if pluginapi.MaxOffset != store.MaxOffset || pluginapi.MaxSessions > store.MaxLimit || pluginapi.MaxPage > store.MaxLimit {
		t.Error("the contract allows what the store does not")
	}
	f, _ := pluginapi.FindFunction(pluginapi.CapIdentity, "listUsers")
	where, _ := f.Arg("where")
	operators := []store.Operator{
		store.Eq, store.Ne, store.Lt, store.Lte, store.Gt, store.Gte, store.In, store.NotIn, store.Contains, store.StartsWith, store.EndsWith,
	}
	for i, name := range where.Members[1].Enum {
		if string(operators[i]) != name {
			t.Errorf("operator %d is %s in the contract and %s in the store", i, name, operators[i])
		}
	}
}
