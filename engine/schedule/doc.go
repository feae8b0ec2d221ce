// Package schedule runs what is to be done at certain times, once for each
// tenant however many processes share its store.
//
//	cron, err := schedule.Parse("0 3 * * *") // at 3:00 UTC, every day
//	w := schedule.New(schedule.Config{Store: data, Jobs: jobs, Do: do})
//	w.Run(ctx)
//
// A record of the store says up to when each job was done. Whoever changes it
// first, by compare-and-set, does the job. What a job is, is its caller's matter.
//
// Decisions and their reasons: docs/rationale/events.md.
package schedule
