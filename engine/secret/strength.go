package secret

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// MinLength is the least number of characters of a strong secret.
const MinLength = 32

// minBits is the least estimated entropy of a strong secret. Random hex of
// 32 characters reaches it with ease, words and patterns do not.
const minBits = 64

// placeholders are texts, in lower case and without punctuation, that mark a
// secret as copied from a manual.
func placeholders() []string {
	return []string{
		"changeme", "changethis", "changeit", "replaceme", "replacethis", "replacewith", "placeholder",
		"yoursecret", "mysecret", "supersecret", "topsecret", "secretkey", "secrethere", "somesecret", "verysecret",
		"betterauthsecret", "authhostsecret", "authsecret", "jwtsecret", "sessionsecret", "insertsecret", "generatea",
		"password", "passw0rd", "keyboardcat", "thisisa", "example", "letmein", "qwerty", "donotuse", "notsecure", "insecure",
	}
}

// Strength returns why a secret is too weak to serve real users, or nil: it
// must be at least MinLength characters long, not look like a placeholder,
// and not be repetitive. The error never quotes the secret.
func Strength(value string) error {
	if n := len([]rune(value)); n < MinLength {
		return fmt.Errorf("has %d characters; at least %d are needed", n, MinLength)
	}
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(value))
	for _, p := range placeholders() {
		if strings.Contains(plain, p) {
			return errors.New("looks like a placeholder from a manual")
		}
	}
	if strings.Contains(value, "${") || strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">") {
		return errors.New("looks like a template that was not filled in")
	}
	if entropy(value) < minBits {
		return errors.New("is repetitive or a pattern")
	}
	return nil
}

// entropy estimates the bits in a text: the Shannon entropy of its characters
// times its length, where neither repetitions of its shortest period count nor
// characters that go on with a run like aaa, abc or 321.
func entropy(value string) float64 {
	text := []rune(value)
	counts := map[rune]int{}
	for _, r := range text {
		counts[r]++
	}
	perRune := 0.0
	for _, n := range counts {
		p := float64(n) / float64(len(text))
		perRune -= p * math.Log2(p)
	}
	text = text[:period(text)]
	surprising := min(len(text), 2)
	for i := 2; i < len(text); i++ {
		step := text[i] - text[i-1]
		if step < -1 || step > 1 || step != text[i-1]-text[i-2] {
			surprising++
		}
	}
	return perRune * float64(surprising)
}

// period returns the length of the shortest prefix that, repeated, gives the
// text (the last time perhaps cut off).
func period(text []rune) int {
	border := make([]int, len(text)+1) // border[i]: longest proper border of text[:i]
	border[0] = -1
	for i, b := 1, -1; i <= len(text); i++ {
		for b = border[i-1]; b >= 0 && text[b] != text[i-1]; b = border[b] {
		}
		border[i] = b + 1
	}
	return len(text) - border[len(text)]
}
