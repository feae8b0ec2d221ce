package sdk

import "strings"

// scanner reads the members of one object, or the items of one array. The host
// sends valid JSON; of anything else, what stands before the fault is read.
type scanner struct {
	text string
	at   int
	in   bool // there was a member or an item before
}

func (s *scanner) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// take steps over a character if it is the next.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.at >= len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

// more steps to the next member or item, and reports whether there is one
// before the closing bracket.
func (s *scanner) more(closing byte) bool {
	if s.take(closing) || s.in && !s.take(',') {
		return false
	}
	s.in = true
	return s.at < len(s.text)
}

// name reads a member's name and the colon after it.
func (s *scanner) name() (string, bool) {
	s.space()
	if s.at >= len(s.text) || s.text[s.at] != '"' {
		return "", false
	}
	name, ok := s.str()
	return name, ok && s.take(':')
}

// str reads a string literal.
func (s *scanner) str() (string, bool) {
	end := stringEnd(s.text, s.at)
	if end < 0 {
		return "", false
	}
	literal := s.text[s.at+1 : end]
	s.at = end + 1
	return unquote(literal), true
}

// value reads any value.
func (s *scanner) value() (Value, bool) {
	s.space()
	if s.at >= len(s.text) {
		return Value{}, false
	}
	switch start := s.at; s.text[start] {
	case '"':
		text, ok := s.str()
		return String(text), ok
	case '{', '[':
		ok := s.skip()
		return JSON(s.text[start:s.at]), ok
	}
	return s.literal()
}

// literal reads null, a boolean or a number.
func (s *scanner) literal() (Value, bool) {
	start := s.at
	for s.at < len(s.text) && strings.IndexByte(",]} \t\r\n", s.text[s.at]) < 0 {
		s.at++
	}
	switch text := s.text[start:s.at]; {
	case text == "null":
		return Null, true
	case text == "true", text == "false":
		return Value{KindBool, text}, true
	case text != "" && strings.IndexByte("-0123456789", text[0]) >= 0:
		return Value{KindNumber, text}, true
	}
	return Value{}, false
}

// skip steps over an object or array.
func (s *scanner) skip() bool {
	for depth := 0; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.at++
				return true
			}
		case '"':
			end := stringEnd(s.text, s.at)
			if end < 0 {
				return false
			}
			s.at = end
		}
	}
	return false
}

// stringEnd returns the index of the quote that ends the string literal at i.
func stringEnd(text string, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unquote decodes the escapes of a JSON string.
func unquote(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
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
	start := 0
	for i := 0; i < len(s); i++ {
		b := s[i]
		if b >= 0x20 && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		if b < 0x20 {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		} else {
			dst = append(dst, '\\', b)
		}
	}
	return append(append(dst, s[start:]...), '"')
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
