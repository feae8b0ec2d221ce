// Package httpapi is the HTTP face of the engine: it resolves the tenant of a
// request, routes it (gorilla/mux), bounds and parses its body, makes the
// checks that Better Auth makes in the order in which it makes them, runs the
// endpoint and the hooks around it, and writes the answer, errors included,
// in one place.
//
// Engine-owned endpoints (get-session, sign-out and their kin) live here;
// every other endpoint is a plugin's and is reached through dispatch.
//
//	api, err := httpapi.New(tenant, httpapi.Config{MaxBodyBytes: 1 << 20})
//	http.ListenAndServe(addr, httpapi.Resolve(registry, addr))
package httpapi
