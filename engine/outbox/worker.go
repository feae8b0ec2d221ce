package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/store"
)

// Defaults of Config, and bounds that nothing sets.
const (
	DefaultGiveUpAfter         = 72 * time.Hour
	DefaultGiveUpMessagesAfter = 6 * time.Hour
	DefaultKeepDead            = 30 * 24 * time.Hour
	DefaultConcurrency         = 4

	// DeliveryTimeout bounds one delivery; a lease outlasts it.
	DeliveryTimeout = LeaseFor / 2
	// pollEvery is how often a worker looks for what others have written, unless
	// Config.PollEvery says otherwise, and alonePoll how often one does that is
	// alone, to be safe.
	pollEvery = 5 * time.Second
	alonePoll = time.Minute
	// busyPoll is how soon a worker looks again that was told of an entry and
	// did not get the lease.
	busyPoll = time.Second
	// sweepEvery is how often a worker looks for lanes that nothing moves and
	// for entries that need not be kept any longer.
	sweepEvery = time.Hour
	// countEvery is how often entries are counted while something happens, and
	// idleCount how often when nothing does.
	countEvery = 15 * time.Second
	idleCount  = 5 * time.Minute
	// storeTimeout bounds what the worker asks of the store by itself.
	storeTimeout = 20 * time.Second
)

// Outcomes of a delivery.
const (
	OutcomeDelivered = "delivered"
	OutcomeRetry     = "retry" // it failed and is tried again
	OutcomeDead      = "dead"  // it failed for the last time
)

// Refused is returned by Deliver when an entry is not to be tried again.
type Refused struct{ Reason string }

// Error returns the reason.
func (r *Refused) Error() string { return r.Reason }

// ErrBusy is returned by Deliver when there was no room to try: the entry stays
// due, and that was no attempt.
var ErrBusy = errors.New("outbox: nothing is free to deliver with")

// ErrTaken is returned by a Finish: the entry is no longer what it was, and
// the unit of work must not be committed.
var ErrTaken = errors.New("outbox: the entry was changed by somebody else")

// Finish makes the end of an entry part of a unit of work.
type Finish func(ctx context.Context, tx *store.Tx) error

// Config is what a Worker needs. Store and Deliver are required.
type Config struct {
	Store store.Tenant
	// Deliver hands an entry to its plugin. If that accepts it, Deliver calls
	// finish in the unit of work of whatever the plugin wrote, and commits it.
	// Any error but a *Refused means: try again later.
	Deliver func(ctx context.Context, e *Entry, finish Finish) error
	// Holder names this process among those that share the store; "" means
	// that none does.
	Holder      string
	GiveUpAfter time.Duration // an entry that fails when it is older is dead; default DefaultGiveUpAfter
	// GiveUpMessagesAfter is GiveUpAfter for messages; default
	// DefaultGiveUpMessagesAfter.
	GiveUpMessagesAfter time.Duration
	KeepDead            time.Duration // how long dead letters are kept; default DefaultKeepDead
	KeepDone            time.Duration // how long delivered entries are kept; 0: not at all
	Concurrency         int           // deliveries of one channel at a time; default DefaultConcurrency
	// PollEvery is how often to look for what another process has left, when
	// there is nothing to do; default 5 s.
	PollEvery time.Duration
	Observe   func(e *Entry, outcome string)
	// Counted is told now and then how many entries there are.
	Counted func([]Count)
	Logger  *slog.Logger
	Now     func() time.Time
}

// Worker delivers the entries of one tenant. Its methods may be called from
// many goroutines, Run once.
type Worker struct {
	config Config
	lease  lease
	wake   chan struct{}

	mu    sync.Mutex
	dirty map[string]bool // lanes that makeDue has to look at

	running sync.WaitGroup
	flight  map[string]bool // lanes being delivered; with mu
	load    map[string]int  // deliveries under way by channel; with mu

	swept, counted time.Time
	told           bool // Committed was called, and nothing was delivered since; with mu
	changed        bool // so that entries are to be counted; with mu
}

// New returns a Worker that does nothing until Run.
func New(c Config) *Worker {
	if c.GiveUpAfter <= 0 {
		c.GiveUpAfter = DefaultGiveUpAfter
	}
	if c.GiveUpMessagesAfter <= 0 {
		c.GiveUpMessagesAfter = DefaultGiveUpMessagesAfter
	}
	if c.PollEvery <= 0 {
		c.PollEvery = pollEvery
	}
	if c.KeepDead <= 0 {
		c.KeepDead = DefaultKeepDead
	}
	if c.Concurrency <= 0 {
		c.Concurrency = DefaultConcurrency
	}
	if c.Observe == nil {
		c.Observe = func(*Entry, string) {}
	}
	if c.Counted == nil {
		c.Counted = func([]Count) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Worker{
		config: c, lease: lease{store: c.Store, holder: c.Holder, now: c.Now}, wake: make(chan struct{}, 1),
		dirty: map[string]bool{}, flight: map[string]bool{}, load: map[string]int{},
	}
}

// Committed tells the worker that entries were committed. It does not block.
func (w *Worker) Committed(lanes []string) {
	w.mu.Lock()
	for _, lane := range lanes {
		w.dirty[lane] = true
	}
	w.told, w.changed = true, true
	w.mu.Unlock()
	w.poke()
}

func (w *Worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends, and then waits for the deliveries under way.
func (w *Worker) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			w.running.Wait()
			rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
			defer cancel()
			if err := w.lease.release(rest); err != nil {
				w.config.Logger.Warn("the lease of the outbox was not released; it ends by itself", "error", err)
			}
			return
		case <-w.wake:
		case <-timer.C:
		}
		next, err := w.step(ctx)
		if err != nil && ctx.Err() == nil {
			w.config.Logger.Error("the outbox could not be read; trying again", "error", err)
			next = pollEvery
		}
		timer.Reset(next)
	}
}

// step starts what is due and returns how long there is nothing to do unless
// somebody pokes.
func (w *Worker) step(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := w.makeDirtyDue(ctx); err != nil {
		return 0, err
	}
	channels, err := w.channels(ctx)
	if err != nil {
		return 0, err
	}
	now := w.config.Now()
	pending, err := w.pending(ctx, channels, now.Add(w.poll()))
	if err != nil {
		return 0, err
	}
	if err := w.countNow(ctx, channels, pending, now); err != nil {
		return 0, err
	}
	sweep := len(channels) > 0 && now.Sub(w.swept) >= sweepEvery
	if !pending && !sweep && !w.busy() {
		return w.poll(), w.lease.release(ctx)
	}
	held, err := w.lease.hold(ctx)
	if err != nil {
		return 0, err
	}
	if !held {
		return w.turnedAway(), nil
	}
	if sweep {
		if err := w.sweep(ctx, channels); err != nil {
			return 0, err
		}
		w.swept = now
	}
	next, err := w.start(ctx, channels)
	if next == 0 || next > pollEvery {
		next = pollEvery // to renew the lease, and to see what others wrote
	}
	return next, err
}

// poll is how soon to look again when nothing is to be done.
func (w *Worker) poll() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed {
		return min(countEvery, pollEvery)
	}
	if w.config.Holder == "" {
		return alonePoll
	}
	return w.config.PollEvery
}

// turnedAway returns when to look again after another process had the lease.
func (w *Worker) turnedAway() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	told := w.told
	w.told = false
	if told {
		return busyPoll
	}
	return pollEvery
}

func (w *Worker) busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.flight) > 0
}

// start begins the deliveries that are due, as many at a time as each channel
// may have. It returns how long until the next is due, 0 for none.
func (w *Worker) start(ctx context.Context, channels []string) (next time.Duration, err error) {
	now, until := w.config.Now(), w.lease.until
	for _, channel := range channels {
		w.mu.Lock()
		free := w.concurrency(channel) - w.load[channel]
		w.mu.Unlock()
		if free > 0 {
			due, err := w.due(ctx, channel, now)
			if err != nil {
				return 0, err
			}
			for _, e := range due {
				if w.begin(e) {
					w.running.Go(func() { w.deliver(e, until) })
				}
			}
		}
		first, err := w.nextDue(ctx, channel, now)
		if err != nil {
			return 0, err
		}
		if !first.IsZero() && (next == 0 || first.Sub(now) < next) {
			next = max(first.Sub(now), time.Millisecond)
		}
	}
	return next, nil
}

// begin takes a lane for a delivery, if it is free and its channel has room.
func (w *Worker) begin(e *Entry) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.flight[e.lane()] || w.load[e.Channel()] >= w.concurrency(e.Channel()) {
		return false
	}
	w.flight[e.lane()] = true
	w.load[e.Channel()]++
	return true
}

func (w *Worker) end(e *Entry) {
	w.mu.Lock()
	delete(w.flight, e.lane())
	if w.load[e.Channel()]--; w.load[e.Channel()] == 0 {
		delete(w.load, e.Channel())
	}
	w.told, w.changed = false, true
	w.mu.Unlock()
	w.poke()
}

// deliver hands over one entry and notes what came of it, before the lease
// ends under which it was taken.
func (w *Worker) deliver(e *Entry, until time.Time) {
	defer w.end(e)
	ctx, cancel := context.WithTimeout(context.Background(), until.Sub(w.config.Now()))
	defer cancel()
	if err := w.try(ctx, e); err != nil {
		w.config.Logger.Error("a delivery of the outbox was interrupted; it is repeated", "channel", e.Channel(), "entry", e.ID, "error", err)
	}
}

func (w *Worker) try(ctx context.Context, e *Entry) error {
	first, err := w.first(ctx, e.lane())
	if err != nil || first == nil {
		return err
	}
	if first.ID != e.ID || first.version != e.version {
		return w.demote(ctx, first, e)
	}
	reason := w.handOver(ctx, e)
	switch {
	case reason == nil:
		w.config.Observe(e, OutcomeDelivered)
	case errors.Is(reason, ErrTaken), errors.Is(reason, ErrBusy):
	default:
		if err := w.failed(ctx, e, reason); err != nil {
			return err
		}
	}
	return w.makeDue(ctx, e.lane())
}

// handOver calls Deliver. A panic of it is this entry's failure alone.
func (w *Worker) handOver(ctx context.Context, e *Entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.config.Logger.Error("a delivery of the outbox panicked", "entry", e.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, DeliveryTimeout)
	defer cancel()
	return w.config.Deliver(ctx, e, func(ctx context.Context, tx *store.Tx) error { return w.finish(ctx, tx, e) })
}
