//go:build !wasip1

package main

import (
	"cmp"
	_ "embed"
	"encoding/base64"
	"fmt"
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
	h := newHost(t, "")
	if r := h.GET("/token"); r.Status != 401 {
		t.Errorf("without a session: got %s", r)
	}
	id := h.AddUser(ada, "")
	h.SetUser(id, plugintest.Object{"iss": "evil", "nbf": 1, "plan": "pro"})
	h.SignIn(id)
	claims := h.Claims(h.GET("/token").Text("token"))
	want := plugintest.Object{
		"iss": plugintest.BaseURL, "aud": plugintest.BaseURL, "sub": id, "id": id, "email": ada, "plan": "pro",
		"iat": plugintest.Start.Unix(), "exp": plugintest.Start.Unix() + 900,
	}
	for name, value := range want {
		if claims[name] != value {
			t.Errorf("claim %s is %v, want %v", name, claims[name], value)
		}
	}
	if claims["nbf"] != nil {
		t.Error("a field of the user became nbf")
	}
}

func TestOptions(t *testing.T) {
	h := newHost(t, `{"issuer":"https://issuer.example.com","audience":["a","b"],"lifetime":300,"algorithm":"ES512",
		"claims":{"fields":["email","missing"],"constants":{"role":"member"}}}`)
	h.On("keys.sign", func(args plugintest.Object) (sdk.Status, any) {
		claims := args["claims"].(plugintest.Object)
		audience, _ := claims["aud"].([]any)
		if args["alg"] != "ES512" || args["use"] != "jwt" || claims["iss"] != "https://issuer.example.com" || len(audience) != 2 {
			t.Errorf("signs %v", args)
		}
		if claims["email"] != ada || claims["role"] != "member" || claims["name"] != nil || len(claims) != 5 {
			t.Errorf("claims %v", claims)
		}
		return sdk.OK, plugintest.Object{"token": "t"}
	})
	h.SignIn(h.AddUser(ada, ""))
	if r := h.GET("/token"); r.Text("token") != "t" {
		t.Errorf("got %s", r)
	}
}

func TestHeader(t *testing.T) {
	fire := func(h *plugintest.Host) plugintest.Response {
		return h.Fire(plugintest.Event{Name: pluginapi.EventResponseSession, Phase: pluginapi.PhaseRead})
	}
	for config, sets := range map[string]bool{"": true, `{"disableSettingJwtHeader":true}`: false} {
		h := newHost(t, config)
		id := h.AddUser(ada, "")
		h.SignIn(id)
		r := fire(h)
		claims := h.Claims(r.Headers["set-auth-jwt"])
		if sets != (claims["sub"] == id) || sets != (r.Headers["access-control-expose-headers"] == "set-auth-jwt") {
			t.Errorf("%s: headers %v", config, r.Headers)
		}
		h.SignOut()
		if r := fire(h); len(r.Headers) != 0 {
			t.Errorf("without a session: headers %v", r.Headers)
		}
	}
	h := newHost(t, "")
	h.SignIn(h.AddUser(ada, ""))
	h.On("keys.sign", func(plugintest.Object) (sdk.Status, any) { return sdk.Internal, nil })
	if r := fire(h); r.Result != sdk.ResultFailed {
		t.Errorf("without a key: got %s", r)
	}
}

func TestJWKS(t *testing.T) {
	r := newHost(t, "").GET("/jwks")
	if r.Text("keys.0.alg") != "EdDSA" || !strings.HasPrefix(r.Headers["cache-control"], "public, max-age=") {
		t.Errorf("got %s with headers %v", r, r.Headers)
	}
	h := newHost(t, `{"jwksPath":"/.well-known/jwks.json"}`)
	if r := h.GET("/.well-known/jwks.json"); r.Text("keys.0.kid") == "" {
		t.Errorf("got %s", r)
	}
	if r := h.GET("/jwks"); r.Status != 404 {
		t.Errorf("the default path: got %s", r)
	}
}

// TestRemoteKeys: where the keys are published elsewhere, they are not here.
func TestRemoteKeys(t *testing.T) {
	h := newHost(t, `{"remoteUrl":"https://cdn.example/jwks.json"}`)
	if r := h.GET("/jwks"); r.Status != 404 || r.Get("keys") != nil {
		t.Errorf("got %s", r)
	}
	h.SignIn(h.AddUser(ada, ""))
	if r := h.GET("/token"); r.Text("token") == "" {
		t.Errorf("a token: %s", r)
	}
}

func TestServerTokens(t *testing.T) {
	h := newHost(t, `{"issuer":"https://issuer.example.com","audience":["a","b"]}`)
	if r := h.POST("/sign-jwt", `{"payload":{}}`); r.Status != 404 {
		t.Errorf("without a service key: %s", r)
	}
	call := func(path, body string) plugintest.Response {
		return h.Do(plugintest.Request{Method: "POST", Path: path, Body: body, ServiceKey: "deployment"})
	}
	token := call("/sign-jwt", `{"payload":{"sub":"job"},"expiresIn":60}`).Text("token")
	claims := h.Claims(token)
	if claims["sub"] != "job" || claims["iss"] != "https://issuer.example.com" || claims["exp"] != plugintest.Start.Unix()+60 {
		t.Errorf("claims %v", claims)
	}
	own := call("/sign-jwt", fmt.Sprintf(`{"payload":{"sub":"job","iss":"https://me.example","aud":"them","exp":%d},"expiresIn":60}`, plugintest.Start.Unix()+7)).Text("token")
	if claims := h.Claims(own); claims["iss"] != "https://me.example" || claims["aud"] != "them" || claims["exp"] != plugintest.Start.Unix()+7 {
		t.Errorf("claims that were given are %v", claims)
	}
	for _, exp := range []string{"1", `"soon"`, "0"} {
		if r := call("/sign-jwt", `{"payload":{"exp":`+exp+`}}`); r.Status != 400 || r.Text("code") != "PAST_EXPIRY" {
			t.Errorf("exp %s: %s", exp, r)
		}
	}
	if r := call("/verify-jwt", `{"token":"`+token+`"}`); r.Text("payload.sub") != "job" {
		t.Errorf("verify: %s", r)
	}
	if r := call("/verify-jwt", `{"token":"x"}`); r.Status != 200 || r.Get("payload") != nil {
		t.Errorf("verify garbage: %s", r)
	}
}

func TestTemplatesAndSubject(t *testing.T) {
	h := newHost(t, `{"subjectField":"userId","claims":{"templates":{"who":"{{user.name}} <{{user.email}}>","verified":"{{user.emailVerified}}","none":"{{user.missing}}","sid":"{{session.id}}","text":"plain"}}}`)
	id := h.AddUser(ada, "")
	h.SignIn(id)
	claims := h.Claims(h.GET("/token").Text("token"))
	if claims["who"] != ada+" <"+ada+">" || claims["verified"] != false || claims["sid"] != h.CurrentSession()["id"] || claims["text"] != "plain" || claims["sub"] != id {
		t.Errorf("claims %v", claims)
	}
	if _, ok := claims["none"]; ok || claims["email"] != nil {
		t.Errorf("claims %v", claims)
	}
	h.SetUser(id, plugintest.Object{"userId": "k17"})
	if claims := h.Claims(h.GET("/token").Text("token")); claims["sub"] != "k17" {
		t.Errorf("claims %v", claims)
	}
}

// TestSeveralAlgorithms: the key set has keys of each algorithm that the settings
// name, and servers choose one of them for a token. Tokens of users are signed by
// the first. A token that names any other is none.
func TestSeveralAlgorithms(t *testing.T) {
	h := newHost(t, `{"algorithm":"EdDSA","algorithms":["ES256","EdDSA","RS256"]}`)
	call := func(path, body string) plugintest.Response {
		return h.Do(plugintest.Request{Method: "POST", Path: path, Body: body, ServiceKey: "deployment"})
	}
	r := h.GET("/jwks")
	for i, alg := range []string{"EdDSA", "ES256", "RS256"} {
		if r.Text(fmt.Sprintf("keys.%d.alg", i)) != alg {
			t.Errorf("key %d is not for %s: %s", i, alg, r)
		}
	}
	if r.Get("keys.3") != nil || !strings.HasPrefix(r.Headers["cache-control"], "public, max-age=") {
		t.Errorf("got %s with headers %v", r, r.Headers)
	}
	for _, alg := range []string{"", "EdDSA", "ES256", "RS256"} {
		body := `{"payload":{"sub":"job"}}`
		if alg != "" {
			body = `{"payload":{"sub":"job"},"signingAlgorithm":"` + alg + `"}`
		}
		token := call("/sign-jwt", body).Text("token")
		head, rest, _ := strings.Cut(token, ".")
		if header, _ := base64.RawURLEncoding.DecodeString(head); !strings.Contains(string(header), `"alg":"`+cmp.Or(alg, "EdDSA")+`"`) {
			t.Errorf("%s: the header is %s", alg, header)
		}
		if r := call("/verify-jwt", `{"token":"`+token+`"}`); r.Text("payload.sub") != "job" {
			t.Errorf("verify %s: %s", alg, r)
		}
		for _, other := range []string{"PS256", "none", "HS256"} {
			forged := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+other+`"}`)) + "." + rest
			if r := call("/verify-jwt", `{"token":"`+forged+`"}`); r.Status != 200 || r.Get("payload") != nil {
				t.Errorf("verify %s as %s: %s", alg, other, r)
			}
		}
	}
	if r := call("/sign-jwt", `{"payload":{},"signingAlgorithm":"PS256"}`); r.Status != 400 || r.Text("code") != "UNKNOWN_ALGORITHM" {
		t.Errorf("an algorithm that the settings do not name: %s", r)
	}
	h.SignIn(h.AddUser(ada, ""))
	h.On("keys.sign", func(args plugintest.Object) (sdk.Status, any) {
		return sdk.OK, plugintest.Object{"token": "by " + args["alg"].(string)}
	})
	if r := h.GET("/token"); r.Text("token") != "by EdDSA" {
		t.Errorf("a user's token: %s", r)
	}
}
