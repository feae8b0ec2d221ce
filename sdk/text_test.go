//go:build !wasip1

package sdk

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// addresses is zod 4's pattern for an e-mail address.
var addresses = regexp.MustCompile(`^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

func FuzzIsEmail(f *testing.F) {
	for _, seed := range []string{
		"ada@example.com", "a.b+c'd-e_f@x-y.co", ".a@b.co", "a..b@c.de", "a'@b.co", "a@b", "a@b.c", "a@-b.co", "a@b-.co", "a@b.c0m",
		"a@@b.co", "a@b.co\n", "é@b.co", "@b.co", "a@.co", "a@b..co", "a@b.co.", "", "a b@c.de", "-@0.aa", "+@x.yy",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := IsEmail(s), addresses.MatchString(s); got != want {
			t.Errorf("IsEmail(%q) = %v, want %v", s, got, want)
		}
	})
}

func FuzzUTF16Len(f *testing.F) {
	f.Add("aé🔑")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := UTF16Len(s), len(utf16.Encode([]rune(s))); got != want {
			t.Errorf("UTF16Len(%q) = %d, want %d", s, got, want)
		}
	})
}

func TestEncodeURIComponent(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"/":                          "%2F",
		"https://a.example/x?y=1&z#": "https%3A%2F%2Fa.example%2Fx%3Fy%3D1%26z%23",
		"-_.!~*'()aZ9":               "-_.!~*'()aZ9",
		"é 🔑":                        "%C3%A9%20%F0%9F%94%91",
		"a\xffb":                     "a%EF%BF%BDb",
	} {
		if got := EncodeURIComponent(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzURIComponent(f *testing.F) {
	f.Add("a/b é%2F")
	f.Fuzz(func(t *testing.T, s string) {
		if _, ok := DecodeURIComponent(s); !ok && !strings.Contains(s, "%") {
			t.Errorf("%q does not decode", s)
		}
		if !utf8.ValidString(s) {
			return
		}
		if got, ok := DecodeURIComponent(EncodeURIComponent(s)); !ok || got != s {
			t.Errorf("%q became %q, %v", s, got, ok)
		}
	})
}
