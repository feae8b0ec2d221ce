package ratelimit_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authhost/authhost/engine/ratelimit"
)

// sampler is a Sampler whose reports are collected.
func sampler() (*ratelimit.Sampler[string], func() []string) {
	var mu sync.Mutex
	var reports []string
	s := &ratelimit.Sampler[string]{Most: 5, MostOfClient: 2, Report: func(kind string, left int64) {
		mu.Lock()
		defer mu.Unlock()
		reports = append(reports, fmt.Sprintf("%s %d", kind, left))
	}}
	return s, func() []string {
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(reports)
		return slices.Clone(reports)
	}
}

// TestSampler: what is let through and what is reported are all events
// together, and one client does not use up what others have.
func TestSampler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, reports := sampler()
		taken := map[string]int{}
		take := func(kind, client string) {
			if s.Take(kind, client) {
				taken[kind]++
			}
		}
		for range 100 {
			take("a", "one")
		}
		if taken["a"] != 2 {
			t.Errorf("%d events of one client", taken["a"])
		}
		for i := range 100 {
			take("a", strconv.Itoa(i))
			take("b", "")
		}
		take("c", "one")
		if taken["a"] != 5 || taken["b"] != 5 || taken["c"] != 1 {
			t.Errorf("taken %v", taken)
		}
		time.Sleep(ratelimit.DefaultSampleWindow)
		synctest.Wait()
		if got := reports(); !slices.Equal(got, []string{"a 195", "b 95"}) {
			t.Errorf("reports %q", got)
		}
		if !s.Take("a", "") {
			t.Error("the next window is closed")
		}
		s.Flush()
	})
}

// TestSamplerFlush: what was counted is not lost with the end of the process.
func TestSamplerFlush(t *testing.T) {
	s, reports := sampler()
	for range 7 {
		s.Take("a", "")
	}
	s.Flush()
	s.Flush()
	if got := reports(); !slices.Equal(got, []string{"a 2"}) {
		t.Errorf("reports %q", got)
	}
}
