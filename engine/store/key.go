package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strings"

	"github.com/authhost/authhost/engine/document"
)

// maxKeyText is the number of bytes of a string that an index compares as
// text. Of longer strings it keeps this many and a SHA-256 of the whole, so
// that equality and uniqueness hold for any length while keys stay within
// what databases can index; the order among them follows the first bytes.
const maxKeyText = 512

// maxKeyPart bounds what one value takes of a key, in bytes: its tag, a text
// of nothing but NULs, and how it ends.
const maxKeyPart = 1 + 2*maxKeyText + 2 + sha256.Size

// Tags of the parts of a key. They order values of different kinds, and make
// every part end where it can be told from the next one, so that ("a","bc")
// and ("ab","c") have different keys.
const (
	tagNull   = 0x01
	tagFalse  = 0x02
	tagTrue   = 0x03
	tagNumber = 0x04
	tagText   = 0x05
	tagJSON   = 0x06
)

// After a 0x00 inside a text: what it means.
const (
	textEnd    = 0x01
	textHashed = 0x02
	textNUL    = 0xFF
)

// AppendKey appends the form in which indexes compare a value: bytewise order
// of keys is the order of values.
func AppendKey(dst []byte, v document.Value) []byte {
	switch v.Kind() {
	case document.Absent, document.Null:
		return append(dst, tagNull)
	case document.Bool:
		if v.Bool() {
			return append(dst, tagTrue)
		}
		return append(dst, tagFalse)
	case document.Number:
		f, _ := v.Float()
		return appendFloat(append(dst, tagNumber), f)
	case document.String:
		return appendText(append(dst, tagText), v.Str())
	default:
		return appendText(append(dst, tagJSON), string(v.JSON()))
	}
}

// appendFolded is AppendKey for a field that is folded.
func appendFolded(dst []byte, v document.Value) []byte {
	if v.Kind() == document.String {
		return appendText(append(dst, tagText), Fold(v.Str()))
	}
	return AppendKey(dst, v)
}

// keyText returns the text at the beginning of a key, in the form in which
// keys hold it, up to maxKeyText bytes of that; whole reports that this is all
// of it. ok is false when the key begins with another kind of value.
func keyText(key []byte) (text []byte, whole, ok bool) {
	if len(key) == 0 || key[0] != tagText {
		return nil, false, false
	}
	text = key[1:]
	for end := 0; ; end += 2 {
		n := bytes.IndexByte(text[end:], 0)
		if n < 0 || end+n+1 == len(text) {
			return nil, false, false // not a key
		}
		if end += n; text[end+1] != textNUL {
			whole = text[end+1] == textEnd && end <= maxKeyText
			return text[:min(end, maxKeyText)], whole, true
		}
	}
}

// appendNeedle appends a text as it stands inside of keys.
func appendNeedle(dst []byte, s string) []byte {
	return append(dst, strings.ReplaceAll(s, "\x00", "\x00\xFF")...)
}

// appendFloat flips the bits of an IEEE 754 number so that its bytes sort as
// the number does.
func appendFloat(dst []byte, f float64) []byte {
	if f == 0 {
		f = 0 // -0 equals 0
	}
	bits := math.Float64bits(f)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(dst, bits)
}

func appendText(dst []byte, s string) []byte {
	full := s
	if len(s) > maxKeyText {
		s = s[:maxKeyText]
	}
	for {
		at := strings.IndexByte(s, 0)
		if at < 0 {
			break
		}
		dst = append(append(dst, s[:at]...), 0, textNUL)
		s = s[at+1:]
	}
	dst = append(dst, s...)
	if len(full) <= maxKeyText {
		return append(dst, 0, textEnd)
	}
	sum := sha256.Sum256([]byte(full))
	return append(append(dst, 0, textHashed), sum[:]...)
}

// successor returns the first key that does not begin with prefix, or nil when
// there is none. It reuses prefix.
func successor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			prefix[i]++
			return prefix[:i+1]
		}
	}
	return nil
}
