//go:build !wasip1

package main

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const sites = `{"siteURLs":["http://localhost:5173","https://app.example.org/start"]}`

type headers = map[string]string

func newHost(t *testing.T) *plugintest.Host {
	t.Helper()
	return plugintest.New(t, plugintest.Config{Manifest: manifest, Config: sites})
}

func before(h *plugintest.Host, handler string, r plugintest.Request) plugintest.Response {
	return h.Fire(plugintest.Event{Name: pluginapi.EventRequestBefore, Handler: handler, Request: r})
}

func TestUseHeader(t *testing.T) {
	const cookies = "better-auth.session_token=a.b%3D; x=1"
	for _, tt := range []struct {
		name     string
		headers  headers
		injected string
	}{
		{"header", headers{"Better-Auth-Cookie": cookies}, cookies},
		{"empty", headers{"Better-Auth-Cookie": ""}, ""},
		{"with Authorization", headers{"Better-Auth-Cookie": cookies, "Authorization": "Bearer x"}, ""},
		{"Expo", headers{"Better-Auth-Cookie": cookies, "Expo-Origin": "app://"}, ""},
	} {
		h := newHost(t)
		if r := before(h, "useHeader", plugintest.Request{Headers: tt.headers}); r.Result != sdk.ResultContinue || h.Injected() != tt.injected {
			t.Errorf("%s: injected %q, want %q", tt.name, h.Injected(), tt.injected)
		}
	}
	h := newHost(t)
	h.On("cookies.inject", func(plugintest.Object) (sdk.Status, any) { return sdk.Internal, nil })
	if r := before(h, "useHeader", plugintest.Request{Headers: headers{"Better-Auth-Cookie": cookies}}); r.Result != sdk.ResultFailed {
		t.Errorf("got result %d", r.Result)
	}
}

func TestRewriteBody(t *testing.T) {
	for _, tt := range []struct {
		name, path, body string
		headers          headers
		want             plugintest.Object
	}{
		{"paths", "/sign-up/email", `{"callbackURL":"/a?x=1","newUserCallbackURL":"/n","errorCallbackURL":"/e/../f","redirectTo":"/r"}`, nil,
			plugintest.Object{"callbackURL": "http://localhost:5173/a?x=1", "newUserCallbackURL": "http://localhost:5173/n", "errorCallbackURL": "http://localhost:5173/f", "redirectTo": "/r"}},
		{"second site", "/sign-in/email", `{"callbackURL":"/a"}`, headers{"Origin": "https://app.example.org"}, plugintest.Object{"callbackURL": "https://app.example.org/a"}},
		{"absolute", "/sign-in/email", `{"callbackURL":"https://evil.example/a"}`, nil, plugintest.Object{"callbackURL": "https://evil.example/a"}},
		{"host without scheme", "/sign-in/email", `{"callbackURL":"//evil.example"}`, nil, plugintest.Object{"callbackURL": "//evil.example"}},
		{"host with a backslash", "/sign-in/email", `{"callbackURL":"/\\evil.example"}`, nil, plugintest.Object{"callbackURL": `/\evil.example`}},
		{"no text", "/sign-in/email", `{"callbackURL":7}`, nil, nil},
		{"filled in", "/send-verification-email", `{}`, headers{"Origin": "https://app.example.org"}, plugintest.Object{"callbackURL": "https://app.example.org/start"}},
		{"filled in", "/sign-in/social", `{"callbackURL":""}`, nil, plugintest.Object{"callbackURL": "http://localhost:5173"}},
		{"not filled in", "/sign-in/email", `{}`, nil, plugintest.Object{"callbackURL": nil}},
		{"Expo", "/sign-in/social", `{"errorCallbackURL":"/e"}`, headers{"Expo-Origin": "app://"}, plugintest.Object{"callbackURL": nil, "errorCallbackURL": "/e"}},
		{"no body", "/sign-in/social", "", nil, plugintest.Object{"callbackURL": nil}},
		{"null", "/send-verification-email", "null", nil, plugintest.Object{"callbackURL": nil}},
		{"list", "/send-verification-email", "[]", nil, plugintest.Object{"callbackURL": nil}},
		{"text", "/send-verification-email", `"{"`, nil, plugintest.Object{"callbackURL": nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t)
			before(h, "rewriteBody", plugintest.Request{Method: "POST", Path: tt.path, Body: tt.body, Headers: tt.headers})
			for field, want := range tt.want {
				if got := h.Read("request.body." + field); got != want {
					t.Errorf("%s is %v, want %v", field, got, want)
				}
			}
		})
	}
}

func TestRewriteQuery(t *testing.T) {
	for query, want := range map[string]any{
		"?callbackURL=%2Fverified":             "http://localhost:5173/verified",
		"?callbackURL=https%3A%2F%2Fx.example": "https://x.example",
		"":                                     nil,
	} {
		h := newHost(t)
		before(h, "rewriteQuery", plugintest.Request{Path: "/verify-email" + query})
		if got := h.Read("request.query.callbackURL"); got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	h := newHost(t)
	before(h, "rewriteQuery", plugintest.Request{Path: "/verify-email?callbackURL=%2Fv", Headers: headers{"Expo-Origin": "app://"}})
	if got := h.Read("request.query.callbackURL"); got != "/v" {
		t.Errorf("Expo: %v", got)
	}
}

func TestMoveCookies(t *testing.T) {
	lines := []string{"a=1; Path=/", "b=2; Path=/"}
	for _, tt := range []struct {
		name, event, phase string
		headers            headers
		cookies            []string
		want               string
	}{
		{"session", pluginapi.EventResponseSession, pluginapi.PhaseRead, headers{"Better-Auth-Cookie": ""}, lines, "a=1; Path=/, b=2; Path=/"},
		{"other answer", pluginapi.EventRequestAfter, "", headers{"Better-Auth-Cookie": "x=1"}, lines[:1], "a=1; Path=/"},
		{"error", pluginapi.EventRequestRefused, "", headers{"Better-Auth-Cookie": ""}, lines, "a=1; Path=/, b=2; Path=/"},
		{"later cookies of a session", pluginapi.EventRequestAfter, pluginapi.PhaseRead, headers{"Better-Auth-Cookie": ""}, lines, ""},
		{"no cookies", pluginapi.EventRequestAfter, "", headers{"Better-Auth-Cookie": ""}, nil, ""},
		{"no header", pluginapi.EventResponseSession, pluginapi.PhaseRead, nil, lines, ""},
		{"Expo", pluginapi.EventResponseSession, pluginapi.PhaseEnded, headers{"Better-Auth-Cookie": "", "Expo-Origin": "app://"}, lines, ""},
		{"Expo", pluginapi.EventRequestAfter, "", headers{"Better-Auth-Cookie": "", "Expo-Origin": "app://"}, lines, ""},
	} {
		h := newHost(t)
		r := h.Fire(plugintest.Event{Name: tt.event, Phase: tt.phase, Request: plugintest.Request{Headers: tt.headers}, Answer: plugintest.Answer{Cookies: tt.cookies}})
		if r.Headers["set-better-auth-cookie"] != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, r.Headers["set-better-auth-cookie"], tt.want)
		}
	}
}

func TestToken(t *testing.T) {
	for _, tt := range []struct {
		target, reason string
		headers        headers
		want           string // the location up to the token
	}{
		{"http://localhost:5173/dash?x=1", "oauth", nil, "http://localhost:5173/dash?x=1&ott="},
		{"http://localhost:5173", "magic-link", nil, "http://localhost:5173/?ott="},
		{"https://app.example.org/a#b", "oauth", nil, "https://app.example.org/a?ott="},
		{"http://localhost:5173/dash", "verify-email", nil, ""},
		{"https://other.example/dash", "oauth", nil, ""},
		{"http://localhost:5173.evil.example/", "oauth", nil, ""},
		{"/dash", "oauth", nil, ""},
		{"", "sign-in", nil, ""},
		{"http://localhost:5173/dash", "oauth", headers{"Expo-Origin": "app://"}, ""},
	} {
		h := newHost(t)
		session := h.SignIn(h.AddUser("ada@example.com", ""))
		r := h.Fire(plugintest.Event{
			Name: pluginapi.EventResponseSession, Phase: pluginapi.PhaseIssued, Reason: tt.reason,
			Request: plugintest.Request{Headers: tt.headers}, Answer: plugintest.Answer{Redirect: tt.target},
		})
		if tt.want == "" {
			if r.Location != tt.target || len(h.Verifications()) != 0 {
				t.Errorf("%s: got %s", tt.target, r)
			}
			continue
		}
		token, ok := strings.CutPrefix(r.Location, tt.want)
		token, _, _ = strings.Cut(token, "#")
		if !ok || len(token) != 32 || !strings.HasPrefix(h.Verifications()["one-time-token:"+token], session+" ") {
			t.Errorf("%s: got %s", tt.target, r)
		}
	}
}

func TestExchange(t *testing.T) {
	h := newHost(t)
	session := h.SignIn(h.AddUser("ada@example.com", ""))
	fire := func() string {
		t.Helper()
		r := h.Fire(plugintest.Event{Name: pluginapi.EventResponseSession, Phase: pluginapi.PhaseIssued, Reason: "oauth", Answer: plugintest.Answer{Redirect: "http://localhost:5173/"}})
		_, token, _ := strings.Cut(r.Location, "ott=")
		return token
	}
	post := func(token string) plugintest.Response {
		return h.POST("/cross-domain/one-time-token/verify", `{"token":"`+token+`"}`)
	}
	token, late := fire(), fire()
	h.SignOut()
	if r := post(token); r.Text("session.token") != session || r.Text("user.email") != "ada@example.com" || h.CurrentSession()["token"] != session {
		t.Errorf("got %s", r)
	}
	if r := post(token); r.Status != 400 || r.Text("message") != "Invalid token" {
		t.Errorf("again: got %s", r)
	}
	h.Advance(3 * time.Minute)
	if r := post(late); r.Status != 400 || r.Text("message") != "Invalid token" {
		t.Errorf("too late: got %s", r)
	}
	gone := fire()
	h.On("session.adopt", func(plugintest.Object) (sdk.Status, any) { return sdk.NotFound, nil })
	if r := post(gone); r.Status != 400 || r.Text("message") != "Session not found" {
		t.Errorf("without its session: got %s", r)
	}
	if r := post(gone); r.Text("message") != "Invalid token" {
		t.Errorf("and again: got %s", r)
	}
}
