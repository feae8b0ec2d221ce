package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authhost/authhost/engine/store"
)

const (
	// failureLimit is the number of failures in a row, of whatever calls, after
	// which the database counts as down.
	failureLimit = 5
	// probeEvery is how often the database is asked whether it is there, unless
	// a call has just shown it.
	probeEvery = time.Second
	// probeTimeout is how long it has to answer that.
	probeTimeout = 2 * time.Second
	// placeTimeout is how long a call waits for a connection that others use.
	placeTimeout = 2 * time.Second
)

// monitor knows whether the database answers. While it does not, calls are
// refused at once, and nobody but the probe asks it.
type monitor struct {
	mu       sync.Mutex
	failures int       // in a row
	since    time.Time // the first of them
	cause    error     // the last of them
	down     bool
	answered time.Time
}

// check refuses calls while the database is down.
func (m *monitor) check() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.down {
		return nil
	}
	return &store.UnavailableError{Cause: fmt.Errorf("pgstore: the database has not answered since %s: %w", m.since.UTC().Format(time.RFC3339), m.cause)}
}

// note tells how a call ended.
func (m *monitor) note(err error) {
	if broken(err) {
		m.failed(err, failureLimit)
	} else {
		m.succeeded()
	}
}

func (m *monitor) succeeded() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures, m.down, m.cause, m.answered = 0, false, nil, time.Now()
}

// failed counts a failure; with limit of them in a row the database is down.
func (m *monitor) failed(err error, limit int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failures++; m.failures == 1 {
		m.since = time.Now()
	}
	m.cause = err
	m.down = m.down || m.failures >= limit
}

// idle reports whether no call has shown lately that the database answers.
func (m *monitor) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.down || time.Since(m.answered) >= probeEvery
}

// watch asks the database now and then, until ctx ends. A probe that gets no
// answer is enough for it to be down, and one that gets it for it to be up.
func (s *Store) watch(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.monitor.idle() {
			continue
		}
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		err := s.pool.Ping(probe)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case broken(err):
			s.monitor.failed(err, 1)
		default:
			s.monitor.succeeded()
		}
	}
}

// Health implements store.Monitored.
func (s *Store) Health() store.Health {
	m := &s.monitor
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.down {
		return store.Health{}
	}
	return store.Health{Name: "postgresql", Since: m.since, Err: m.cause}
}

// attempt runs f once, with one connection to itself, for at most limit; 0
// means as long as ctx lets it.
func (s *Store) attempt(ctx context.Context, limit time.Duration, f func(ctx context.Context) error) error {
	if err := s.monitor.check(); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer func() { <-s.places }()
	inner, cancel := ctx, context.CancelFunc(func() {})
	if limit > 0 {
		inner, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	err := f(inner)
	if ctx.Err() == nil {
		s.monitor.note(err)
	}
	return err
}

// enter waits for a place among those who use the database.
func (s *Store) enter(ctx context.Context) error {
	select {
	case s.places <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(placeTimeout)
	defer timer.Stop()
	select {
	case s.places <- struct{}{}:
		return s.stillUp()
	case <-timer.C:
		return &store.UnavailableError{Cause: fmt.Errorf("pgstore: all %d connections were in use for %v", cap(s.places), placeTimeout)}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stillUp gives a place back when the database went down in the meantime.
func (s *Store) stillUp() error {
	err := s.monitor.check()
	if err != nil {
		<-s.places
	}
	return err
}

// broken reports whether an error says that the database is not there, or did
// not answer in time.
func broken(err error) bool {
	if err == nil {
		return false
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch pgErr.Code {
		case adminShutdown, crashShutdown, cannotConnectNow, tooManyConnections:
			return true
		}
		return strings.HasPrefix(pgErr.Code, connectionClass)
	}
	return errors.Is(err, context.DeadlineExceeded) || disconnected(err)
}
