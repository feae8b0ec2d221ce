package audit

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Policies of a Keeper: what happens to actions while the log cannot be
// written.
const (
	Refuse = "refuse" // they are refused
	Count  = "count"  // they go on, and what is not recorded is counted
)

// maxWaiting bounds the events that a Keeper keeps while the log cannot be
// written, about a kilobyte each.
const maxWaiting = 10_000

// retryEvery is how often a Keeper tries a log that could not be written.
const retryEvery = time.Second

// Keeper is a Log that outlives failures of another one, such as a full disk:
// events of what has happened already wait in memory until they can be written,
// and what became of the rest is counted, never lost in silence. It is safe for
// concurrent use.
type Keeper struct {
	log    Log
	policy string
	now    func() time.Time
	lost   func(events int)

	mu      sync.Mutex
	failure error // nil while the log can be written
	since   time.Time
	tried   time.Time
	waiting []Event
	dropped int // events since the failure that are nowhere
}

// KeeperConfig configures a Keeper. Zero members take the defaults.
type KeeperConfig struct {
	Policy string // Refuse, the default, or Count
	// Lost, if set, is told of events that are nowhere.
	Lost func(events int)
	Now  func() time.Time // default time.Now
}

// NewKeeper returns a Keeper in front of a log.
func NewKeeper(log Log, c KeeperConfig) *Keeper {
	k := &Keeper{log: log, policy: c.Policy, now: c.Now, lost: c.Lost}
	if k.policy == "" {
		k.policy = Refuse
	}
	if k.now == nil {
		k.now = time.Now
	}
	if k.lost == nil {
		k.lost = func(int) {}
	}
	return k
}

// Record writes the event of an action that is about to happen. With the policy
// Refuse an error means that it must not; with Count the event waits, or is
// counted.
func (k *Keeper) Record(ctx context.Context, e Event) error {
	err := k.write(ctx, e)
	if err == nil || k.policy == Refuse {
		return err
	}
	k.wait(e)
	return nil
}

// Happened writes the event of what has happened already. Without room for it
// in the log it waits, or is counted.
func (k *Keeper) Happened(ctx context.Context, e Event) {
	if k.write(ctx, e) != nil {
		k.wait(e)
	}
}

// Ready reports why actions are to be refused for now, nil if they are not. It
// tries a log that failed again, once in a while.
func (k *Keeper) Ready(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failure == nil || k.retry(ctx) || k.policy == Count {
		return nil
	}
	return k.failure
}

// Failure returns what keeps the log from being written and since when, nil if
// nothing does.
func (k *Keeper) Failure() (since time.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.since, k.failure
}

// Close writes what waits, as far as possible, and closes the log.
func (k *Keeper) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flush(context.Background())
	if n := len(k.waiting); n > 0 {
		k.lost(n)
	}
	k.waiting = nil
	return k.log.Close()
}

// write hands an event on, unless the log failed a moment ago.
func (k *Keeper) write(ctx context.Context, e Event) error {
	if err := k.broken(ctx); err != nil {
		return err
	}
	err := k.log.Record(ctx, e)
	if err != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.failed(err)
	}
	return err
}

// broken returns the failure of a log that cannot be written yet.
func (k *Keeper) broken(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failure == nil || k.retry(ctx) {
		return nil
	}
	return k.failure
}

// wait keeps an event for later.
func (k *Keeper) wait(e Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e.Time.IsZero() {
		e.Time = k.now()
	}
	if len(k.waiting) < maxWaiting {
		k.waiting = append(k.waiting, e)
		return
	}
	k.dropped++
	k.lost(1)
}

// failed notes a failure. k.mu is held.
func (k *Keeper) failed(err error) {
	k.tried = k.now()
	if k.failure == nil {
		k.since = k.tried
	}
	k.failure = err
}

// retry tries a log that failed, once in a while, and reports whether it can be
// written again. k.mu is held.
func (k *Keeper) retry(ctx context.Context) bool {
	if k.now().Sub(k.tried) < retryEvery {
		return false
	}
	return k.flush(ctx)
}

// flush writes what waits, and how much does not exist. k.mu is held.
func (k *Keeper) flush(ctx context.Context) bool {
	if k.failure == nil {
		return true
	}
	for len(k.waiting) > 0 {
		if err := k.log.Record(ctx, k.waiting[0]); err != nil {
			k.failed(err)
			return false
		}
		k.waiting = k.waiting[1:]
	}
	resumed := Event{Time: k.now(), Action: "audit.resumed", Outcome: Success, Details: map[string]string{
		"since": k.since.UTC().Format(time.RFC3339), "lost": strconv.Itoa(k.dropped), "reason": fmt.Sprint(k.failure),
	}}
	if err := k.log.Record(ctx, resumed); err != nil {
		k.failed(err)
		return false
	}
	k.failure, k.since, k.waiting, k.dropped = nil, time.Time{}, nil, 0
	return true
}
