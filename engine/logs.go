package engine

import (
	"context"
	"log/slog"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/ratelimit"
)

// mostGuestLines is how many lines of the log a plugin gets in a minute in each
// tenant: the host cannot tell which of them repeat.
const mostGuestLines = 1000

// sampled is a slog.Handler that writes the first lines of a kind in each
// minute, and then how many followed. Lines of the level debug are all written:
// nobody asks for these by chance.
type sampled struct {
	slog.Handler
	lines, guests *ratelimit.Sampler[line]
	with          line // what lines have from WithAttrs
}

// line is a kind of lines: what those that repeat have in common.
type line struct {
	level                          slog.Level
	message, tenant, plugin, route string
}

// sampleLines puts a sampled handler before another one. flush writes what it
// has counted.
func sampleLines(to slog.Handler) (h slog.Handler, flush func()) {
	report := func(kind line, left int64) {
		attrs := []any{"line", kind.message, "leftOut", left}
		for _, a := range [...]struct{ name, value string }{{"tenant", kind.tenant}, {"plugin", kind.plugin}, {"route", kind.route}} {
			if a.value != "" {
				attrs = append(attrs, a.name, a.value)
			}
		}
		slog.New(to).Log(context.Background(), kind.level, "lines were left out because they repeat", attrs...)
	}
	s := &sampled{
		Handler: to, lines: &ratelimit.Sampler[line]{Report: report},
		guests: &ratelimit.Sampler[line]{Most: mostGuestLines, Report: report},
	}
	return s, func() { s.lines.Flush(); s.guests.Flush() }
}

// Handle implements slog.Handler.
func (s *sampled) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo && !s.take(ctx, r) {
		return nil
	}
	return s.Handler.Handle(ctx, r)
}

func (s *sampled) take(ctx context.Context, r slog.Record) bool {
	kind := s.with
	r.Attrs(func(a slog.Attr) bool { kind.add(a); return true })
	if dispatch.IsGuestLine(ctx) {
		return s.guests.Take(line{level: r.Level, tenant: kind.tenant, plugin: kind.plugin}, "")
	}
	kind.level, kind.message = r.Level, withoutNumbers(r.Message)
	return s.lines.Take(kind, "")
}

// add notes an attribute that tells kinds of lines apart.
func (l *line) add(a slog.Attr) {
	switch a.Key {
	case "tenant":
		l.tenant = a.Value.String()
	case "plugin":
		l.plugin = a.Value.String()
	case "route":
		l.route = a.Value.String()
	}
}

// withoutNumbers makes one message of those that differ in addresses and ports.
func withoutNumbers(message string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '#'
		}
		return r
	}, message)
}

// WithAttrs implements slog.Handler.
func (s *sampled) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *s
	c.Handler = s.Handler.WithAttrs(attrs)
	for _, a := range attrs {
		c.with.add(a)
	}
	return &c
}

// WithGroup implements slog.Handler.
func (s *sampled) WithGroup(name string) slog.Handler {
	c := *s
	c.Handler = s.Handler.WithGroup(name)
	return &c
}
