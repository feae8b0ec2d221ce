package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/authhost/authhost/engine/outbox"
)

// Bounds of a list of the outbox.
const (
	defaultListed = 100
	maxListed     = 1000
)

// OutboxEntry is an event, an appointment or a message of a tenant's outbox as
// the admin listener shows it: without the record, and without the content.
type OutboxEntry struct {
	ID        string    `json:"id"`
	Plugin    string    `json:"plugin"`
	Target    string    `json:"target,omitempty"`
	Schedule  string    `json:"schedule,omitempty"` // of an appointment
	Key       string    `json:"key,omitempty"`      // likewise
	Message   string    `json:"message,omitempty"`  // kind of a message: "email" or "sms"
	Event     string    `json:"event"`              // "schedule" of an appointment; the name of a message
	UserID    string    `json:"userId"`
	State     string    `json:"state"` // due, waiting, dead or done
	Time      time.Time `json:"time"`  // of the event; of an appointment, when it is due
	Due       time.Time `json:"due"`   // of due: not before; of dead and done: since
	Attempts  int       `json:"attempts"`
	LastError string    `json:"lastError,omitempty"`
}

// listOutbox lists a tenant's outbox.
func (l *listener) listOutbox(w http.ResponseWriter, r *http.Request) {
	t := l.tenant(w, r)
	if t == nil {
		return
	}
	filter, limit, err := outboxFilter(r.URL.Query(), outbox.States())
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	out := []OutboxEntry{}
	if worker := t.Outbox; worker != nil {
		list, err := worker.List(r.Context(), filter, limit)
		if err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		for _, x := range list {
			shown := OutboxEntry{
				ID: x.ID, Plugin: x.Plugin, Target: x.Target, Schedule: x.Schedule, Message: x.Message, Event: x.Name, UserID: x.Subject, State: x.State,
				Time: x.Time, Due: x.Due, Attempts: x.Attempts, LastError: x.LastError,
			}
			if x.Schedule != "" {
				shown.Key = x.Key
			}
			out = append(out, shown)
		}
	}
	answer(w, http.StatusOK, out)
}

// replayOutbox delivers dead letters again, or events that were delivered.
func (l *listener) replayOutbox(w http.ResponseWriter, r *http.Request) {
	t := l.tenant(w, r)
	if t == nil {
		return
	}
	filter, _, err := outboxFilter(r.URL.Query(), []string{outbox.StateDead, outbox.StateDone})
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	n := 0
	if worker := t.Outbox; worker != nil {
		if n, err = worker.Replay(r.Context(), filter); err != nil {
			answer(w, http.StatusInternalServerError, map[string]any{"error": fmt.Sprintf("after %d events: %v", n, err), "replayed": n})
			return
		}
	}
	l.Logger.Info("events of the outbox are delivered again", "tenant", t.ID, "events", n)
	answer(w, http.StatusOK, map[string]int{"replayed": n})
}

// outboxFilter reads which entries a request is about.
func outboxFilter(q url.Values, states []string) (f outbox.Filter, limit int, err error) {
	f = outbox.Filter{ID: q.Get("id"), Plugin: q.Get("plugin"), Target: q.Get("target"), State: q.Get("state")}
	if f.State != "" && !slices.Contains(states, f.State) {
		return f, 0, fmt.Errorf("state must be one of %v", states)
	}
	if text := q.Get("since"); text != "" {
		if f.Since, err = time.Parse(time.RFC3339, text); err != nil {
			return f, 0, fmt.Errorf("since must be a time such as 2026-01-02T03:04:05Z")
		}
	}
	limit = defaultListed
	if text := q.Get("limit"); text != "" {
		limit, err = strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxListed {
			return f, 0, fmt.Errorf("limit must be a number from 1 to %d", maxListed)
		}
	}
	return f, limit, nil
}
