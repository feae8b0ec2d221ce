package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// origins decides which sites may call a tenant and which URLs it may send
// browsers to. The rules are Better Auth's trustedOrigins, read more strictly
// where those let a foreign site through.
type origins struct {
	patterns []pattern
}

type pattern struct {
	text     string
	wildcard *regexp.Regexp // nil: no "*" or "?" in it
	hostOnly bool           // a wildcard without scheme, matched against the host
}

// newOrigins trusts the sites of the tenant's own URLs and those that texts
// name.
func newOrigins(own []pattern, trusted []string) *origins {
	o := &origins{patterns: own}
	for _, text := range trusted {
		o.patterns = append(o.patterns, newPattern(text))
	}
	return o
}

func newPattern(text string) pattern {
	p := pattern{text: text}
	if !strings.HasSuffix(text, "://") {
		p.text = strings.TrimSuffix(text, "/")
	}
	if strings.ContainsAny(text, "*?") {
		p.hostOnly = !strings.Contains(text, "://")
		if p.hostOnly || strings.HasPrefix(text, "http") { // hosts have no case
			p.text = strings.ToLower(p.text)
		}
		p.wildcard = glob(p.text)
		return p
	}
	if s, ok := siteOf(text); ok && s.web {
		p.text = s.origin // in the form in which browsers send it
	}
	return p
}

// glob compiles a pattern: "*" is any run of characters, "?" any one.
func glob(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	for _, r := range pattern {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteString("$")
	return regexp.MustCompile(b.String())
}

// originHeaders lists the headers in which clients of plugins name their origin.
func originHeaders(set *dispatch.Set) []string {
	var names []string
	for _, p := range set.Plugins() {
		h := p.Manifest.OriginHeader
		if h == nil || h.Unless != "" && p.Allows([]string{h.Unless}) {
			continue
		}
		names = append(names, http.CanonicalHeaderKey(h.Name))
	}
	return names
}

// named returns the request with the header Origin that its client names in
// another way, if it has no such header.
func (a *API) named(r *http.Request) *http.Request {
	if has(r.Header, "Origin") {
		return r
	}
	for _, name := range a.naming {
		if origin := r.Header.Get(name); origin != "" {
			with := *r
			with.Header = r.Header.Clone()
			with.Header.Set("Origin", origin)
			return &with
		}
	}
	return r
}

// A judge reports whether an absolute URL, or an Origin header, belongs to a
// trusted site.
type judge func(raw string) (bool, error)

// trusts is the judge that knows the configuration alone.
func (o *origins) trusts(raw string) (bool, error) {
	site, ok := siteOf(raw)
	return ok && o.match(site, raw), nil
}

func (o *origins) match(s site, raw string) bool {
	return slices.ContainsFunc(o.patterns, func(p pattern) bool { return p.matches(s, raw) })
}

// judge also asks the plugins about sites that the configuration does not
// name. They are asked about an origin, never about the rest of a URL, and once
// about each.
func (a *API) judge(ctx context.Context, ex *dispatch.Exchange) judge {
	type verdict struct {
		trusted bool
		err     error
	}
	var asked map[string]verdict // by origin
	return func(raw string) (bool, error) {
		site, ok := siteOf(raw)
		switch {
		case !ok:
			return false, nil
		case a.origins.match(site, raw):
			return true, nil
		case !a.Plugins.Has(pluginapi.EventOriginTrusted):
			return false, nil
		}
		v, known := asked[site.origin]
		if !known {
			if v.trusted, v.err = ex.TrustsOrigin(ctx, site.origin); asked == nil {
				asked = map[string]verdict{}
			}
			asked[site.origin] = v
		}
		return v.trusted, v.err
	}
}

func (p pattern) matches(s site, raw string) bool {
	switch {
	case p.hostOnly:
		return p.wildcard.MatchString(s.host)
	case p.wildcard != nil && s.web:
		return p.wildcard.MatchString(s.origin)
	case p.wildcard != nil:
		return p.wildcard.MatchString(raw)
	case s.web:
		return p.text == s.origin
	}
	// A custom scheme: the pattern is a prefix that must end where a name
	// ends, so that "app://cb" does not let "app://cb.evil" in.
	rest, ok := strings.CutPrefix(raw, p.text)
	return ok && (rest == "" || strings.HasSuffix(p.text, "/") || strings.ContainsRune("/?#", rune(rest[0])))
}

type site struct {
	origin string // scheme://host[:port], default port left out
	host   string // host[:port]
	web    bool   // http or https
}

var defaultPorts = [...]struct{ scheme, port string }{{"http", "80"}, {"https", "443"}}

// unsafeSchemes run code, read local data or hand the URL on to somewhere
// else; no pattern makes them a place to send a browser to.
var unsafeSchemes = map[string]bool{
	"javascript": true, "data": true, "vbscript": true, "file": true, "blob": true, "about": true,
	"filesystem": true, "view-source": true, "intent": true,
}

// siteOf parses an absolute URL. Whatever a browser might read differently
// from this parser is refused, and so are hosts that are not ASCII: browsers
// send those in their ASCII form (RFC 5891).
func siteOf(raw string) (site, bool) {
	for i := 0; i < len(raw); i++ {
		if c := raw[i]; c <= ' ' || c == '\\' || c == 0x7f {
			return site{}, false
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.User != nil || unsafeSchemes[u.Scheme] {
		return site{}, false
	}
	scheme := u.Scheme // url.Parse made it lower case
	web := scheme == "http" || scheme == "https"
	if web && (u.Host == "" || u.Opaque != "" || strings.HasSuffix(u.Host, ":")) {
		return site{}, false
	}
	if !web && climbs(raw) {
		return site{}, false
	}
	host := strings.ToLower(u.Host)
	for i := 0; i < len(host); i++ {
		if host[i] >= 0x80 {
			return site{}, false
		}
	}
	for _, d := range defaultPorts {
		if scheme == d.scheme {
			host = strings.TrimSuffix(host, ":"+d.port)
		}
	}
	return site{origin: scheme + "://" + host, host: host, web: web}, true
}

// maxEncodings is how often a path may be percent-encoded over and over.
const maxEncodings = 4

// pathEscapes decodes what parts the segments of a path, and makes one lead up.
var pathEscapes = strings.NewReplacer("%2e", ".", "%2f", "/", "%5c", `\`, "%3b", ";", "%3a", ":", "%25", "%")

// climbs reports whether the path of a URL has segments that lead up, plain or
// percent-encoded: whoever opens it would end elsewhere than its beginning says,
// and of a custom scheme the beginning is what a pattern names.
func climbs(raw string) bool {
	raw = strings.ToLower(raw)
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	for range maxEncodings {
		for _, segment := range strings.FieldsFunc(raw, func(r rune) bool { return r == '/' || r == '\\' || r == ':' }) {
			if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." {
				return true
			}
		}
		decoded := pathEscapes.Replace(raw)
		if decoded == raw {
			return false
		}
		raw = decoded
	}
	return true // nobody encodes a path so often who means well
}

// relativePath is what a callback path may look like in the dialect 1.6.
var relativePath = regexp.MustCompile(`^/[\w\-.+/@]*(?:\?[\w\-.+/=&%@]*)?$`)

// allows reports whether a browser may be sent to target: a path on the same
// site, or a trusted URL.
func (t targets) allows(target string) (bool, error) {
	if strings.HasPrefix(target, "/") {
		return t.path(target), nil
	}
	ok, err := t.trusts(target)
	if err == nil && !ok && t.refused != nil {
		t.refused(target)
	}
	return ok, err
}

// targets decides where a browser may be sent to.
type targets struct {
	trusts  judge
	path    func(string) bool   // whether a path on the same site will do
	refused func(target string) // is told of a URL that is not trusted, if not nil
}

func (a *API) targets(trusts judge) targets {
	if a.Realm.Dialect == pluginapi.Dialect17 {
		return targets{trusts: trusts, path: safePath}
	}
	return targets{trusts: trusts, path: strictPath}
}

// strictPath is the rule of the dialect 1.6.
func strictPath(target string) bool {
	return !strings.HasPrefix(target, "//") && relativePath.MatchString(target)
}

// safePath is the rule of the dialect 1.7: whatever no browser can take for
// another site. As for that rule's authors, what is encoded counts in the path
// alone.
func safePath(target string) bool {
	if strings.HasPrefix(target, "//") || strings.Contains(target, `\`) || strings.ContainsFunc(target, unicode.IsControl) {
		return false
	}
	path := target
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		path = target[:i]
	}
	path = strings.ToLower(path)
	return !strings.Contains(path, "%2f") && !strings.Contains(path, "%5c")
}

// callbackFields are the body members that name where a browser goes next.
var callbackFields = [...]struct{ name, label, code string }{
	{"callbackURL", "callbackURL", "INVALID_CALLBACK_URL"},
	{"redirectTo", "redirectURL", "INVALID_REDIRECT_URL"},
	{"errorCallbackURL", "errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"},
	{"newUserCallbackURL", "newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"},
}

// checkCallbacks refuses redirect targets that are not trusted, in the body
// and in the query. (Better Auth looks at the query only for a callbackURL
// that is not in the body; handlers may read either.)
func (t targets) checkCallbacks(r *dispatch.Request) error {
	for _, f := range callbackFields {
		for _, v := range [...]document.Value{r.Body.Get(f.name), r.Query.Get(f.name)} {
			if falsy(v) {
				continue
			}
			if v.Kind() != document.String {
				return apierror.New(http.StatusBadRequest, "", "Invalid "+f.label+": expected a string")
			}
			if ok, err := t.allows(v.Str()); err != nil {
				return err
			} else if !ok {
				return apierror.New(http.StatusForbidden, f.code, "Invalid "+f.label)
			}
		}
	}
	return nil
}

// checkQueryCallbacks does the same for the query of a GET request, whose
// targets all go by one name.
func (t targets) checkQueryCallbacks(r *dispatch.Request) error {
	for _, f := range callbackFields {
		v := r.Query.Get(f.name)
		if falsy(v) {
			continue
		}
		if ok, err := t.allows(v.Str()); err != nil {
			return err
		} else if !ok {
			return apierror.New(http.StatusForbidden, "INVALID_CALLBACK_URL", "Invalid callbackURL")
		}
	}
	return nil
}

// checkRedirects refuses an answer with which a plugin would send the browser to
// a site that the tenant does not trust. What is wrong is for the operator.
func (a *API) checkRedirects(ctx context.Context, ex *dispatch.Exchange) error {
	if a.DisableOrigin {
		return nil
	}
	for plugin, target := range ex.Response.Untrusted() {
		ok, err := a.mayLead(ctx, ex, target)
		if err != nil {
			return err
		}
		if ok {
			continue
		}
		to, _ := siteOf(target)
		a.Logger.WarnContext(ctx, "a redirect was refused", "tenant", a.Realm.ID, "request", ex.Request.ID, "plugin", plugin, "to", to.origin,
			"remedy", "if browsers are to go there, add the site to trustedOrigins, or grant the plugin the permission redirects")
		ex.Response = dispatch.Response{}
		return apierror.New(http.StatusForbidden, "INVALID_REDIRECT_URL", "Invalid redirectURL")
	}
	return nil
}

// mayLead reports whether an answer may lead to a target: a path of the tenant's
// own site, a trusted site, or that of the tenant's error page.
func (a *API) mayLead(ctx context.Context, ex *dispatch.Exchange, target string) (bool, error) {
	if strings.HasPrefix(target, "/") {
		return safePath(target), nil
	}
	to, ok := siteOf(target)
	if page, set := siteOf(a.ErrorURL); ok && set && page.origin == to.origin {
		return true, nil
	}
	return a.judge(ctx, ex)(target)
}

// falsy reports what JavaScript's "!" is true for.
func falsy(v document.Value) bool {
	switch v.Kind() {
	case document.Absent, document.Null:
		return true
	case document.Bool:
		return !v.Bool()
	case document.String:
		return v.Str() == ""
	case document.Number:
		n, _ := v.Float()
		return n == 0
	}
	return false
}
