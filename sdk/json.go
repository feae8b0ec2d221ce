package sdk

// memberNames returns the names of the members of a JSON object. The text
// comes from the host and is valid JSON; of anything else, the names up to
// the fault are returned.
func memberNames(text string) []string {
	if text == "" || text[0] != '{' {
		return nil
	}
	var names []string
	depth, expectName := 0, false
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
			expectName = depth == 1
		case '}', ']':
			depth--
		case ',':
			expectName = depth == 1
		case '"':
			end := stringEnd(text, i)
			if end < 0 {
				return names
			}
			if expectName {
				names = append(names, unquote(text[i+1:end]))
				expectName = false
			}
			i = end
		}
	}
	return names
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

// unquote decodes the escapes of a JSON string. The host writes all but
// quotes, backslashes and control characters as they are, so surrogate pairs
// do not occur.
func unquote(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			if i+4 >= len(s) {
				return string(out)
			}
			out = append(out, string(rune(hexValue(s[i+1:i+5])))...)
			i += 4
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
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
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// EscapeName writes a name so that it stands for itself in a path, whatever
// dots and backslashes it has.
func EscapeName(name string) string {
	out := make([]byte, 0, len(name)+2)
	for i := 0; i < len(name); i++ {
		if name[i] == '.' || name[i] == '\\' {
			out = append(out, '\\')
		}
		out = append(out, name[i])
	}
	return string(out)
}
