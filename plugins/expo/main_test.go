//go:build !wasip1

package main

import (
	_ "embed"
	"net/url"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

func newHost(t *testing.T) *plugintest.Host {
	t.Helper()
	return plugintest.New(t, plugintest.Config{Manifest: manifest})
}

// TestHandOver: the cookies go to where a browser is sent with an app's own
// scheme, and to no page.
func TestHandOver(t *testing.T) {
	lines := []string{"better-auth.session_token=a.b%3D; Path=/; HttpOnly", "x=2; Path=/"}
	for _, tt := range []struct {
		target  string
		cookies []string
		want    string // the parameter
	}{
		{"myapp://", lines, strings.Join(lines, ", ")},
		{"myapp://home?a=1&cookie=forged#x", lines, strings.Join(lines, ", ")},
		{"exp://192.168.1.7:8081/--/home", lines, strings.Join(lines, ", ")},
		{"myapp://home", nil, ""},
		{"https://app.example/home", lines, ""},
		{"http://localhost:3000/home", lines, ""},
		{"/home", lines, ""},
		{"myapp://oauth/oauth-proxy-callback", lines, ""},
		{"", lines, ""},
	} {
		h := newHost(t)
		r := h.Fire(plugintest.Event{Name: pluginapi.EventRequestAfter, Request: plugintest.Request{Path: "/callback/github"}, Answer: plugintest.Answer{Redirect: tt.target, Cookies: tt.cookies}})
		u, err := url.Parse(r.Location)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.Query().Get("cookie"); tt.want != "" && got != tt.want {
			t.Errorf("%s: %q, want %q", tt.target, got, tt.want)
		} else if tt.want == "" && r.Location != "" && r.Location != tt.target {
			t.Errorf("%s: leads to %s", tt.target, r.Location)
		}
	}
}

// TestAuthorizationProxy: the browser goes where a sign-in under way leads,
// which the plugin social decides.
func TestAuthorizationProxy(t *testing.T) {
	const page = "https://id.example/auth?client_id=x&state=s1"
	for _, tt := range []struct {
		name, url, state, want string
		err                    error // of the service
	}{
		{"bound", page, "", page, nil},
		{"with the app's cookie", page, "sealed", page, nil},
		{"not under way", page, "", "Invalid authorizationURL", &sdk.Error{Status: 400, Code: "STATE_NOT_FOUND"}},
		{"without social", page, "", "Invalid authorizationURL", &sdk.HostError{Status: sdk.Unsupported}},
		{"a fragment", page + "#x", "", "Invalid authorizationURL", nil},
		{"no state", "https://id.example/auth", "", "Unexpected error", nil},
		{"a page of the tenant's", plugintest.BaseURL + "/x?state=s1", "", "Invalid authorizationURL", nil},
		{"another scheme", "javascript://x?state=s1", "", "Invalid authorizationURL", nil},
		{"no URL", "x?state=s1", "", "Invalid authorizationURL", nil},
	} {
		h, called := newHost(t), plugintest.Object(nil)
		h.OnService(serviceSocialBind, func(input plugintest.Object) (plugintest.Object, error) {
			called = input
			return plugintest.Object{}, tt.err
		})
		r := h.GET("/expo-authorization-proxy?authorizationURL=" + url.QueryEscape(tt.url) + "&oauthState=" + tt.state)
		if got := r.Location + r.Text("message"); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, r, tt.want)
		}
		if tt.want == page && (called["url"] != page || called["sealed"] != tt.state) {
			t.Errorf("%s: the service was called with %v", tt.name, called)
		}
	}
}

// TestTrustExpoGo: only while the app is being developed.
func TestTrustExpoGo(t *testing.T) {
	for origin, want := range map[string]bool{"exp://192.168.1.7:8081": true, "expo://x": false, "https://exp.example": false} {
		for _, development := range []bool{true, false} {
			h := plugintest.New(t, plugintest.Config{Manifest: manifest, Development: development})
			record := plugintest.Object{"origin": origin, "trusted": false}
			h.Fire(plugintest.Event{Name: pluginapi.EventOriginTrusted, Record: record})
			if got := h.Read("record.trusted") == true; got != (want && development) {
				t.Errorf("%s, development %v: trusted is %v", origin, development, got)
			}
		}
	}
}
