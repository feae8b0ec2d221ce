// Package telemetry counts and times what the server does, for Prometheus.
// Each Metrics has a registry of its own, so several engines can live in one
// process, and nothing is registered globally.
//
// Labels are bounded: routes are patterns and never raw paths, and a label
// that takes more values than it may reports further ones as "other", so that
// no client can fill the memory of the server or of Prometheus. No label and
// no value holds anything about a single user.
//
// Neighbours: the engine calls the methods from the places where things
// happen; engine/audit records who did what, slog explains single events.
//
//	m := telemetry.New(telemetry.Config{Version: "1.0.0"})
//	m.Request("main", "POST", "/sign-in/email", 200, took)
//	http.Handle("/metrics", m.Handler())
//
// Decisions and their reasons: docs/rationale/operations.md.
package telemetry
