package httpapi

import (
	"net/url"
	"strings"
)

// publicURLs are the URLs of a tenant besides its main one, by host. The
// scheme and path of a URL are as configured; a request only chooses.
type publicURLs struct {
	exact     map[string]string
	wildcards []wildcardURL
}

// wildcardURL is a public URL whose host is any subdomain of one.
type wildcardURL struct{ before, suffix, after string }

func newPublicURLs(urls []string) publicURLs {
	p := publicURLs{exact: map[string]string{}}
	for _, raw := range urls {
		if before, rest, ok := strings.Cut(raw, "://*."); ok {
			host, path, slash := strings.Cut(rest, "/")
			if slash {
				path = "/" + path
			}
			p.wildcards = append(p.wildcards, wildcardURL{before + "://", "." + host, path})
			continue
		}
		if u, err := url.Parse(raw); err == nil {
			p.exact[u.Host] = raw
		}
	}
	return p
}

// of returns the public URL of a request's host, "" for the tenant's main one.
func (p publicURLs) of(host string) string {
	if len(p.exact) == 0 && len(p.wildcards) == 0 {
		return ""
	}
	host = strings.ToLower(host)
	if u, ok := p.exact[host]; ok {
		return u
	}
	for _, w := range p.wildcards {
		if name, ok := strings.CutSuffix(host, w.suffix); ok && isHostName(name) {
			return w.before + host + w.after
		}
	}
	return ""
}

// isHostName reports whether a name is made of what names of hosts are made
// of: it becomes part of a URL.
func isHostName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// sitesOf returns the origins of public URLs as patterns.
func sitesOf(urls []string) []string {
	out := make([]string, 0, len(urls))
	for _, raw := range urls {
		if s, ok := siteOf(strings.Replace(raw, "://*.", "://x.", 1)); ok {
			if strings.Contains(raw, "://*.") {
				s.origin = strings.Replace(s.origin, "://x.", "://*.", 1)
			}
			out = append(out, s.origin)
		}
	}
	return out
}
