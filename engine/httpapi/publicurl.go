package httpapi

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/hostpattern"
)

// publicURLs are the URLs of a tenant besides its main one, by host. The
// scheme and path of a URL are as configured; a request only chooses.
type publicURLs struct {
	exact    map[string]string
	patterns []patternURL // the narrowest first
}

// patternURL is a public URL whose host is a pattern.
type patternURL struct {
	before string // scheme://
	host   hostpattern.Pattern
	after  string // the path
}

func newPublicURLs(urls []string) publicURLs {
	p := publicURLs{exact: map[string]string{}}
	for _, raw := range urls {
		if u, ok := parsePattern(raw); ok {
			p.patterns = append(p.patterns, u)
		} else if u, err := url.Parse(raw); err == nil {
			p.exact[u.Host] = raw
		}
	}
	slices.SortFunc(p.patterns, func(a, b patternURL) int { return hostpattern.Narrower(a.host, b.host) })
	return p
}

// parsePattern reads a URL whose host is a pattern; ok is false for others.
func parsePattern(raw string) (u patternURL, ok bool) {
	scheme, rest, _ := strings.Cut(raw, "://")
	host, path, slash := strings.Cut(rest, "/")
	if slash {
		path = "/" + path
	}
	pattern, err := hostpattern.Parse(host)
	return patternURL{before: scheme + "://", host: pattern, after: path}, err == nil && hostpattern.Is(host)
}

// of returns the public URL of a request's host, "" for the tenant's main one.
func (p publicURLs) of(host string) string {
	if len(p.exact) == 0 && len(p.patterns) == 0 {
		return ""
	}
	host = strings.ToLower(host)
	if u, ok := p.exact[host]; ok {
		return u
	}
	for _, u := range p.patterns {
		if u.host.Matches(host) {
			return u.before + host + u.after
		}
	}
	return ""
}

// sitesOf returns the origins of public URLs as patterns.
func sitesOf(urls []string) []pattern {
	out := make([]pattern, 0, len(urls))
	for _, raw := range urls {
		if u, ok := parsePattern(raw); ok {
			out = append(out, pattern{text: u.before + u.host.String(), wildcard: regexp.MustCompile("^" + u.before + u.host.Source() + "$")})
		} else if s, ok := siteOf(raw); ok {
			out = append(out, newPattern(s.origin))
		}
	}
	return out
}
