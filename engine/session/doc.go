// Package session is the session engine: it issues, finds, refreshes and ends
// sessions, and it reads and writes their cookies exactly as Better Auth
// does, so that a client, a proxy or an app that knows those cookies keeps
// working.
//
// It owns the policy (lifetimes, refresh) and the cookie format. It stores
// through engine/store, signs through engine/secret and knows neither HTTP
// routing nor plugins: httpapi and capability call it, and record hooks reach
// it through store.Hooks.
//
//	cur, err := sessions.Resolve(ctx, session.Credential{Cookie: header}, now)
//	if cur.Valid() { … }
//
// Decisions and their reasons: docs/rationale/sessions.md.
package session
