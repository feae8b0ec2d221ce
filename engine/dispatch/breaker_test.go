package dispatch

import (
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	now := time.Unix(0, 0)
	var b breaker
	fail := func(n int) {
		for range n {
			if !b.allow(now) {
				t.Fatal("a closed breaker must allow calls")
			}
			b.done(faulty, now)
		}
	}
	fail(BreakerThreshold - 1)
	if !b.allow(now) || b.done(works, now) {
		t.Fatal("one success must start the count again and change nothing else")
	}
	fail(BreakerThreshold)
	if b.allow(now) || !b.isOpen() {
		t.Fatalf("%d failures in a row must open the breaker", BreakerThreshold)
	}
	now = now.Add(BreakerPause)
	if !b.allow(now) {
		t.Fatal("after the pause one call must be let through")
	}
	if b.allow(now) {
		t.Fatal("while one call probes, no other may be made")
	}
	b.done(faulty, now)
	now = now.Add(BreakerPause)
	if b.allow(now) {
		t.Fatal("a failed probe must double the pause")
	}
	now = now.Add(BreakerPause)
	if !b.allow(now) || !b.done(works, now) || b.isOpen() || !b.allow(now) {
		t.Fatal("a probe that succeeds must close the breaker")
	}
}

func TestBreakerPauseIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	var b breaker
	for range BreakerThreshold {
		b.done(faulty, now)
	}
	for range 20 {
		now = now.Add(BreakerMaxPause)
		if !b.allow(now) {
			t.Fatalf("closed for longer than %v", BreakerMaxPause)
		}
		b.done(faulty, now)
	}
}

// Calls that began before the breaker opened must not lengthen the pause.
func TestBreakerLateFailures(t *testing.T) {
	now := time.Unix(0, 0)
	var b breaker
	for range BreakerThreshold + 50 {
		b.done(faulty, now)
	}
	if !b.allow(now.Add(BreakerPause)) {
		t.Fatal("late failures lengthened the pause")
	}
}

func TestBreakerUnclearProbe(t *testing.T) {
	now := time.Unix(0, 0)
	var b breaker
	for range BreakerThreshold {
		b.done(faulty, now)
	}
	now = now.Add(BreakerPause)
	if !b.allow(now) || b.done(unclear, now) || !b.isOpen() {
		t.Fatal("a probe that says nothing must leave the breaker open")
	}
	if !b.allow(now) {
		t.Fatal("and the next call must probe again")
	}
}
