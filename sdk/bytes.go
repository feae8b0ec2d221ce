package sdk

import "encoding/base64"

// EncodeBase64URL writes bytes as base64url without padding (RFC 4648 section
// 5), the form in which arguments and results of host calls have bytes.
func EncodeBase64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// DecodeBase64URL reads base64url without padding; ok is false for other text.
func DecodeBase64URL(s string) (b []byte, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

// EncodeHex writes bytes as hexadecimal digits in lower case.
func EncodeHex(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// DecodeHex reads hexadecimal digits in either case, two for a byte; ok is false
// for other text.
func DecodeHex(s string) (b []byte, ok bool) {
	if len(s)%2 != 0 {
		return nil, false
	}
	b = make([]byte, 0, len(s)/2)
	for ; s != ""; s = s[2:] {
		if !isHex(s[0]) || !isHex(s[1]) {
			return nil, false
		}
		b = append(b, byte(hexValue(s[:2])))
	}
	return b, true
}
