package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The letters that Fold changes: those of the Latin, Greek and Cyrillic
// scripts that Unicode assigned long ago. Keys of indexes are made of folded
// texts, so what a text folds to may never change, with no release of Unicode.
const (
	foldBelow = 0x0530
	foldFrom  = 0x1E00 // Latin Extended Additional: Vietnamese, for one
	foldTo    = 0x1EFF
)

// Fold returns a text as searches compare it: with Latin, Greek and Cyrillic
// letters (U+0000 to U+052F and U+1E00 to U+1EFF) in lower case, letter by
// letter. Accents stay, letters of other scripts stay as they are, and texts
// that Unicode calls equivalent but that have other code points stay different.
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	return strings.Map(foldRune, s)
}

func foldRune(r rune) rune {
	if r < foldBelow || r >= foldFrom && r <= foldTo {
		return unicode.ToLower(r)
	}
	return r
}

// isFolded reports texts that surely stay as they are: most addresses do.
func isFolded(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}
