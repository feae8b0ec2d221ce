//go:build !wasip1

package sdk

import "testing"

func TestAbsoluteURL(t *testing.T) {
	const origin = "http://localhost:3000"
	for in, want := range map[string]string{
		"/reset":                         origin + "/reset",
		"/":                              origin + "/",
		"/a/../b?x=/../y#/..":            origin + "/b?x=/../y#/..",
		"/a/./b/..":                      origin + "/a/",
		"/../../x":                       origin + "/x",
		"/.well-known/x":                 origin + "/.well-known/x",
		"https://app.example.com":        "https://app.example.com/",
		"https://app.example.com?x=1":    "https://app.example.com/?x=1",
		"https://app.example.com/a/../b": "https://app.example.com/b",
		"myapp://callback":               "myapp://callback",
	} {
		if got := AbsoluteURL(origin, in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestSetQuery has the results of JavaScript's URL and URLSearchParams.set.
func TestSetQuery(t *testing.T) {
	for _, tt := range []struct{ url, name, value, want string }{
		{"http://a/reset", "token", "abc", "http://a/reset?token=abc"},
		{"http://a/reset?x=1", "token", "abc", "http://a/reset?x=1&token=abc"},
		{"http://a/?token=old&y=2&token=older", "token", "new", "http://a/?token=new&y=2"},
		{"http://a/?x=a%20b&empty&=&y=%zz+c", "t", "é &", "http://a/?x=a+b&empty=&=&y=%25zz+c&t=%C3%A9+%26"},
		{"http://a/#frag", "t", "1", "http://a/?t=1#frag"},
		{"http://a/?x=1#frag?y", "t", "1", "http://a/?x=1&t=1#frag?y"},
		{"http://a/?&&x=1&", "t", "~*-._", "http://a/?x=1&t=%7E*-._"},
	} {
		if got := SetQuery(tt.url, tt.name, tt.value); got != tt.want {
			t.Errorf("SetQuery(%q, %q, %q) = %q, want %q", tt.url, tt.name, tt.value, got, tt.want)
		}
	}
}
