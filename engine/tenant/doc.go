// Package tenant is the registry of tenants: which ones there are, and which
// one a request is for. A tenant is resolved before anything else happens,
// and every other part of the engine receives it as an argument; there is no
// default one.
//
//	t, rest, ok := registry.Resolve(listener, host, path)
//
// Decisions and their reasons: docs/rationale/storage.md.
package tenant
