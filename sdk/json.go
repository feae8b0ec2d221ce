package sdk

import (
	"math/bits"
	"strings"
)

// scanner reads the members of one object, or the items of one array. The host
// sends valid JSON; of anything else, what stands before the fault is read.
//
// A value is read in few calls, with the place in a variable: calls, and what is
// in memory, are what takes time in a plugin.
type scanner struct {
	text string
	at   int
	in   bool // there was a member or an item before
}

// spaces returns the index of the first character from i on that is no space.
func spaces(text string, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// open steps over the opening bracket.
func (s *scanner) open(bracket byte) bool {
	i := spaces(s.text, 0)
	if i == len(s.text) || s.text[i] != bracket {
		return false
	}
	s.at = i + 1
	return true
}

// more steps to the next member or item, and reports whether there is one
// before the closing bracket.
func (s *scanner) more(closing byte) bool {
	text, i := s.text, spaces(s.text, s.at)
	if s.in && i < len(text) && text[i] == ',' {
		i = spaces(text, i+1)
	} else if s.in {
		return false
	}
	s.at, s.in = i, true
	return i < len(text) && text[i] != closing
}

// member reads a member: its name, and its value.
func (s *scanner) member() (name string, v Value, ok bool) {
	text, i := s.text, s.at
	if text[i] != '"' {
		return "", Value{}, false
	}
	end, plain := stringEnd(text, i)
	if end < 0 {
		return "", Value{}, false
	}
	name = text[i+1 : end]
	if !plain {
		name = unquote(name)
	}
	if i = spaces(text, end+1); i == len(text) || text[i] != ':' {
		return "", Value{}, false
	}
	s.at = i + 1
	v, ok = s.value()
	return name, v, ok
}

// value reads any value.
func (s *scanner) value() (Value, bool) {
	text, i := s.text, spaces(s.text, s.at)
	if i == len(text) {
		return Value{}, false
	}
	switch text[i] {
	case '"':
		end, plain := stringEnd(text, i)
		if end < 0 {
			return Value{}, false
		}
		s.at = end + 1
		if plain {
			return Value{KindString, text[i+1 : end]}, true
		}
		return Value{KindString, unquote(text[i+1 : end])}, true
	case '{', '[':
		end := skip(text, i)
		if end < 0 {
			return Value{}, false
		}
		s.at = end
		return Value{KindJSON, text[i:end]}, true
	}
	return s.literal(i)
}

// literal reads null, a boolean or a number that starts at i.
func (s *scanner) literal(i int) (Value, bool) {
	end := i
	for end < len(s.text) && !endsLiteral(s.text[end]) {
		end++
	}
	s.at = end
	switch text := s.text[i:end]; {
	case text == "null":
		return Null, true
	case text == "true", text == "false":
		return Value{KindBool, text}, true
	case text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9'):
		return Value{KindNumber, text}, true
	}
	return Value{}, false
}

func endsLiteral(c byte) bool { return c == ',' || c == ']' || c == '}' || isSpace(c) }

// skip returns the index after the object or array at i, or -1.
func skip(text string, i int) int {
	for depth := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			if i, _ = stringEnd(text, i); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// stringEnd returns the index of the quote that ends the string literal at i,
// or -1, and whether there are no escapes before it.
func stringEnd(text string, i int) (end int, plain bool) {
	plain = true
	for i++; i < len(text); i++ {
		i = textEnd(text, i)
		switch {
		case i == len(text):
		case text[i] == '"':
			return i, plain
		case text[i] == '\\':
			plain = false
			i++
		}
	}
	return -1, false
}

// textEnd returns the index of the first character from i on that does not
// stand for itself in a string literal: a quote, a backslash, or a control
// character; without one, the length of s. It looks at eight characters at a
// time: a round of a loop takes long in a plugin, however little it does.
func textEnd(s string, i int) int {
	const first, last = 0x0101010101010101, 0x8080808080808080 // bits of each byte
	for ; i+8 <= len(s); i += 8 {
		t := s[i : i+8]
		w := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		quote, backslash := w^'"'*first, w^'\\'*first
		// The lowest byte that is marked is 0 before the subtraction, or below
		// a space: only bytes above it may be marked by what it borrows.
		if found := ((quote-first)&^quote | (backslash-first)&^backslash | (w-' '*first)&^w) & last; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// unquote decodes the escapes of a JSON string.
func unquote(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		if s[i] != 'u' {
			out = append(out, escaped(s[i]))
			continue
		}
		r, n := unicodeEscape(s[i-1:])
		if n == 0 {
			return string(out)
		}
		out = append(out, string(r)...)
		i += n - 2
	}
	return string(out)
}

// escaped is what a backslash and a character other than u stand for.
func escaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unicodeEscape reads \uXXXX, or two of them that are a surrogate pair, and
// returns how many bytes that took; 0 if there are too few.
func unicodeEscape(s string) (r rune, n int) {
	if len(s) < 6 {
		return 0, 0
	}
	r = rune(hexValue(s[2:6]))
	if r >= 0xD800 && r < 0xDC00 && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if low := rune(hexValue(s[8:12])); low >= 0xDC00 && low < 0xE000 {
			return 0x10000 + (r-0xD800)<<10 + (low - 0xDC00), 12
		}
	}
	return r, 6
}

func hexValue(digits string) (n int) {
	for i := 0; i < len(digits); i++ {
		d := digits[i]
		switch {
		case d >= 'a':
			d -= 'a' - 10
		case d >= 'A':
			d -= 'A' - 10
		default:
			d -= '0'
		}
		n = n<<4 | int(d&15)
	}
	return n
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends s as a JSON string literal.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for start := 0; ; start++ {
		end := textEnd(s, start)
		dst = append(dst, s[start:end]...)
		if end == len(s) {
			return append(dst, '"')
		}
		if b := s[end]; b < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		} else {
			dst = append(dst, '\\', b)
		}
		start = end
	}
}

// EscapeName writes a name so that it stands for itself in a path, whatever
// dots and backslashes it has.
func EscapeName(name string) string {
	if !strings.ContainsAny(name, `.\`) {
		return name
	}
	out := make([]byte, 0, len(name)+2)
	for i := 0; i < len(name); i++ {
		if name[i] == '.' || name[i] == '\\' {
			out = append(out, '\\')
		}
		out = append(out, name[i])
	}
	return string(out)
}

// cutName splits the first name off a path and undoes its escapes.
func cutName(path string) (name, rest string) {
	if !strings.Contains(path, `\`) {
		name, rest, _ = strings.Cut(path, ".")
		return name, rest
	}
	var out []byte
	for i := 0; i < len(path); i++ {
		switch {
		case path[i] == '.':
			return string(out), path[i+1:]
		case path[i] == '\\' && i+1 < len(path):
			i++
		}
		out = append(out, path[i])
	}
	return string(out), ""
}
