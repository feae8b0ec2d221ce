package pluginapi

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Limits of document paths. A longer path names nothing.
const (
	MaxPathBytes    = 512 // length of a path
	MaxPathSegments = 32  // names in a path
)

// ErrPath is returned by ParsePath for text that is no path.
var ErrPath = errors.New("pluginapi: not a document path")

// ParsePath splits a path of the call's document into its names:
// "request.body.email" is request, body, email. A backslash takes the
// character after it literally, so that `claims.https://example\.com/role` has
// two names. Empty names, a backslash at the end, invalid UTF-8 and paths
// beyond the limits above are ErrPath.
func ParsePath(path string) ([]string, error) {
	if path == "" || len(path) > MaxPathBytes || !utf8.ValidString(path) {
		return nil, ErrPath
	}
	names := make([]string, 0, 4)
	start, escaped := 0, false
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] == '\\' {
			escaped = true
			i++
			if i == len(path) {
				return nil, ErrPath
			}
			continue
		}
		if i < len(path) && path[i] != '.' {
			continue
		}
		if i == start || len(names) == MaxPathSegments {
			return nil, ErrPath
		}
		name := path[start:i]
		if escaped {
			name = unescape(name)
		}
		names = append(names, name)
		start, escaped = i+1, false
	}
	return names, nil
}

func unescape(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' {
			i++
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// EscapeName writes a name so that it stands for itself in a path, whatever
// dots and backslashes it has. Joining escaped names with "." and ParsePath
// are inverse to each other.
func EscapeName(name string) string {
	if !strings.ContainsAny(name, `.\`) {
		return name
	}
	var b strings.Builder
	b.Grow(len(name) + 2)
	for i := 0; i < len(name); i++ {
		if name[i] == '.' || name[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// JoinPath escapes names and joins them to a path.
func JoinPath(names ...string) string {
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = EscapeName(name)
	}
	return strings.Join(escaped, ".")
}
