package secret

import (
	"crypto/rand"
	"encoding/hex"
)

// Alphabets for RandomString.
const (
	Lower   = "abcdefghijklmnopqrstuvwxyz"
	Upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	Digits  = "0123456789"
	Alnum   = Lower + Upper + Digits
	URLSafe = Alnum + "-_"
)

// RandomString returns n characters drawn uniformly and independently from
// the alphabet by the operating system's generator. The alphabet holds 1 to
// 256 single-byte characters; RandomString panics on any other, and on a
// negative n, because both are constants of the program.
func RandomString(n int, alphabet string) string {
	if n < 0 || len(alphabet) == 0 || len(alphabet) > 256 {
		panic("secret: RandomString needs n >= 0 and an alphabet of 1 to 256 characters")
	}
	// Bytes at or above the largest multiple of the alphabet's length would
	// favour its first characters, so they are drawn again.
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	var pool [64]byte
	for len(out) < n {
		rand.Read(pool[:])
		for _, b := range pool {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// UUID returns a random UUID (RFC 9562, version 4).
func UUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
