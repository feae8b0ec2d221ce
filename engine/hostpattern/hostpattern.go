package hostpattern

import (
	"errors"
	"regexp"
	"strings"
)

// Reasons why Parse refuses a pattern.
var (
	ErrSyntax = errors.New("is not a pattern of hosts")
	ErrBroad  = errors.New("stands for a whole top-level domain")
)

// wildcards are the characters that make a pattern of a host.
const wildcards = "*?"

// Is reports whether a host has wildcards.
func Is(host string) bool { return strings.ContainsAny(host, wildcards) }

// Pattern is a host with wildcards, perhaps with a port. Its zero value matches
// nothing.
type Pattern struct {
	text   string
	domain string
	source string
	match  *regexp.Regexp
}

// Characters of labels and ports, as regular expressions.
const (
	labelChars  = `[a-z0-9_-]`
	subdomains  = `(?:` + labelChars + `+\.)+`
	anyPort     = `[0-9]{1,5}`
	literals    = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	maxPortSize = 5
)

// Parse reads a pattern, whatever its case. Errors are ErrSyntax and ErrBroad.
func Parse(text string) (Pattern, error) {
	text = strings.ToLower(text)
	name, port, hasPort := strings.Cut(text, ":")
	labels := strings.Split(name, ".")
	source, ok := nameSource(labels)
	if !ok {
		return Pattern{}, ErrSyntax
	}
	domain := plainEnd(labels)
	if broad := len(domain) < 2 && Is(name); broad && labels[len(labels)-1] != "localhost" {
		return Pattern{}, ErrBroad
	}
	p := Pattern{text: text, source: source, domain: strings.Join(domain, ".")}
	if hasPort {
		more, ok := portSource(port)
		if !ok {
			return Pattern{}, ErrSyntax
		}
		p.source += ":" + more
		p.domain += ":" + port
	}
	p.match = regexp.MustCompile("^" + p.source + "$")
	return p, nil
}

// nameSource is the regular expression of a name.
func nameSource(labels []string) (source string, ok bool) {
	if labels[0] == "*" && len(labels) > 1 {
		source, labels = subdomains, labels[1:]
	}
	for i, label := range labels {
		if label == "" || strings.Trim(label, literals+wildcards) != "" {
			return "", false
		}
		if i > 0 {
			source += `\.`
		}
		source += labelSource(label)
	}
	return source, true
}

// plainEnd returns the last labels, as far as they have no wildcard.
func plainEnd(labels []string) []string {
	at := len(labels)
	for at > 0 && !Is(labels[at-1]) {
		at--
	}
	return labels[at:]
}

func labelSource(label string) string {
	return strings.NewReplacer("*", labelChars+"+", "?", labelChars).Replace(label)
}

func portSource(port string) (string, bool) {
	if port == "*" {
		return anyPort, true
	}
	return port, port != "" && len(port) <= maxPortSize && strings.Trim(port, "0123456789") == ""
}

// String is the pattern in lower case.
func (p Pattern) String() string { return p.text }

// Domain is the end of the pattern without wildcards in its name, such as
// "example.com" or "example.com:*": a host that matches is that, or below it.
func (p Pattern) Domain() string { return p.domain }

// Source is the pattern as a regular expression, for a host in lower case.
func (p Pattern) Source() string { return p.source }

// Matches reports whether a host, as in a Host header, is one of the pattern's.
func (p Pattern) Matches(host string) bool {
	return p.match != nil && p.match.MatchString(strings.ToLower(host))
}

// Narrower compares two patterns: -1 if a says more of its hosts than b does, by
// the characters that are no wildcards. Patterns that say as much are in the
// order of their texts.
func Narrower(a, b Pattern) int {
	if x, y := a.said(), b.said(); x != y {
		return y - x
	}
	return strings.Compare(a.text, b.text)
}

func (p Pattern) said() int {
	return len(p.text) - strings.Count(p.text, "*") - strings.Count(p.text, "?")
}
