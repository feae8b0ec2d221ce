package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// fillable is a log on a disk that the test fills.
type fillable struct {
	full    bool
	actions []string
	details map[string]string // of the last event
}

func (f *fillable) Record(_ context.Context, e Event) error {
	if f.full {
		return errors.New("no space left on device")
	}
	f.actions, f.details = append(f.actions, e.Action), e.Details
	return nil
}

func (*fillable) Close() error { return nil }

// TestKeeper: with a full disk actions are refused or go on, as the policy says;
// what has happened is written when there is room again.
func TestKeeper(t *testing.T) {
	for policy, refused := range map[string]bool{Refuse: true, Count: false} {
		t.Run(policy, func(t *testing.T) {
			now, disk, lost := time.Unix(1000, 0), &fillable{}, 0
			k := NewKeeper(disk, KeeperConfig{Policy: policy, Now: func() time.Time { return now }, Lost: func(n int) { lost += n }})
			record(t, k, Event{Action: "a"})
			disk.full = true
			if err := k.Record(t.Context(), Event{Action: "b"}); (err != nil) != refused {
				t.Errorf("an action that cannot be recorded: %v", err)
			}
			k.Happened(t.Context(), Event{Action: "c"})
			if err := k.Ready(t.Context()); (err != nil) != refused {
				t.Errorf("ready: %v", err)
			}
			if since, err := k.Failure(); err == nil || !since.Equal(now) {
				t.Errorf("failure %v since %v", err, since)
			}
			disk.full, now = false, now.Add(retryEvery)
			if err := k.Ready(t.Context()); err != nil {
				t.Errorf("with room again: %v", err)
			}
			record(t, k, Event{Action: "d"})
			want := []string{"a", "c", "audit.resumed", "d"}
			if !refused {
				want = []string{"a", "b", "c", "audit.resumed", "d"}
			}
			if !slices.Equal(disk.actions, want) || lost != 0 {
				t.Errorf("recorded %v, lost %d", disk.actions, lost)
			}
			if _, err := k.Failure(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestKeeperIsBounded: what finds no room in memory either is counted, in the
// log, too.
func TestKeeperIsBounded(t *testing.T) {
	now, disk, lost := time.Unix(1000, 0), &fillable{full: true}, 0
	k := NewKeeper(disk, KeeperConfig{Now: func() time.Time { return now }, Lost: func(n int) { lost += n }})
	for i := range maxWaiting + 5 {
		k.Happened(t.Context(), Event{Action: fmt.Sprint(i)})
	}
	if lost != 5 {
		t.Errorf("lost %d", lost)
	}
	disk.full, now = false, now.Add(retryEvery)
	if err := k.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(disk.actions) != maxWaiting+1 || disk.details["lost"] != "5" {
		t.Errorf("%d recorded, details %v", len(disk.actions), disk.details)
	}
}

// TestKeeperCloses: what waits is written at the end, or counted.
func TestKeeperCloses(t *testing.T) {
	for _, full := range []bool{false, true} {
		disk, lost := &fillable{full: true}, 0
		k := NewKeeper(disk, KeeperConfig{Lost: func(n int) { lost += n }})
		k.Happened(t.Context(), Event{Action: "a"})
		disk.full = full
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		if (lost == 1) != full || (len(disk.actions) == 0) != full {
			t.Errorf("full %v: recorded %v, lost %d", full, disk.actions, lost)
		}
	}
}
