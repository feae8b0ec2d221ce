// Package admin serves the operator's listener: metrics and health, signing keys,
// the outbox of events, backups and, in development, what a developer wants to
// see and undo. It asks the server behind a small interface, so that package
// engine alone knows how tenants are put together.
//
//	token, err := admin.ReadToken(filepath.Join(dataDir, admin.TokenFile))
//	h := admin.Handler(admin.Config{Server: server, Metrics: metrics, Listen: "127.0.0.1:3001", Token: token, Logger: logger})
//
// Decisions and their reasons: docs/rationale/operations.md.
package admin
