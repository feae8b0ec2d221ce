//go:build !wasip1

package main

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const ada = "ada@example.com"

func newHost(t *testing.T, config string) *plugintest.Host {
	t.Helper()
	return plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
}

func TestToken(t *testing.T) {
	h := newHost(t, `{"issuer":"https://happy-animal-123.convex.site"}`)
	if r := h.GET("/convex/token"); r.Status != 401 || len(r.Cookies) != 0 {
		t.Errorf("without a session: got %s", r)
	}
	id := h.AddUser(ada, "")
	h.SetUser(id, plugintest.Object{"image": "https://img.example.com/a.png", "issuer": "evil", "iss": "evil", "plan": "pro"})
	h.SignIn(id)
	r := h.GET("/convex/token")
	claims := h.Claims(r.Text("token"))
	want := plugintest.Object{
		"iss": "https://happy-animal-123.convex.site", "aud": "convex", "sub": id, "sessionId": h.CurrentSession()["id"],
		"email": ada, "name": ada, "emailVerified": false, "plan": "pro",
	}
	for name, value := range want {
		if claims[name] != value {
			t.Errorf("claim %s is %v, want %v", name, claims[name], value)
		}
	}
	for _, name := range []string{"id", "image", "issuer", "subject", "tokenIdentifier"} {
		if v, ok := claims[name]; ok {
			t.Errorf("there is a claim %s: %v", name, v)
		}
	}
	if c := r.Cookies[cookieConvexJWT]; c.Value != r.Text("token") || c.MaxAge != 900 {
		t.Errorf("cookie %+v", c)
	}
	if again := h.Claims(h.GET("/convex/token").Text("token")); again["jti"] == claims["jti"] || again["jti"] == nil {
		t.Errorf("two tokens have the jti %v", again["jti"])
	}
}

// TestSubject: a field can say who the user is; users without it are known by
// their id.
func TestSubject(t *testing.T) {
	h := newHost(t, `{"subject":"userId"}`)
	id := h.AddUser(ada, "")
	h.SignIn(id)
	if sub := h.Claims(h.GET("/convex/token").Text("token"))["sub"]; sub != id {
		t.Errorf("without the field: sub is %v", sub)
	}
	for value, want := range map[any]any{"app|7": "app|7", "": id, 7: id, nil: id} {
		h.SetUser(id, plugintest.Object{"userId": value})
		claims := h.Claims(h.GET("/convex/token").Text("token"))
		if claims["sub"] != want || claims[claimUserID] != id {
			t.Errorf("%v: claims %v", value, claims)
		}
	}
}

// TestTokenOfSubject: a token with another subject still lets its server act in
// the session of the user that it was issued to.
func TestTokenOfSubject(t *testing.T) {
	h := newHost(t, `{"subject":"userId","tokenScopes":["/server/*"]}`)
	var used plugintest.Object
	h.On("session.use", func(args plugintest.Object) (sdk.Status, any) {
		used = args
		return sdk.OK, nil
	})
	claims := plugintest.Object{"iss": plugintest.BaseURL, "aud": "convex", "sub": "app|7", "sessionId": "s1", claimUserID: "u1"}
	h.On("keys.verify", func(plugintest.Object) (sdk.Status, any) { return sdk.OK, plugintest.Object{"claims": claims} })
	event := plugintest.Event{Name: pluginapi.EventRequestBefore, Request: plugintest.Request{Path: "/server/x", Headers: map[string]string{"authorization": "Bearer a.b.c"}}}
	if r := h.Fire(event); r.Result != sdk.ResultContinue || used["id"] != "s1" || used["userId"] != "u1" {
		t.Errorf("got %s, used %v", r, used)
	}
	used = nil
	delete(claims, claimUserID)
	if h.Fire(event); used["id"] != nil {
		t.Errorf("a token that does not say whose it is was used: %v", used)
	}
}

func TestConfiguredClaims(t *testing.T) {
	h := newHost(t, `{"audience":"other","lifetime":60,"claims":{"fields":["name","missing"],"constants":{"plan":"pro","https://example.com/x":{"a":[1]}}}}`)
	h.SignIn(h.AddUser(ada, ""))
	r := h.GET("/convex/token")
	claims := h.Claims(r.Text("token"))
	if claims["name"] != ada || claims["plan"] != "pro" || claims["email"] != nil || claims["aud"] != "other" || claims["iss"] != plugintest.BaseURL {
		t.Errorf("claims %v", claims)
	}
	if _, ok := claims["missing"]; ok || claims["https://example.com/x"] == nil {
		t.Errorf("claims %v", claims)
	}
	if r.Cookies[cookieConvexJWT].MaxAge != 60 {
		t.Errorf("cookie %+v", r.Cookies[cookieConvexJWT])
	}
}

func TestFollowSession(t *testing.T) {
	h := newHost(t, "")
	fire := func(phase string) plugintest.Cookie {
		t.Helper()
		r := h.Fire(plugintest.Event{Name: pluginapi.EventResponseSession, Phase: phase})
		c, ok := r.Cookies[cookieConvexJWT]
		if !ok {
			t.Fatalf("%s: no cookie in %s", phase, r)
		}
		return c
	}
	if c := fire(pluginapi.PhaseEnded); !c.Expired {
		t.Errorf("cookie %+v", c)
	}
	h.SignIn(h.AddUser(ada, ""))
	for _, phase := range []string{pluginapi.PhaseIssued, pluginapi.PhaseRead, pluginapi.PhaseRefreshed} {
		if c := fire(phase); h.Claims(c.Value)["email"] != ada {
			t.Errorf("%s: cookie %+v", phase, c)
		}
	}
	h.On("keys.sign", func(plugintest.Object) (sdk.Status, any) { return sdk.Internal, nil })
	if r := h.Fire(plugintest.Event{Name: pluginapi.EventResponseSession, Phase: pluginapi.PhaseRead}); r.Result != sdk.ResultFailed {
		t.Errorf("without a key: got %s", r)
	}
}

func TestBearer(t *testing.T) {
	for _, tt := range []struct{ header, used string }{
		{"Bearer abc", "abc"},
		{"bEARER  abc ", "abc"},
		{"Bearer abc.c2lnbmF0dXJl", "abc.c2lnbmF0dXJl"},
		{"Bearer abc.c2ln%3D", "abc.c2ln="},
		{"Bearer abc.c2ln%zz", "abc.c2ln%zz"},
		{"Bearer ", ""},
		{"Bearer", ""},
		{"Basic YWRhOng=", ""},
		{"", ""},
	} {
		h := newHost(t, "")
		used := ""
		h.On("session.use", func(args plugintest.Object) (sdk.Status, any) {
			used, _ = args["token"].(string)
			return sdk.OK, nil
		})
		r := h.Fire(plugintest.Event{Name: pluginapi.EventRequestBefore, Request: plugintest.Request{Headers: map[string]string{"Authorization": tt.header}}})
		if used != tt.used || r.Result != sdk.ResultContinue {
			t.Errorf("%q: used %q, want %q", tt.header, used, tt.used)
		}
	}
	h := newHost(t, "")
	h.On("session.use", func(plugintest.Object) (sdk.Status, any) { return sdk.Invalid, nil })
	r := h.Fire(plugintest.Event{Name: pluginapi.EventRequestBefore, Request: plugintest.Request{Headers: map[string]string{"Authorization": "Bearer a.b"}}})
	if r.Result != sdk.ResultContinue {
		t.Errorf("a wrong signature: got result %d, want the cookie to count", r.Result)
	}
}

func TestDiscovery(t *testing.T) {
	h := newHost(t, `{"issuer":"https://happy-animal-123.convex.site","algorithm":"ES256"}`)
	r := h.GET("/convex/.well-known/openid-configuration")
	for path, want := range map[string]string{
		"issuer":         "https://happy-animal-123.convex.site",
		"jwks_uri":       "https://happy-animal-123.convex.site/api/auth/convex/jwks",
		"token_endpoint": "https://app.example.com/api/auth/oauth2/token",
		"id_token_signing_alg_values_supported.0": "ES256",
		"scopes_supported.3":                      "offline_access",
	} {
		if r.Text(path) != want {
			t.Errorf("%s is %q, want %q", path, r.Text(path), want)
		}
	}
	if n := len(r.Body.(plugintest.Object)); n != 17 {
		t.Errorf("%d members, want 17", n)
	}
	if r := h.GET("/.well-known/openid-configuration"); r.Status != 302 || r.Location != "https://happy-animal-123.convex.site/api/auth/convex/.well-known/openid-configuration" {
		t.Errorf("got %s", r)
	}
	h = newHost(t, `{"jwksURL":"https://keys.example.com/jwks"}`)
	if r := h.GET("/convex/.well-known/openid-configuration"); r.Text("jwks_uri") != "https://keys.example.com/jwks" || r.Text("issuer") != plugintest.BaseURL {
		t.Errorf("got %s", r)
	}
}

func TestJWKS(t *testing.T) {
	r := newHost(t, "").GET("/convex/jwks")
	if r.Text("keys.0.alg") != "RS256" || !strings.HasPrefix(r.Headers["cache-control"], "public, max-age=") {
		t.Errorf("got %s with headers %v", r, r.Headers)
	}
}

// A token for Convex is a credential where the options say so.
func TestTokenScopes(t *testing.T) {
	h := newHost(t, `{"tokenScopes":["/get-session","/server/*"]}`)
	id := h.AddUser(ada, "")
	h.SignIn(id)
	session := h.CurrentSession()
	token := "a.b.c" // what a token looks like
	h.On("keys.verify", func(args plugintest.Object) (sdk.Status, any) {
		claims := plugintest.Object{"iss": plugintest.BaseURL, "aud": "convex", "sub": id, "sessionId": session["id"]}
		if args["token"] != token {
			claims["aud"] = "other"
		}
		return sdk.OK, plugintest.Object{"claims": claims}
	})
	for _, tt := range []struct {
		path, token string
		used        bool
	}{
		{"/get-session", token, true}, {"/server/x", token, true}, {"/server", token, false}, {"/get-session/x", token, false}, {"/update-user", token, false}, {"/get-session", "x.y.z", false},
	} {
		used := ""
		h.On("session.use", func(args plugintest.Object) (sdk.Status, any) {
			used, _ = args["id"].(string)
			if used != "" && args["userId"] != id {
				t.Errorf("uses %v", args)
			}
			return sdk.Invalid, nil
		})
		r := plugintest.Request{Path: tt.path, Headers: map[string]string{"Authorization": "Bearer " + tt.token}}
		h.Fire(plugintest.Event{Name: pluginapi.EventRequestBefore, Request: r})
		if (used == session["id"]) != tt.used {
			t.Errorf("%s with %s: used %q", tt.path, tt.token, used)
		}
	}
}
