package config

import "log/slog"

// Secret is a text that must not be shown. Formatting and logging it prints a
// placeholder; Reveal returns the text.
type Secret string

const hidden = "(secret)"

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String returns a placeholder, or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString returns a placeholder, so that %#v does not leak the text.
func (s Secret) GoString() string { return `config.Secret("` + s.String() + `")` }

// LogValue implements slog.LogValuer with a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler with a placeholder, so that
// encoders do not leak the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
