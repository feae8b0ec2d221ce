package document

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is the default nesting that Parse accepts. JavaScript's JSON.parse
// has no such limit; real request bodies do not come near it.
const MaxDepth = 64

// Errors of texts that are JSON, but more of it than is allowed.
var (
	ErrDepth    = errors.New("document: nested too deeply")
	ErrElements = errors.New("document: too many elements")
)

// Limits bound what a text may become.
type Limits struct {
	Depth    int // nesting of arrays and objects; 0 means MaxDepth
	Elements int // values at any depth, those of members included; 0 means no bound
}

// SyntaxError says where a text stops being JSON (RFC 8259).
type SyntaxError struct {
	Offset int // byte offset, from 0
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("document: invalid JSON at byte %d: %s", e.Offset, e.Reason)
}

// Parse reads exactly one JSON value (RFC 8259) as JavaScript's JSON.parse
// does: of duplicate members the last wins, lone surrogate escapes become
// U+FFFD, and invalid UTF-8 is refused. maxDepth bounds nesting; 0 means
// MaxDepth.
func Parse(data []byte, maxDepth int) (Value, error) {
	return ParseWithin(data, Limits{Depth: maxDepth})
}

// ParseWithin is Parse for texts of strangers. A text that goes beyond the
// limits is given up there: ErrDepth or ErrElements.
func ParseWithin(data []byte, l Limits) (Value, error) {
	if l.Depth <= 0 {
		l.Depth = MaxDepth
	}
	if l.Elements <= 0 {
		l.Elements = len(data) // each takes a byte at least
	}
	p := parser{data: data, depth: l.Depth, left: l.Elements}
	p.space()
	v, err := p.value()
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.pos != len(data) {
		return Value{}, p.fail("text after the value")
	}
	return v, nil
}

type parser struct {
	data  []byte
	pos   int
	depth int // of what may still be nested
	left  int // elements that may still come
}

func (p *parser) fail(reason string) error { return &SyntaxError{Offset: p.pos, Reason: reason} }

func (p *parser) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.pos < len(p.data) {
		return p.data[p.pos]
	}
	return 0
}

func (p *parser) value() (Value, error) {
	if p.left--; p.left < 0 && p.pos < len(p.data) {
		return Value{}, ErrElements
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '"':
		s, err := p.str()
		return Text(s), err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return Boolean(true), p.word("true")
	case c == 'f':
		return Boolean(false), p.word("false")
	case c == 'n':
		return NullValue(), p.word("null")
	default:
		return Value{}, p.fail("a value must start here")
	}
}

func (p *parser) word(w string) error {
	if len(p.data)-p.pos < len(w) || string(p.data[p.pos:p.pos+len(w)]) != w {
		return p.fail("expected " + w)
	}
	p.pos += len(w)
	return nil
}

func (p *parser) object() (Value, error) {
	if p.depth--; p.depth < 0 {
		return Value{}, ErrDepth
	}
	defer func() { p.depth++ }()
	p.pos++
	p.space()
	if p.peek() == '}' {
		p.pos++
		return Obj(&Object{}), nil
	}
	// Room for one member: a body of many tiny objects must not take a multiple
	// of its size in empty slots.
	o := NewObject(1)
	for {
		p.space()
		if p.peek() != '"' {
			return Value{}, p.fail("expected a member name")
		}
		name, err := p.str()
		if err != nil {
			return Value{}, err
		}
		p.space()
		if p.peek() != ':' {
			return Value{}, p.fail("expected ':'")
		}
		p.pos++
		p.space()
		v, err := p.value()
		if err != nil {
			return Value{}, err
		}
		o.Set(name, v)
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return Obj(o), nil
		default:
			return Value{}, p.fail("expected ',' or '}'")
		}
	}
}

func (p *parser) array() (Value, error) {
	if p.depth--; p.depth < 0 {
		return Value{}, ErrDepth
	}
	defer func() { p.depth++ }()
	p.pos++
	items := []Value{}
	p.space()
	if p.peek() == ']' {
		p.pos++
		return List(items...), nil
	}
	for {
		p.space()
		v, err := p.value()
		if err != nil {
			return Value{}, err
		}
		items = append(items, v)
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return List(items...), nil
		default:
			return Value{}, p.fail("expected ',' or ']'")
		}
	}
}

func (p *parser) digits() bool {
	start := p.pos
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	return p.pos > start
}

func (p *parser) number() (Value, error) {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if !p.digits() {
		return Value{}, p.fail("expected a digit")
	}
	if p.peek() == '.' {
		p.pos++
		if !p.digits() {
			return Value{}, p.fail("expected a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits() {
			return Value{}, p.fail("expected a digit")
		}
	}
	return Value{number(p.data[start:p.pos])}, nil
}

func (p *parser) str() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.data) {
		c := p.data[p.pos]
		if c == '"' {
			s := p.data[start:p.pos]
			if !utf8.Valid(s) {
				return "", p.fail("invalid UTF-8")
			}
			p.pos++
			return string(s), nil
		}
		if c == '\\' {
			return p.escaped(start)
		}
		if c < 0x20 {
			return "", p.fail("control character in a string")
		}
		p.pos++
	}
	return "", p.fail("unterminated string")
}

// escaped continues str from the first backslash.
func (p *parser) escaped(start int) (string, error) {
	buf := append(make([]byte, 0, p.pos-start+32), p.data[start:p.pos]...)
	for p.pos < len(p.data) {
		c := p.data[p.pos]
		switch {
		case c == '"':
			if !utf8.Valid(buf) {
				return "", p.fail("invalid UTF-8")
			}
			p.pos++
			return string(buf), nil
		case c < 0x20:
			return "", p.fail("control character in a string")
		case c != '\\':
			buf = append(buf, c)
			p.pos++
		default:
			p.pos++
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			buf = utf8.AppendRune(buf, r)
		}
	}
	return "", p.fail("unterminated string")
}

func (p *parser) escape() (rune, error) {
	c := p.peek()
	p.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, err := p.hex4()
		if err != nil || !utf16.IsSurrogate(r) {
			return r, err
		}
		if p.pos+1 < len(p.data) && p.data[p.pos] == '\\' && p.data[p.pos+1] == 'u' {
			mark := p.pos
			p.pos += 2
			low, err := p.hex4()
			if err != nil {
				return 0, err
			}
			if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
				return full, nil
			}
			p.pos = mark
		}
		return utf8.RuneError, nil
	default:
		p.pos--
		return 0, p.fail("unknown escape")
	}
}

func (p *parser) hex4() (rune, error) {
	if p.pos+4 > len(p.data) {
		return 0, p.fail("short \\u escape")
	}
	n, err := strconv.ParseUint(string(p.data[p.pos:p.pos+4]), 16, 32)
	if err != nil {
		return 0, p.fail("bad \\u escape")
	}
	p.pos += 4
	return rune(n), nil
}

// JSON returns the value as compact JSON text. Absent gives nil.
func (v Value) JSON() []byte {
	if v.IsAbsent() {
		return nil
	}
	return v.AppendJSON(nil)
}

// AppendJSON appends the value as compact JSON text, escaped as
// JSON.stringify does. Absent inside an array becomes null.
func (v Value) AppendJSON(dst []byte) []byte {
	switch of := v.of.(type) {
	case bool:
		return strconv.AppendBool(dst, of)
	case number:
		return append(dst, of...)
	case string:
		return AppendString(dst, of)
	case []Value:
		dst = append(dst, '[')
		for i, item := range of {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendJSON(dst)
		}
		return append(dst, ']')
	case *Object:
		dst = append(dst, '{')
		for i := range of.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendString(dst, of.members[i].name)
			dst = append(dst, ':')
			dst = of.members[i].value.AppendJSON(dst)
		}
		return append(dst, '}')
	default:
		return append(dst, "null"...)
	}
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string literal, escaped as JSON.stringify
// does; invalid UTF-8 becomes U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\uFFFD"...)
				i++
				start = i
				continue
			}
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
