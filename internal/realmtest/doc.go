// Package realmtest puts a tenant together for tests of the parts above the
// store: an embedded store in a temporary folder, sessions, identities, the
// host calls of plugins, and guests of internal/wasmtest in a real sandbox.
// Only the password hash is a cheap one, and the clock stands still until it
// is moved.
//
// It knows neither HTTP nor the configuration file: tests of engine/httpapi
// put their own on top, and those of engine start a whole server.
//
//	realm := realmtest.New(t, realmtest.Config{Guests: []*wasmtest.Guest{guest}})
//	ex := realm.Exchange(t, dispatch.Request{Method: "POST", Path: "/x"})
//	err := ex.RunEndpoint(t.Context(), realm.Set.Endpoints()[0])
//
// Decisions and their reasons: docs/rationale/code.md.
package realmtest
