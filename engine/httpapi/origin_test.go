package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
)

// testOrigins has one pattern of every sort.
func testOrigins() *origins {
	return newOrigins(sitesOf([]string{"http://localhost:3000"}), []string{
		"https://*.trusted.example", "https://exact.example:8443", "http://localhost:*", "myapp://",
		"deep://cb", "*.anyproto.example", "https://pre?.example.net", "https://App.Example/", "https://std.example:443",
	})
}

// TestClimbing: no way of writing "..", encoded however often, leads out of
// what the pattern of a custom scheme names.
func TestClimbing(t *testing.T) {
	o := newOrigins(nil, []string{"deep://host/cb", "wild://*/cb*", "short:", "https://web.example"})
	dots := []string{"..", "."}
	for _, from := range dots {
		for _, dot := range []string{"%2e", "%2E", "%252e", "%25252E"} {
			dots = append(dots, strings.ReplaceAll(from, ".", dot), strings.Replace(from, ".", dot, 1), strings.ReplaceAll(from, ".", "%"+strings.Repeat("25", 9)+"2e"))
		}
	}
	for _, up := range dots {
		for _, slash := range []string{"/", "%2f", "%5C", "%252f", ";x/"} {
			for _, target := range []string{"deep://host/cb/" + up + slash + "evil", "deep://host/cb/a" + slash + up, "deep://host/cb" + slash + up + slash, "wild://host/cb" + slash + up + slash + "x", "short:/" + up + slash + "x"} {
				if o.mayGo(target) {
					t.Errorf("%s is allowed", target)
				}
			}
		}
	}
	for _, target := range []string{
		"deep://host/cb", "deep://host/cb/a..b", "deep://host/cb/...", "deep://host/cb?next=../x", "deep://host/cb#/../x", "deep://host/cb/a%20b", "deep://host/cb/%25", "wild://host/cb.x",
		"https://web.example/a/../b", "https://web.example/%2e%2e/b",
	} {
		if !o.mayGo(target) {
			t.Errorf("%s is not allowed", target)
		}
	}
}

// mayGo reports whether the configuration trusts a URL.
func (o *origins) mayGo(target string) bool {
	ok, _ := o.trusts(target)
	return ok
}

func TestAllows(t *testing.T) {
	tests := []struct {
		name, target string
		want         bool
	}{
		// What apps use.
		{"root", "/", true},
		{"path", "/welcome", true},
		{"path and query", "/a/b.c?x=1&y=%20z@w", true},
		{"dots within the site", "/a/../b", true},
		{"address in a path", "/@user/page+1", true},
		{"own origin", "http://localhost:3000/welcome?x=1", true},
		{"wildcard subdomain", "https://a.trusted.example/path?q=1#frag", true},
		{"wildcard at any depth", "https://a.b.trusted.example/", true},
		{"port", "https://exact.example:8443/p", true},
		{"wildcard port", "http://localhost:5173/p", true},
		{"custom scheme", "myapp://callback", true},
		{"custom scheme with path", "myapp://callback/x?y#z", true},
		{"custom scheme with a name", "deep://cb", true},
		{"below that name", "deep://cb/x", true},
		{"query after that name", "deep://cb?x", true},
		{"any scheme, https", "https://x.anyproto.example/", true},
		{"any scheme, http", "http://x.anyproto.example/", true},
		{"any scheme, an app's", "app://x.anyproto.example/", true},
		{"one character", "https://pre1.example.net/", true},
		{"case of scheme and host", "HTTPS://A.Trusted.EXAMPLE/", true},
		{"pattern written with case and slash", "https://app.example/x", true},
		{"default port in the pattern", "https://std.example/x", true},
		{"default port in the target", "https://app.example:443/x", true},
		{"userless port", "https://exact.example:8443", true},

		// Somewhere else in disguise.
		{"protocol-relative", "//e.co", false},
		{"protocol-relative, trusted", "//app.example", false},
		{"three slashes", "///e.co", false},
		{"backslash", `/\e.co`, false},
		{"two backslashes", `\\e.co`, false},
		{"encoded slashes", "/%2f%2fe.co", false},
		{"encoded backslash", "/%5Ce.co", false},
		{"encoded slash later", "/a%2f%2fb", false},
		{"tab", "/\t/e.co", false},
		{"newline", "/\n/e.co", false},
		{"carriage return", "/\r/e.co", false},
		{"NUL", "/\x00/e.co", false},
		{"leading space", " https://app.example/", false},
		{"leading control", "\x01https://app.example/", false},
		{"space", "/path with space", false},
		{"fragment on a path", "/#frag", false},
		{"URL in the query", "/?x=https://e.co", false},
		{"angle brackets", "/<svg>", false},
		{"no host", "https:e.co", false},
		{"no slashes but a path", "https:/e.co", false},
		{"empty host", "https:///e.co", false},
		{"user part of the app's name", "https://app@e.co", false},
		{"trusted name as user part", "https://a.trusted.example@e.co/", false},
		{"user part at a trusted site", "https://e.co@app.example/", false},
		{"backslash in the user part", `https://e.co\@app.example/`, false},
		{"javascript", "javascript:alert(1)", false},
		{"javascript with a trusted host", "javascript://x.anyproto.example/%0aalert(1)", false},
		{"JavaScript", "JavaScript:alert(1)", false},
		{"data", "data:text/html,x", false},
		{"vbscript", "vbscript:x", false},
		{"file with a trusted host", "file://x.anyproto.example/etc/passwd", false},
		{"blob", "blob:http://localhost:3000/x", false},
		{"intent with a trusted host", "intent://x.anyproto.example/#Intent;S.browser_fallback_url=https%3A%2F%2Fe.co;end", false},
		{"view-source", "view-source://x.anyproto.example/", false},
		{"relative", "ok", false},
		{"relative with a dot", "./x", false},
		{"query alone", "?x", false},
		{"empty", "", false},

		// Patterns that a foreign site might satisfy.
		{"suffix", "https://trusted.example.e.co", false},
		{"the bare domain of a wildcard", "https://trusted.example/", false},
		{"domain that ends alike", "https://eviltrusted.example/", false},
		{"wildcard in the query", "https://e.co?x.trusted.example", false},
		{"wildcard in the fragment", "https://e.co#x.trusted.example", false},
		{"wildcard in the path", "https://e.co/x.trusted.example", false},
		{"trusted URL in the path", "https://e.co/https://a.trusted.example", false},
		{"wildcard subdomain over http", "http://a.trusted.example/", false},
		{"wildcard subdomain, other port", "https://a.trusted.example:8443/", false},
		{"other port", "https://exact.example/", false},
		{"port as a prefix", "https://exact.example:84430/", false},
		{"wildcard port as a host", "http://localhost:3000.e.co/", false},
		{"wildcard port as a user part", "http://localhost:x@e.co/", false},
		{"https at a wildcard port", "https://localhost:5173/", false},
		{"host prefix of the base URL", "http://localhost.e.co:3000/", false},
		{"scheme prefix", "myapp2://callback", false},
		{"scheme without slashes", "myapp:callback", false},
		{"name prefix", "deep://cb.e.co", false},
		{"name prefix with a port", "deep://cb:80", false},
		{"name as user part", "deep://cb@e.co", false},
		{"two characters for one", "https://pre12.example.net/", false},
		{"no character for one", "https://pre.example.net/", false},
		{"trailing dot", "https://app.example./", false},
		{"empty port", "https://app.example:/", false},
		{"full-width slash in the host", "https://e.co／.trusted.example/", false},
		{"full-width slash, encoded", "https://e.co%EF%BC%8F.trusted.example/", false},
		{"full-width question mark", "https://e.co？.trusted.example/", false},
		{"encoded dot in the host", "https://e.co%2F.trusted.example/", false},
		{"bracket host", "https://[::1].trusted.example/", false},
	}
	o := targets{trusts: testOrigins().trusts, path: strictPath}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := o.allows(tt.target); got != tt.want {
				t.Errorf("allows(%q) = %v, want %v", tt.target, got, tt.want)
			}
		})
	}
}

func TestTrusts(t *testing.T) {
	tests := []struct {
		origin string
		want   bool
	}{
		{"http://localhost:3000", true},
		{"HTTP://LOCALHOST:3000", true},
		{"http://localhost:3000/", true},
		{"http://localhost:3000/some/page?x", true}, // a Referer
		{"https://app.example", true},
		{"https://app.example:443", true},
		{"http://app.example:443", false},
		{"myapp://", true},
		{"null", false},
		{"", false},
		{"*", false},
		{"/", false},
		{"localhost:3000", false},
		{"https://app.example, https://e.co", false},
		{"https://app.example https://e.co", false},
		{"https://e.co", false},
	}
	o := testOrigins()
	for _, tt := range tests {
		if got, _ := o.trusts(tt.origin); got != tt.want {
			t.Errorf("trusts(%q) = %v, want %v", tt.origin, got, tt.want)
		}
	}
}

// TestNoOrigins: an app that names no sites trusts its base URL alone.
func TestNoOrigins(t *testing.T) {
	o := targets{trusts: newOrigins(sitesOf([]string{"https://auth.example/t/acme"}), nil).trusts, path: strictPath}
	for target, want := range map[string]bool{
		"https://auth.example": true, "https://auth.example/x": true, "/x": true,
		"http://auth.example": false, "https://auth.example.e.co": false, "myapp://x": false, "": false,
	} {
		if got, _ := o.allows(target); got != want {
			t.Errorf("allows(%q) = %v, want %v", target, got, want)
		}
	}
}

func parse(t *testing.T, text string) document.Value {
	t.Helper()
	v, err := document.Parse([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCheckCallbacks(t *testing.T) {
	tests := []struct {
		name, body, query string
		status            int // 0: fine
		code, message     string
	}{
		{name: "none", body: `{}`},
		{name: "no body"},
		{name: "relative", body: `{"callbackURL":"/x","redirectTo":"/y","errorCallbackURL":"/z","newUserCallbackURL":"/n"}`},
		{name: "falsy", body: `{"callbackURL":"","redirectTo":null,"errorCallbackURL":false,"newUserCallbackURL":0}`},
		{name: "callbackURL", body: `{"callbackURL":"//e.co"}`, status: 403, code: "INVALID_CALLBACK_URL", message: "Invalid callbackURL"},
		{name: "redirectTo", body: `{"redirectTo":"//e.co"}`, status: 403, code: "INVALID_REDIRECT_URL", message: "Invalid redirectURL"},
		{name: "errorCallbackURL", body: `{"errorCallbackURL":"//e.co"}`, status: 403, code: "INVALID_ERROR_CALLBACK_URL", message: "Invalid errorCallbackURL"},
		{name: "newUserCallbackURL", body: `{"newUserCallbackURL":"//e.co"}`, status: 403, code: "INVALID_NEW_USER_CALLBACK_URL", message: "Invalid newUserCallbackURL"},
		{name: "number", body: `{"callbackURL":5}`, status: 400, message: "Invalid callbackURL: expected a string"},
		{name: "object", body: `{"redirectTo":{}}`, status: 400, message: "Invalid redirectURL: expected a string"},
		{name: "list", body: `{"callbackURL":["/x"]}`, status: 400, message: "Invalid callbackURL: expected a string"},
		{name: "query", body: `{}`, query: "callbackURL=//e.co", status: 403, code: "INVALID_CALLBACK_URL", message: "Invalid callbackURL"},
		{name: "query behind a good body", body: `{"callbackURL":"/x"}`, query: "callbackURL=//e.co", status: 403, code: "INVALID_CALLBACK_URL", message: "Invalid callbackURL"},
		{name: "redirectTo in the query", query: "redirectTo=https:e.co", status: 403, code: "INVALID_REDIRECT_URL", message: "Invalid redirectURL"},
		{name: "repeated in the query", query: "callbackURL=/x&callbackURL=//e.co", status: 400, message: "Invalid callbackURL: expected a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &dispatch.Request{Query: queryObject(tt.query)}
			if tt.body != "" {
				r.Body = parse(t, tt.body)
			}
			wantError(t, targets{trusts: testOrigins().trusts, path: strictPath}.checkCallbacks(r), tt.status, tt.code, tt.message)
		})
	}
}

func TestCheckQueryCallbacks(t *testing.T) {
	for query, refused := range map[string]bool{
		"":                                false,
		"callbackURL=/x":                  false,
		"callbackURL=":                    false,
		"callbackURL=//e.co":              true,
		"callbackURL=/x&callbackURL=/y":   true,
		"errorCallbackURL=https://e.co":   true,
		"newUserCallbackURL=https://e.co": true,
		"redirectTo=javascript:1":         true,
		"other=https://e.co":              false,
	} {
		err := targets{trusts: testOrigins().trusts, path: strictPath}.checkQueryCallbacks(&dispatch.Request{Query: queryObject(query)})
		if refused {
			wantError(t, err, http.StatusForbidden, "INVALID_CALLBACK_URL", "Invalid callbackURL")
		} else if err != nil {
			t.Errorf("%q: %v", query, err)
		}
	}
}

// wantError compares an error with an answer; status 0 means none.
func wantError(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	if status == 0 {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	if err == nil {
		t.Errorf("got no error, want %d %s", status, code)
		return
	}
	if e := apierror.From(err); e.Status != status || e.Code != code || e.Message != message {
		t.Errorf("got %d %q %q, want %d %q %q", e.Status, e.Code, e.Message, status, code, message)
	}
}

// TestPublicURLs: the Host header chooses among the configured URLs, and what
// is no host name never becomes part of one.
func TestPublicURLs(t *testing.T) {
	urls := []string{"https://eu.example.com", "http://localhost:3000/t/acme", "https://*.tenants.example", "https://*.dev.example:8443/x", "http://localhost:*", "https://preview-*.app.example", "https://preview-eu-*.app.example/eu"}
	p := newPublicURLs(urls)
	for host, want := range map[string]string{
		"eu.example.com":           urls[0],
		"EU.Example.com":           urls[0],
		"localhost:3000":           urls[1],
		"a.tenants.example":        "https://a.tenants.example",
		"a.B.tenants.example":      "https://a.b.tenants.example",
		"a.dev.example:8443":       "https://a.dev.example:8443/x",
		"a.dev.example":            "",
		"localhost:5173":           "http://localhost:5173",
		"localhost":                "",
		"localhost:5173.e.co":      "",
		"preview-7.app.example":    "https://preview-7.app.example",
		"preview-eu-7.app.example": "https://preview-eu-7.app.example/eu",
		"preview-7.x.app.example":  "",
		"preview-7/.app.example":   "",
		"tenants.example":          "",
		".tenants.example":         "",
		"a..tenants.example":       "",
		"e.co/.tenants.example":    "",
		"e.co#.tenants.example":    "",
		"u@e.co?.tenants.example":  "",
		"*.tenants.example":        "",
		"e.co":                     "",
		"eu.example.com.e.co":      "",
		"":                         "",
	} {
		if got := p.of(host); got != want {
			t.Errorf("of(%q) = %q, want %q", host, got, want)
		}
	}
	o := newOrigins(sitesOf(urls), nil)
	for origin, want := range map[string]bool{
		"https://eu.example.com": true, "http://localhost:3000": true, "https://a.tenants.example": true, "https://a.dev.example:8443": true,
		"http://localhost:5173": true, "https://preview-7.app.example": true, "https://localhost:5173": false, "http://localhost": false, "https://preview-7.x.app.example": false,
		"http://eu.example.com": false, "https://tenants.example": false, "http://a.tenants.example": false, "https://x.example": false,
	} {
		if got, _ := o.trusts(origin); got != want {
			t.Errorf("trusts(%q) = %v, want %v", origin, got, want)
		}
	}
}

// TestSafePath: the paths that the dialect 1.7 allows besides, and those that a
// browser takes for another site, which no dialect does.
func TestSafePath(t *testing.T) {
	for target, want := range map[string]bool{
		"/": true, "/a/../b": true, "/path with space": true, "/#frag": true, "/?x=https://e.co": true, "/?x=%2f%2fe.co": true,
		"/ü/日本": true, "/a#b?c=\u00a0": true,
		"//e.co": false, `/\e.co`: false, `/a\b`: false, "/\t/e.co": false, "/\n/e.co": false, "/%2f%2fe.co": false, "/a%5Cb": false,
		"/\u0085x": false, "/\x7f": false, "/?x=\r": false, `/?x=\`: false,
	} {
		if got := safePath(target); got != want {
			t.Errorf("safePath(%q) = %v, want %v", target, got, want)
		}
	}
	o := targets{trusts: testOrigins().trusts, path: safePath}
	for _, target := range []string{"https://e.co", "javascript:alert(1)", "", "x"} {
		if ok, _ := o.allows(target); ok {
			t.Errorf("allows %q", target)
		}
	}
}
