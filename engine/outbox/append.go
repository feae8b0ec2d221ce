package outbox

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// idLength counts characters of secret.Alnum.
const idLength = 32

// Append writes events as part of a unit of work, in their order. It is called
// last, when the unit has read whatever it depends on. It returns the lanes of
// the events, for Worker.Committed.
func Append(ctx context.Context, tx *store.Tx, stored store.Tenant, events []Event, now time.Time) ([]string, error) {
	t := tails{store: stored, now: now}
	for i := range events {
		e := &events[i]
		state, number, err := t.next(ctx, e.lane())
		if err != nil {
			return nil, err
		}
		id := secret.RandomString(idLength, secret.Alnum)
		if _, err := tx.Insert(ctx, Model, id, e.fields(state, number, now)); err != nil {
			return nil, err
		}
	}
	return t.lanes, nil
}

// tails gives places at the ends of lanes.
type tails struct {
	store store.Tenant
	now   time.Time
	last  map[string]int64
	lanes []string // that got one, in the order of the first
}

// next returns the state and number of an entry that is put behind all others
// of its lane. Numbers are microseconds of the clock where nothing else asks
// for more, so that they go on rising when a lane was empty.
func (t *tails) next(ctx context.Context, lane string) (state string, number int64, err error) {
	last, known := t.last[lane]
	state = StateWaiting
	if !known {
		page, err := t.store.List(ctx, store.Query{Model: Model, Index: byLane, Key: []document.Value{document.Text(lane)}, Desc: true, Limit: 1})
		if err != nil {
			return "", 0, err
		}
		if len(page.Records) > 0 {
			last, _ = page.Records[0].Int("number")
		} else {
			state = StateDue
		}
		t.lanes = append(t.lanes, lane)
	}
	if t.last == nil {
		t.last = map[string]int64{}
	}
	number = max(t.now.UnixMicro(), last+1)
	t.last[lane] = number
	return state, number, nil
}
