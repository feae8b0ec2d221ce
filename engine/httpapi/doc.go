// Package httpapi is the HTTP face of one tenant: it routes a request
// (gorilla/mux), bounds and parses its body, makes the checks that Better Auth
// makes in the order in which it makes them, runs the endpoint and the hooks
// around it, and writes the answer, errors included, in one place. Which
// tenant a request is for was settled before, by engine/tenant.
//
// Engine-owned endpoints (get-session, sign-out and their kin) live here;
// every other endpoint is a plugin's and is reached through dispatch.
//
//	api, err := httpapi.New(httpapi.Config{Realm: realm, Plugins: set, …})
//	tenant.Handler = api // and the router of engine passes requests on
//
// Decisions and their reasons: docs/rationale/http.md.
package httpapi
