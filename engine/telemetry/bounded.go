package telemetry

import (
	"strings"
	"sync"
)

// other is the label value of everything that has no value of its own, and
// none that of what is missing.
const (
	other = "other"
	none  = "none"
)

// bounded limits how many values a label takes. The first ones are kept,
// because the series that exist already cannot be taken back.
type bounded struct {
	most int
	mu   sync.RWMutex
	seen map[string]bool
}

func newBounded(most int) *bounded { return &bounded{most: most, seen: map[string]bool{}} }

// maxLabel is the longest label value in bytes.
const maxLabel = 200

func (b *bounded) label(value string) string {
	if value == "" {
		return none
	}
	b.mu.RLock()
	known, full := b.seen[value], len(b.seen) >= b.most
	b.mu.RUnlock()
	if known {
		return value
	}
	if full || len(value) > maxLabel {
		return other
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) >= b.most && !b.seen[value] {
		return other
	}
	value = strings.ToValidUTF8(value, "?") // anything else panics in the client library
	b.seen[value] = true
	return value
}
