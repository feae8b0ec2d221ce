package audit

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Outcomes of an event.
const (
	Success = "success"
	Failure = "failure" // refused or failed
)

// Event is one entry of the audit log.
type Event struct {
	Time   time.Time `json:"time"` // zero: now
	Tenant string    `json:"tenant"`
	Action string    `json:"action"`          // what happened, such as "session.created"
	Actor  string    `json:"actor,omitempty"` // user id; empty if unknown
	// ImpersonatedBy is the id of the user who acts as the actor; empty if nobody does.
	ImpersonatedBy string `json:"impersonatedBy,omitempty"`
	// AssumedBy is the id of the plugin on whose word the request was the actor's,
	// without a session that is stored; empty if it was in one, or in none.
	AssumedBy string            `json:"assumedBy,omitempty"`
	IP        string            `json:"ip,omitempty"`        // address of the client
	RequestID string            `json:"requestId,omitempty"` // as in the log
	Plugin    string            `json:"plugin,omitempty"`    // id of the plugin that reports it; empty: the engine
	Outcome   string            `json:"outcome"`             // Success or Failure
	Details   map[string]string `json:"details,omitempty"`
}

// Log takes events. Implementations are safe for concurrent use.
type Log interface {
	// Record writes one event. When it returns nil the event was handed to the
	// operating system; a caller that must not act unrecorded acts only then.
	Record(ctx context.Context, e Event) error
	Close() error
}

// Bounds on an event. Longer texts are cut off, further details left out, so
// that no request can make the log grow without limit.
const (
	MaxDetails     = 32
	MaxFieldLength = 1024 // bytes
)

// Redacted stands for the value of a detail that must not be written.
const Redacted = "[redacted]"

// secretWords mark names of details whose values are not written.
func secretWords() []string {
	return []string{"password", "passwd", "secret", "token", "otp", "cookie", "authorization", "credential", "hash", "privatekey"}
}

// cleaned returns the event as it is written.
func (e Event) cleaned() Event {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	if e.Outcome == "" {
		e.Outcome = Success
	}
	for _, text := range []*string{&e.Tenant, &e.Action, &e.Actor, &e.ImpersonatedBy, &e.AssumedBy, &e.IP, &e.RequestID, &e.Plugin, &e.Outcome} {
		*text = cut(*text)
	}
	if len(e.Details) == 0 {
		return e
	}
	details := make(map[string]string, min(len(e.Details), MaxDetails))
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		if len(details) == MaxDetails {
			break
		}
		value := cut(e.Details[name])
		if tellsSecret(name) {
			value = Redacted
		}
		details[cut(name)] = value
	}
	e.Details = details
	return e
}

func tellsSecret(name string) bool {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("_-. ", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	return slices.ContainsFunc(secretWords(), func(w string) bool { return strings.Contains(name, w) })
}

// cut shortens a text to MaxFieldLength bytes without splitting a character.
func cut(s string) string {
	if len(s) <= MaxFieldLength {
		return s
	}
	end := MaxFieldLength
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Nop returns a Log that forgets every event.
func Nop() Log { return nop{} }

type nop struct{}

func (nop) Record(context.Context, Event) error { return nil }
func (nop) Close() error                        { return nil }

// NewSlog returns a Log that writes events as records of level Info with the
// message "audit". A handler that drops records drops events silently: prefer
// NewFile where events must not be lost.
func NewSlog(l *slog.Logger) Log { return slogLog{l} }

type slogLog struct{ logger *slog.Logger }

func (l slogLog) Record(ctx context.Context, e Event) error {
	e = e.cleaned()
	attrs := []slog.Attr{slog.Time("at", e.Time), slog.String("tenant", e.Tenant), slog.String("action", e.Action), slog.String("outcome", e.Outcome)}
	for _, a := range []slog.Attr{slog.String("actor", e.Actor), slog.String("impersonatedBy", e.ImpersonatedBy), slog.String("assumedBy", e.AssumedBy), slog.String("ip", e.IP), slog.String("requestId", e.RequestID), slog.String("plugin", e.Plugin)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if len(e.Details) > 0 {
		attrs = append(attrs, slog.Any("details", e.Details))
	}
	l.logger.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
	return nil
}

func (slogLog) Close() error { return nil }
