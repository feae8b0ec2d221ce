// Package tenant is the registry of tenants. It lists the tenants of a server and
// resolves the tenant of a request. The server resolves the tenant first, and every
// other part of the engine receives it as an argument; there is no default tenant.
//
//	t, rest, ok := registry.Resolve(listener, host, path)
//
// Decisions and their reasons: docs/rationale/storage.md.
package tenant
