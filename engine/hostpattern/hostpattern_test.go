package hostpattern_test

import (
	"errors"
	"regexp"
	"slices"
	"testing"

	"github.com/authhost/authhost/engine/hostpattern"
)

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, host string
		want          bool
	}{
		{"*.example.com", "a.example.com", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.Example.com", "A.example.COM", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", ".example.com", false},
		{"*.example.com", "a..example.com", false},
		{"*.example.com", "a.example.com:8443", false},
		{"*.example.com", "a.example.com.evil.example", false},
		{"*.example.com:8443", "a.example.com:8443", true},
		{"*.a-*.example.com", "x.y.a-1.example.com", true},
		{"preview-*.example.com", "preview-7.example.com", true},
		{"preview-*.example.com", "preview-.example.com", false},
		{"preview-*.example.com", "preview-7.evil.example.com", false},
		{"preview-*.example.com", "preview-7/.example.com", false},
		{"app-?.example.com", "app-1.example.com", true},
		{"app-?.example.com", "app-12.example.com", false},
		{"a.*.example.com", "a.b.example.com", true},
		{"a.*.example.com", "a.b.c.example.com", false},
		{"localhost:*", "localhost:5173", true},
		{"localhost:*", "LOCALHOST:80", true},
		{"localhost:*", "localhost", false},
		{"localhost:*", "localhost:", false},
		{"localhost:*", "localhost:3000.evil.example", false},
		{"localhost:*", "localhost:123456", false},
		{"127.0.0.1:*", "127.0.0.1:3000", true},
		{"*.localhost", "acme.localhost", true},
		{"*.localhost:*", "acme.localhost:3000", true},
	} {
		p, err := hostpattern.Parse(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
		} else if got := p.Matches(tt.host); got != tt.want {
			t.Errorf("%s matches %q: %v", tt.pattern, tt.host, got)
		}
	}
	if (hostpattern.Pattern{}).Matches("") {
		t.Error("the zero value matches")
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]error{
		"*": hostpattern.ErrBroad, "*.com": hostpattern.ErrBroad, "x-*.com": hostpattern.ErrBroad, "a.*.com": hostpattern.ErrBroad, "*.*": hostpattern.ErrBroad,
		"*.example.c?m": hostpattern.ErrBroad, "*:*": hostpattern.ErrBroad,
		"": hostpattern.ErrSyntax, ".": hostpattern.ErrSyntax, "*..com": hostpattern.ErrSyntax, "*.example.com/x": hostpattern.ErrSyntax, "*.exämple.com": hostpattern.ErrSyntax,
		"*.example.com:": hostpattern.ErrSyntax, "localhost:3*": hostpattern.ErrSyntax, "localhost:*:*": hostpattern.ErrSyntax, "localhost:123456": hostpattern.ErrSyntax,
		"*.example.com": nil, "localhost:*": nil,
	} {
		if _, err := hostpattern.Parse(text); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestNarrower(t *testing.T) {
	var list []hostpattern.Pattern
	for _, text := range []string{"*.example.com", "*.a.example.com", "preview-*.example.com", "b-*.example.com", "a-*.example.com"} {
		p, err := hostpattern.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	slices.SortFunc(list, hostpattern.Narrower)
	var got []string
	for _, p := range list {
		got = append(got, p.String())
	}
	if want := []string{"preview-*.example.com", "*.a.example.com", "a-*.example.com", "b-*.example.com", "*.example.com"}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

// FuzzParse: what matches a pattern is a host below its domain, whatever the
// pattern.
func FuzzParse(f *testing.F) {
	f.Add("*.example.com", "a.example.com")
	f.Add("preview-*.example.com:*", "preview-1.example.com:80")
	f.Add("localhost:*", "localhost:3000.evil.example")
	host := regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:[0-9]{1,5})?$`)
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := hostpattern.Parse(pattern)
		if err == nil && p.Matches(text) && !host.MatchString(text) {
			t.Errorf("%q matches %q", pattern, text)
		}
	})
}
