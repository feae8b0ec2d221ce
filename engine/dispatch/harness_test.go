package dispatch_test

import (
	"errors"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// everything is a manifest that asks for all that guests of these tests use,
// with an endpoint as handler 1.
func everything(id string, hooks ...pluginapi.Handler) *w.Guest {
	post := pluginapi.Handler{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/" + id}
	return w.New(&pluginapi.Manifest{
		ID: id,
		Capabilities: []pluginapi.Capability{
			{Name: pluginapi.CapIdentity, Read: []string{"user", "account"}, Write: []string{"user", "account"}},
			{Name: pluginapi.CapSession}, {Name: pluginapi.CapVerification}, {Name: pluginapi.CapEmail}, {Name: pluginapi.CapRandom}, {Name: pluginapi.CapAudit},
			{Name: pluginapi.CapKeys, Keys: []string{"test"}},
			{Name: pluginapi.CapStorage, Read: []string{id + "Note"}, Write: []string{id + "Note"}},
		},
		Handlers: append([]pluginapi.Handler{post}, hooks...),
		Models: map[string]pluginapi.Model{id + "Note": {Fields: map[string]pluginapi.Field{
			"name": {Type: "string", Unique: true}, "count": {Type: "number"},
		}}},
		Cookies: []pluginapi.Cookie{{Name: id + "_plain", MaxAge: 60}, {Name: id + "_signed", Signed: true}},
	}).Permit()
}

func on(number int32, event string) pluginapi.Handler {
	return pluginapi.Handler{Number: number, Kind: pluginapi.KindHook, Event: event}
}

func post(path string) dispatch.Request { return dispatch.Request{Method: "POST", Path: path} }

// runFirst runs the first endpoint.
func runFirst(t *testing.T, r *realmtest.Realm) (*dispatch.Exchange, error) {
	t.Helper()
	ex := r.Exchange(t, post("/guest"))
	return ex, ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0])
}

func user(t *testing.T, r *realmtest.Realm, email string) *store.Record {
	t.Helper()
	rec, err := r.Store.Find(t.Context(), identity.User, "email", document.Text(email))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func body(ex *dispatch.Exchange) string { return string(ex.Response.Body.JSON()) }
