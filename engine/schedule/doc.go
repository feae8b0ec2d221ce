// Package schedule runs jobs at certain times, once for each tenant, however many
// processes share the tenant's store.
//
//	cron, err := schedule.Parse("0 3 * * *") // at 3:00 UTC, every day
//	w := schedule.New(schedule.Config{Store: data, Jobs: jobs, Do: do})
//	w.Run(ctx)
//
// A record in the store has the time up to which each job is done. The process that
// changes it first, by compare-and-set, does the job. The caller decides what a job
// does.
//
// Decisions and their reasons: docs/rationale/events.md.
package schedule
