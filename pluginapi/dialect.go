package pluginapi

import "slices"

// Dialects of the Better Auth protocol. A tenant speaks one; where they are
// the same, nothing depends on it.
const (
	Dialect16 = "1.6"
	Dialect17 = "1.7"
)

// Dialects lists those that a handler can name.
func Dialects() []string { return []string{Dialect16, Dialect17} }

// In reports whether the handler is there in a dialect.
func (h *Handler) In(dialect string) bool {
	return len(h.Dialects) == 0 || slices.Contains(h.Dialects, dialect)
}

// For returns the manifest with the handlers of one dialect: a shallow copy,
// or the manifest itself where that changes nothing.
func (m *Manifest) For(dialect string) *Manifest {
	if !slices.ContainsFunc(m.Handlers, func(h Handler) bool { return !h.In(dialect) }) {
		return m
	}
	out := *m
	out.Handlers = slices.DeleteFunc(slices.Clone(m.Handlers), func(h Handler) bool { return !h.In(dialect) })
	return &out
}
