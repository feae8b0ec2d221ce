package httpapi

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
)

// FuzzAllows looks for a target that is let through although a browser would
// leave the trusted sites.
func FuzzAllows(f *testing.F) {
	for _, seed := range []string{
		"/x", "//e.co", `/\e.co`, "/%2f%2fe.co", "https://a.trusted.example/x", "https://app.example@e.co", "http://localhost:3000.e.co",
		"myapp://x", "deep://cb.e.co", "deep://cb/../x", "deep://cb/%2e%2E/x", "https:e.co", "javascript://x.anyproto.example/", "/\t/e.co", "https://e.co#.trusted.example",
	} {
		f.Add(seed)
	}
	o := targets{trusts: testOrigins().trusts, path: strictPath}
	f.Fuzz(func(t *testing.T, target string) {
		if ok, _ := o.allows(target); !ok {
			return
		}
		for i := 0; i < len(target); i++ {
			if c := target[i]; c <= ' ' || c == '\\' || c == 0x7f {
				t.Fatalf("%q has the byte %#x", target, c)
			}
		}
		if strings.HasPrefix(target, "/") {
			if strings.HasPrefix(target, "//") || strings.ContainsAny(target, "#:<>\"") {
				t.Fatalf("%q is no plain path", target)
			}
			return
		}
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		host := strings.ToLower(u.Host)
		switch {
		case u.User != nil || unsafeSchemes[strings.ToLower(u.Scheme)]:
		case u.Scheme == "myapp" || u.Scheme == "deep" && host == "cb":
			if strings.Contains(u.Path+"/", "/../") {
				t.Fatalf("%q leads up", target)
			}
			return
		case strings.HasSuffix(u.Hostname(), ".anyproto.example") && u.Port() == "":
			return
		case u.Scheme == "http" && u.Hostname() == "localhost":
			return
		case u.Scheme == "https":
			for _, name := range []string{".trusted.example", ".example.net"} {
				if strings.HasSuffix(strings.TrimSuffix(host, ":443"), name) {
					return
				}
			}
			switch strings.TrimSuffix(host, ":443") {
			case "exact.example:8443", "app.example", "std.example":
				return
			}
		}
		t.Fatalf("%q is allowed", target)
	})
}

// FuzzQueryObject compares with net/url where that reads a query as the URL
// standard does.
func FuzzQueryObject(f *testing.F) {
	for _, seed := range []string{"", "a=1&a=2", "a=%zz&b=%", "=&=", "a+b=%2B", "a=%E2%82", "\xff=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		o := queryObject(query)
		for name, v := range o.All() {
			values := v.Items()
			if v.Kind() == document.String {
				values = []document.Value{v}
			}
			for _, one := range values {
				if !utf8.ValidString(name) || !utf8.ValidString(one.Str()) || one.Kind() != document.String {
					t.Fatalf("%q gives %q = %q", query, name, v.JSON())
				}
			}
		}
		want, err := url.ParseQuery(query)
		if err != nil || strings.Contains(query, ";") || !utf8.ValidString(query) {
			return
		}
		for name, values := range want {
			got := o.Get(strings.ToValidUTF8(name, "\uFFFD"))
			if len(values) == 1 && got.Kind() == document.String && got.Str() != strings.ToValidUTF8(values[0], "\uFFFD") {
				t.Fatalf("%q: %q is %q, want %q", query, name, got.Str(), values[0])
			}
		}
	})
}
