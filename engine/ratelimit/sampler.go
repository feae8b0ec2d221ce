package ratelimit

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"
)

// Defaults of a Sampler.
const (
	DefaultSampleWindow = time.Minute
	DefaultMost         = 100
	DefaultMostOfClient = 20
)

// maxKinds bounds the kinds of events that a Sampler tells apart.
const maxKinds = 10_000

// Sampler thins out what repeats, for logs: of each kind of event the first in
// a window are let through, and the rest is counted. It is safe for concurrent
// use.
type Sampler[Kind comparable] struct {
	Window       time.Duration // default DefaultSampleWindow
	Most         int64         // events of a kind in a window; default DefaultMost
	MostOfClient int64         // of them of one client; default DefaultMostOfClient
	// Report is told how many events of a kind were left out, at the end of the
	// window. It is required.
	Report func(kind Kind, left int64)

	clients Memory

	mu    sync.Mutex
	kinds map[Kind]*sample
}

// sample is the window of a kind that is under way.
type sample struct {
	taken, left int64
	end         *time.Timer
}

// Take reports whether an event is to be let through. client is whose event it
// is, "" where that is not known or does not matter.
func (s *Sampler[Kind]) Take(kind Kind, client string) bool {
	withinShare := client == "" || s.takeOf(kind, client)
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.sample(kind)
	if !withinShare || w.taken >= cmp.Or(s.Most, DefaultMost) {
		w.left++
		return false
	}
	w.taken++
	return true
}

// takeOf counts a client's events of a kind.
func (s *Sampler[Kind]) takeOf(kind Kind, client string) bool {
	key := Key{Owner: client, Name: fmt.Sprintf("%s %v", client, kind)}
	ok, _, _ := s.clients.Hit(context.Background(), key, s.window(), cmp.Or(s.MostOfClient, DefaultMostOfClient)) // memory does not fail
	return ok
}

// sample returns the window of a kind. Those that are too many to be told apart
// have that of the zero kind.
func (s *Sampler[Kind]) sample(kind Kind) *sample {
	if s.kinds[kind] == nil && len(s.kinds) >= maxKinds {
		var rest Kind
		kind = rest
	}
	if w := s.kinds[kind]; w != nil {
		return w
	}
	w := &sample{}
	w.end = time.AfterFunc(s.window(), func() { s.close(kind, w) })
	if s.kinds == nil {
		s.kinds = map[Kind]*sample{}
	}
	s.kinds[kind] = w
	return w
}

// close ends a window.
func (s *Sampler[Kind]) close(kind Kind, w *sample) {
	s.mu.Lock()
	open := s.kinds[kind] == w
	if open {
		delete(s.kinds, kind)
	}
	left := w.left
	s.mu.Unlock()
	if open && left > 0 {
		s.Report(kind, left)
	}
}

// Flush ends all windows now, for before what Report writes to is closed.
func (s *Sampler[Kind]) Flush() {
	s.mu.Lock()
	kinds := s.kinds
	s.kinds = nil
	s.mu.Unlock()
	for kind, w := range kinds {
		w.end.Stop()
		if w.left > 0 {
			s.Report(kind, w.left)
		}
	}
}

func (s *Sampler[Kind]) window() time.Duration { return cmp.Or(s.Window, DefaultSampleWindow) }
