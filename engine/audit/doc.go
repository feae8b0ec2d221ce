// Package audit records who did what to whose account, for later questions
// that logs do not answer: events are few, have a fixed shape, and are never
// sampled or filtered by level.
//
// Record returns an error when an event could not be written, so that callers
// can refuse to do what would go unrecorded. Events hold no secrets: details
// whose names speak of one are replaced before they are written.
//
// Neighbours: the engine and the audit capability call it; engine/telemetry
// counts, slog explains, this package testifies.
//
//	log, err := audit.NewFile("data/audit.jsonl")
//	err = log.Record(ctx, audit.Event{Tenant: "main", Action: "session.created", Actor: userID, Outcome: audit.Success})
//
// Decisions and their reasons: docs/rationale/operations.md.
package audit
