package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Model has a record for each job, with the time up to which it was done.
const Model = "schedule"

// Schema returns the model of this package.
func Schema() store.Schema {
	return store.Schema{Models: []store.Model{{Name: Model, Fields: []store.Field{{Name: "doneTo", Type: store.Date}}}}}
}

const (
	// longestWait bounds how long a worker sleeps, in case that its clock is set.
	longestWait = time.Minute
	// retryAfter is when a worker asks again that could not reach the store.
	retryAfter = 10 * time.Second
	// storeTimeout bounds what the worker asks of the store for one job.
	storeTimeout = 10 * time.Second
)

// Job is something to be done at certain times.
type Job struct {
	Plugin, Name string
	Cron         Cron
}

func (j *Job) id() string { return j.Plugin + "/" + j.Name }

// Config is what a Worker needs. Store and Do are required.
type Config struct {
	Store store.Tenant
	Jobs  []Job
	// Do does a job that was due at a time. What comes of it is Do's to note: the
	// job is not tried again before it is due again.
	Do     func(ctx context.Context, j Job, due time.Time)
	Now    func() time.Time
	Logger *slog.Logger
}

// Worker does the jobs of one tenant, one after the other.
type Worker struct {
	config Config
	next   map[string]time.Time // by job: before that there is nothing to do
}

// New returns a Worker that does nothing until Run.
func New(c Config) *Worker {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Worker{config: c, next: map[string]time.Time{}}
}

// Run does what is due, at once and until ctx ends. A job that is under way then
// is finished.
func (w *Worker) Run(ctx context.Context) {
	for {
		timer := time.NewTimer(w.Tick(context.WithoutCancel(ctx)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// Tick does what is due now, and returns how long there is nothing to do.
func (w *Worker) Tick(ctx context.Context) time.Duration {
	wait := longestWait
	for _, j := range w.config.Jobs {
		now := w.config.Now()
		if now.Before(w.next[j.id()]) {
			wait = min(wait, w.next[j.id()].Sub(now))
			continue
		}
		due, ours, err := w.claim(ctx, &j, now)
		if err != nil {
			w.config.Logger.Error("a schedule could not be looked up; trying again", "plugin", j.Plugin, "schedule", j.Name, "error", err)
			wait = min(wait, retryAfter)
			continue
		}
		w.next[j.id()] = j.Cron.Next(now)
		wait = min(wait, w.next[j.id()].Sub(now))
		if ours {
			w.do(ctx, j, due)
		}
	}
	return max(wait, time.Millisecond)
}

// do does a job. A panic is that job's failure alone.
func (w *Worker) do(ctx context.Context, j Job, due time.Time) {
	defer func() {
		if p := recover(); p != nil {
			w.config.Logger.Error("a scheduled job panicked", "plugin", j.Plugin, "schedule", j.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	w.config.Do(ctx, j, due)
}

// claim reports whether a job is due and this worker's to do, and the last time
// at which it was: earlier ones that nobody did are left out. A job that the
// store does not know begins now, and has missed nothing.
func (w *Worker) claim(ctx context.Context, j *Job, now time.Time) (due time.Time, ours bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	op := store.Op{Kind: store.Insert, Model: Model, ID: j.id(), Fields: doneTo(now)}
	rec, err := w.config.Store.Get(ctx, Model, j.id())
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return time.Time{}, false, err
	default:
		done, _ := rec.Time("doneTo")
		if due = j.Cron.Latest(now); !due.After(done) {
			return time.Time{}, false, nil
		}
		op = store.Op{Kind: store.Update, Model: Model, ID: j.id(), Version: rec.Version, Fields: doneTo(due)}
	}
	err = w.config.Store.Apply(ctx, []store.Op{op})
	if errors.Is(err, store.ErrConflict) {
		return time.Time{}, false, nil // somebody else was faster
	}
	return due, err == nil && op.Kind == store.Update, err
}

func doneTo(t time.Time) *document.Object {
	return document.NewObject(1).Set("doneTo", document.Time(t))
}
