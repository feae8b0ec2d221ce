// Package workers does what is not a request's: for each tenant it delivers the
// events of the outbox, runs schedules and appointments, and deletes expired
// records. The workers outlive configurations; what they call is what is served
// at that moment.
//
//	g := workers.New(workers.Config{Store: store, Served: served})
//	err := g.WorkFor(ctx, tenants) // again after each reload
//	err = g.Close()
//
// Decisions and their reasons: docs/rationale/events.md.
package workers
