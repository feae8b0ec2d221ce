//go:build !wasip1

package main

import (
	_ "embed"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

type object = plugintest.Object

const twoProviders = `{"providers":{
	"github":{"clientId":"gh","clientSecret":"gh-secret"},"keycloak":{"clientId":"kc","issuer":"https://kc.example"},
	"acme":{"clientId":["acme-web","acme-app"],"clientSecret":"acme-secret","discoveryUrl":"https://id.acme.example/.well-known/openid-configuration","scope":["openid","email"]},
	"plain":{"clientId":"p","authorizationUrl":"https://plain.example/auth?tenant=1","tokenUrl":"https://plain.example/token","userInfoUrl":"https://plain.example/me","authentication":"basic","clientSecret":"plain-secret","pkce":false,
		"scope":["profile"],"prompt":"consent","authorizationUrlParams":{"foo":"bar"},"tokenUrlParams":{"resource":"x"},"mapProfileToUser":{"id":"user.uid|uid","name":"{first} {last}","email":"mail","emailVerified":"ok"},"accessTokenExpiresIn":60}
}%}`

func with(account string) string { return strings.Replace(twoProviders, "%", account, 1) }

// world is a host whose providers know one person.
type world struct {
	*plugintest.Host
	t       *testing.T
	person  object // the claims of id tokens
	profile object // what plain and github say
	nonce   string // that the id token has; "" is the one asked for
	asked   string // nonce of the last flow
	refuse  bool   // the token endpoint refuses
	state   plugintest.Cookie
}

func newWorld(t *testing.T, account string) *world { return newWorldOf(t, account, "") }

func newWorldOf(t *testing.T, account, dialect string) *world {
	t.Helper()
	return newWorldIn(t, with(account), dialect)
}

// newWorldIn is a world whose plugin has a whole configuration.
func newWorldIn(t *testing.T, config, dialect string) *world {
	t.Helper()
	w := &world{Host: plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config, Dialect: dialect}), t: t}
	w.person = object{"sub": "ada-1", "email": "Ada@Example.com", "email_verified": true, "name": "Ada", "picture": "https://img.example/a.png"}
	w.profile = object{"uid": 7, "first": "Ada", "last": "L", "mail": "ada@example.com", "ok": true}
	w.OnHTTP(w.serve)
	return w
}

// asText is JSON from a server that calls it a text, as WeChat's does.
func asText(o object) string {
	text, _ := json.Marshal(o)
	return string(text)
}

func (w *world) serve(r plugintest.HTTPRequest) plugintest.HTTPResponse {
	switch {
	case strings.HasSuffix(r.URL, "/.well-known/openid-configuration"):
		if strings.HasPrefix(r.URL, "https://kc.example/") {
			return plugintest.HTTPResponse{Body: object{"issuer": "https://kc.example", "authorization_endpoint": "https://kc.example/auth", "token_endpoint": "https://kc.example/token"}}
		}
		return plugintest.HTTPResponse{Body: object{
			"issuer": "https://id.acme.example", "authorization_endpoint": "https://id.acme.example/auth", "token_endpoint": "https://id.acme.example/token",
			"userinfo_endpoint": "https://id.acme.example/me", "jwks_uri": "https://id.acme.example/keys",
		}}
	case strings.HasSuffix(r.URL, "/token"), strings.HasSuffix(r.URL, "/access_token"):
		if w.refuse {
			return plugintest.HTTPResponse{Status: 400, Body: object{"error": "invalid_grant"}}
		}
		out := object{"access_token": "at", "refresh_token": "rt-" + r.Form["grant_type"], "expires_in": 3600, "scope": "openid email"}
		if strings.Contains(r.URL, "acme") && r.Form["grant_type"] == "authorization_code" {
			out["id_token"] = w.idToken()
		}
		if strings.Contains(r.URL, "plain") {
			delete(out, "expires_in")
			return plugintest.HTTPResponse{Body: asText(out)}
		}
		return plugintest.HTTPResponse{Body: out}
	case strings.HasSuffix(r.URL, "/user/emails"):
		return plugintest.HTTPResponse{Body: []any{object{"email": "other@example.com", "primary": false, "verified": true}, object{"email": "ada@example.com", "primary": true, "verified": true}}}
	case strings.HasSuffix(r.URL, "/user"):
		return plugintest.HTTPResponse{Body: object{"id": 4711, "login": "ada", "name": nil, "email": nil, "avatar_url": "https://img.example/gh.png"}}
	case strings.HasSuffix(r.URL, "/me"):
		return plugintest.HTTPResponse{Body: asText(w.profile)}
	}
	return plugintest.HTTPResponse{Status: 404}
}

func (w *world) idToken() string {
	claims := object{"iss": "https://id.acme.example", "aud": "acme-web", "nonce": w.asked}
	for name, v := range w.person {
		claims[name] = v
	}
	if w.nonce != "" {
		claims["nonce"] = w.nonce
	}
	return w.RemoteToken(claims)
}

// start begins a flow and returns the parameters of the provider's URL.
func (w *world) start(path, body string) url.Values {
	w.t.Helper()
	r := w.POST(path, body)
	u, err := url.Parse(r.Text("url"))
	if r.Status != 200 || err != nil {
		w.t.Fatalf("start: %s", r)
	}
	w.state = flowCookie(r, cookieState)
	w.asked = u.Query().Get("nonce")
	return u.Query()
}

// back returns from the provider with the state's cookie.
func (w *world) back(route, state, more string) plugintest.Response {
	return w.Do(plugintest.Request{Path: route + "?code=c0de&state=" + state + more, Cookies: map[string]string{cookieState: w.state.Value}})
}

func (w *world) signIn(provider string) plugintest.Response {
	q := w.start("/sign-in/social", `{"provider":"`+provider+`","callbackURL":"/done","newUserCallbackURL":"/new","errorCallbackURL":"/err"}`)
	return w.back("/callback/"+provider, q.Get("state"), "")
}

func (w *world) want(r plugintest.Response, location string) {
	w.t.Helper()
	if r.Status != 302 || r.Location != location {
		w.t.Errorf("got %s, want %s", r, location)
	}
}

func TestSignIn(t *testing.T) {
	for provider, want := range map[string]struct{ id, name, email string }{
		"acme":   {"ada-1", "Ada", "ada@example.com"},
		"github": {"4711", "ada", "ada@example.com"},
		"plain":  {"7", "Ada L", "ada@example.com"},
	} {
		w := newWorld(t, "")
		w.want(w.signIn(provider), "/new")
		w.want(w.signIn(provider), "/done")
		users := w.Users()
		if len(users) != 1 || users[0]["email"] != want.email || users[0]["name"] != want.name || users[0]["emailVerified"] != true {
			t.Errorf("%s: users are %v", provider, users)
		}
		if a := w.account(provider, want.id); a["accessToken"] != "at" {
			t.Errorf("%s: the account is %v", provider, a)
		}
	}
}

// account finds an account with its tokens.
func (w *world) account(provider, id string) object {
	for _, a := range w.Accounts() {
		if a["providerId"] == provider && a["accountId"] == id {
			return a
		}
	}
	return nil
}

// TestSecrets: the plugin never sees a client secret, and says who it is as
// the provider wants it.
func TestSecrets(t *testing.T) {
	w := newWorld(t, "")
	w.signIn("acme")
	w.signIn("plain")
	for _, r := range w.HTTPRequests() {
		switch r.URL {
		case "https://id.acme.example/token":
			if r.Form["client_secret"] != "acme-secret" || r.Form["client_id"] != "acme-web" || len(r.Form["code_verifier"]) != verifierLength || r.Auth != nil {
				t.Errorf("acme got %v %v", r.Form, r.Auth)
			}
		case "https://plain.example/token":
			if r.Form["client_secret"] != "" || r.Auth["password"] != "plain-secret" || r.Auth["formEncoded"] != true || r.Form["code_verifier"] != "" || r.Form["resource"] != "x" {
				t.Errorf("plain got %v %v", r.Form, r.Auth)
			}
		}
	}
	if got := w.Read("config.providers.acme.clientSecret"); got != true {
		t.Errorf("the plugin reads %v", got)
	}
}

func TestAuthorizationURL(t *testing.T) {
	w := newWorld(t, "")
	r := w.POST("/sign-in/oauth2", `{"providerId":"plain","callbackURL":"/x","scopes":["extra"]}`)
	u, _, _ := strings.Cut(r.Text("url"), "state=")
	if u != "https://plain.example/auth?tenant=1&foo=bar&response_type=code&client_id=p&" || r.Headers["location"] != "" {
		t.Errorf("got %s", r)
	}
	q := w.start("/sign-in/oauth2", `{"providerId":"plain","scopes":["extra"]}`)
	if q.Get("scope") != "extra profile" || q.Get("prompt") != "consent" || q.Has("code_challenge") || q.Has("nonce") {
		t.Errorf("got %v", q)
	}
	q = w.start("/sign-in/social", `{"provider":"acme","loginHint":"ada"}`)
	if q.Get("login_hint") != "ada" || len(q.Get("nonce")) != stateLength || q.Get("code_challenge_method") != "S256" {
		t.Errorf("got %v", q)
	}
}

// TestCallbackRoutes: providers get the redirect URI that is registered with
// them. In Better Auth 1.6 the one of generic OAuth is another, whichever route
// begins the flow.
func TestCallbackRoutes(t *testing.T) {
	const base = plugintest.BaseURL + plugintest.BasePath
	for _, tt := range []struct{ dialect, path, body, want string }{
		{"1.6", "/sign-in/social", `{"provider":"acme"}`, "/oauth2/callback/acme"},
		{"1.6", "/link-social", `{"provider":"acme"}`, "/oauth2/callback/acme"},
		{"1.6", "/sign-in/social", `{"provider":"keycloak"}`, "/oauth2/callback/keycloak"},
		{"1.6", "/sign-in/social", `{"provider":"github"}`, "/callback/github"},
		{"1.6", "/link-social", `{"provider":"github"}`, "/callback/github"},
		{"1.6", "/sign-in/oauth2", `{"providerId":"acme"}`, "/oauth2/callback/acme"},
		{"1.6", "/sign-in/oauth2", `{"providerId":"github"}`, "/oauth2/callback/github"},
		{"1.6", "/oauth2/link", `{"providerId":"acme","callbackURL":"/x"}`, "/oauth2/callback/acme"},
		{"1.7", "/sign-in/social", `{"provider":"acme"}`, "/callback/acme"},
		{"1.7", "/link-social", `{"provider":"acme"}`, "/callback/acme"},
		{"1.7", "/sign-in/social", `{"provider":"keycloak"}`, "/callback/keycloak"},
		{"1.7", "/sign-in/social", `{"provider":"github"}`, "/callback/github"},
		{"1.7", "/sign-in/oauth2", `{"providerId":"acme"}`, "/oauth2/callback/acme"},
	} {
		t.Run(tt.dialect+tt.path+tt.body, func(t *testing.T) {
			w := newWorldOf(t, "", tt.dialect)
			id := w.AddUser("ada@example.com", "")
			w.SetUser(id, object{"emailVerified": true})
			w.SignIn(id)
			q := w.start(tt.path, tt.body)
			if got := q.Get("redirect_uri"); got != base+tt.want {
				t.Errorf("the redirect URI is %s, want %s", got, base+tt.want)
			}
			path := strings.TrimPrefix(q.Get("redirect_uri"), base)
			if !strings.HasSuffix(path, "/acme") {
				return
			}
			if r := w.back(path, q.Get("state"), ""); r.Status != 302 || strings.Contains(r.Location, "error") {
				t.Errorf("the callback: %s", r)
			}
			for _, r := range w.HTTPRequests() {
				if r.Form["grant_type"] != "" && r.Form["redirect_uri"] != base+tt.want {
					t.Errorf("the token endpoint is told of %s", r.Form["redirect_uri"])
				}
			}
		})
	}
}

// TestRefusedFlows: whatever does not fit ends without a session.
func TestRefusedFlows(t *testing.T) {
	body := `{"provider":"acme","callbackURL":"/done","errorCallbackURL":"/err"}`
	page := plugintest.BaseURL + plugintest.BasePath + "/error"
	for _, tt := range []struct {
		name string
		run  func(w *world, state string) plugintest.Response
		want string
	}{
		{"no state", func(w *world, _ string) plugintest.Response { return w.GET("/callback/acme?code=x") }, page + "?error=state_not_found"},
		{"unknown state", func(w *world, _ string) plugintest.Response { return w.back("/callback/acme", "other", "") }, page + "?error=state_mismatch"},
		{"no cookie", func(w *world, s string) plugintest.Response { return w.GET("/callback/acme?code=x&state=" + s) }, "/err?error=state_mismatch"},
		{"another provider", func(w *world, s string) plugintest.Response { return w.back("/callback/plain", s, "") }, "/err?error=state_mismatch"},
		{"too late", func(w *world, s string) plugintest.Response {
			w.Advance(stateLife*time.Second + time.Second)
			return w.back("/callback/acme", s, "")
		}, page + "?error=state_mismatch"},
		{"a code that is refused", func(w *world, s string) plugintest.Response { w.refuse = true; return w.back("/callback/acme", s, "") }, "/err?error=invalid_code"},
		{"another issuer", func(w *world, s string) plugintest.Response {
			return w.back("/callback/acme", s, "&iss=https%3A%2F%2Fevil.example")
		}, "/err?error=issuer_mismatch"},
		{"another nonce", func(w *world, s string) plugintest.Response {
			w.nonce = "other"
			return w.back("/callback/acme", s, "")
		}, "/err?error=unable_to_get_user_info"},
		{"for another client", func(w *world, s string) plugintest.Response {
			w.person["aud"] = "somebody"
			return w.back("/callback/acme", s, "")
		}, "/err?error=unable_to_get_user_info"},
		{"an old id token", func(w *world, s string) plugintest.Response {
			w.person["exp"] = w.now() - 60
			return w.back("/callback/acme", s, "")
		}, "/err?error=unable_to_get_user_info"},
		{"user info about another", func(w *world, s string) plugintest.Response {
			delete(w.person, "email")
			w.profile = object{"sub": "eve", "email": "eve@example.com", "email_verified": true}
			return w.back("/callback/acme", s, "")
		}, "/err?error=unable_to_get_user_info"},
		{"no address", func(w *world, s string) plugintest.Response {
			delete(w.person, "email")
			w.profile = object{"sub": "ada-1"}
			return w.back("/callback/acme", s, "")
		}, "/err?error=email_not_found"},
		{"an address that is none", func(w *world, s string) plugintest.Response {
			w.person["email"] = "ada"
			return w.back("/callback/acme", s, "")
		}, "/err?error=email_not_found"},
		{"the user says no", func(w *world, s string) plugintest.Response {
			return w.Do(plugintest.Request{Path: "/callback/acme?error=access_denied&error_description=No+way&state=" + s, Cookies: map[string]string{cookieState: w.state.Value}})
		}, "/err?error=access_denied&error_description=No+way"},
		{"the provider is down", func(w *world, s string) plugintest.Response {
			w.On("http.request", func(object) (sdk.Status, any) { return sdk.Unavailable, nil })
			return w.back("/callback/acme", s, "")
		}, "/err?error=invalid_code"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "")
			state := w.start("/sign-in/social", body).Get("state")
			w.want(tt.run(w, state), tt.want)
			if len(w.Users()) != 0 || w.CurrentSession() != nil {
				t.Errorf("there are users %v", w.Users())
			}
		})
	}
}

// TestStateIsUsedUp: by the browser that it is bound to, and by nobody else.
func TestStateIsUsedUp(t *testing.T) {
	w := newWorld(t, "")
	state := w.start("/sign-in/social", `{"provider":"acme","callbackURL":"/done"}`).Get("state")
	w.GET("/callback/acme?code=x&state=" + state) // somebody who has seen the URL
	w.want(w.back("/callback/acme", state, ""), "/done")
	w.want(w.back("/callback/acme", state, ""), plugintest.BaseURL+plugintest.BasePath+"/error?error=state_mismatch")
}

func TestStateInCookie(t *testing.T) {
	w := newWorld(t, `,"account":{"storeStateStrategy":"cookie"}`)
	r := w.POST("/sign-in/social", `{"provider":"acme","callbackURL":"/done"}`)
	u, _ := url.Parse(r.Text("url"))
	state, sealed := u.Query().Get("state"), flowCookie(r, cookieOAuthState).Value
	w.asked = u.Query().Get("nonce")
	if sealed == "" || len(w.Verifications()) != 0 {
		t.Fatalf("got %s, verifications %v", r, w.Verifications())
	}
	come := func(cookie, state string) plugintest.Response {
		return w.Do(plugintest.Request{Path: "/callback/acme?code=x&state=" + state, Cookies: map[string]string{cookieOAuthState: cookie}})
	}
	page := plugintest.BaseURL + plugintest.BasePath + "/error?error="
	w.want(come("", state), page+"state_mismatch")
	w.want(come("garbage", state), page+"state_invalid")
	w.want(come(sealed, "other"), page+"state_mismatch")
	w.want(come(sealed, state), "/done")
	w.want(come(sealed, state), page+"state_mismatch") // a copy of the cookie
}

// TestUnbound: only a tenant that says so lets flows of cross-domain apps end
// in a browser without cookies.
func TestUnbound(t *testing.T) {
	for _, tt := range []struct {
		account string
		headers map[string]string
		want    string
	}{
		{`,"account":{"skipStateCookieCheck":true}`, map[string]string{"Better-Auth-Cookie": ""}, "/done"},
		{`,"account":{"skipStateCookieCheck":true}`, nil, "/err?error=state_mismatch"},
		{``, map[string]string{"Better-Auth-Cookie": ""}, "/err?error=state_mismatch"},
	} {
		w := newWorld(t, tt.account)
		r := w.Do(plugintest.Request{Method: "POST", Path: "/sign-in/social", Headers: tt.headers, Body: `{"provider":"acme","callbackURL":"/done","errorCallbackURL":"/err"}`})
		u, _ := url.Parse(r.Text("url"))
		w.asked = u.Query().Get("nonce")
		w.want(w.GET("/callback/acme?code=x&state="+u.Query().Get("state")), tt.want)
	}
}

func (w *world) now() int64 { return plugintest.Start.Unix() }

// TestImplicitLinking is the table of who may be linked without asking.
func TestImplicitLinking(t *testing.T) {
	const trusted, loose = `,"account":{"accountLinking":{"trustedProviders":["acme"]}}`, `,"account":{"accountLinking":{"requireLocalEmailVerified":false}}`
	for _, tt := range []struct {
		name           string
		account        string
		local, foreign bool // verified addresses
		linked         bool
	}{
		{"both verified", "", true, true, true},
		{"not here", "", false, true, false},
		{"not there", "", true, false, false},
		{"not there, but trusted", trusted, true, false, true},
		{"not here, though trusted", trusted, false, true, false},
		{"not here, which is allowed", loose, false, true, true},
		{"nowhere", loose, false, false, false},
		{"off", `,"account":{"accountLinking":{"enabled":false}}`, true, true, false},
		{"only explicitly", `,"account":{"accountLinking":{"disableImplicitLinking":true}}`, true, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.account)
			id := w.AddUser("ada@example.com", "old password")
			w.SetUser(id, object{"emailVerified": tt.local})
			w.AddSession(id)
			w.AddAccount(id, object{"providerId": "other", "accountId": "from-before"})
			w.person["email_verified"] = tt.foreign
			want := "/err?error=account_not_linked"
			if tt.linked {
				want = "/done"
			}
			w.want(w.signIn("acme"), want)
			if got := len(w.Users()); got != 1 {
				t.Errorf("there are %d users", got)
			}
			// Whoever came before the address was proved is out.
			taken := tt.linked && !tt.local
			if gone := w.Password(id) == ""; gone != taken {
				t.Errorf("the password is gone: %v", gone)
			}
			other := slices.ContainsFunc(w.Accounts(), func(a object) bool { return a["providerId"] == "other" })
			if other == taken {
				t.Errorf("the account that was linked before is there: %v", other)
			}
			if n := len(w.SessionsOf(id)); taken && n != 1 || !taken && tt.linked && n != 2 {
				t.Errorf("there are %d sessions", n)
			}
		})
	}
}

func TestSignUpRules(t *testing.T) {
	for _, tt := range []struct{ settings, body, want string }{
		{`"disableSignUp":true`, `"requestSignUp":true`, "/err?error=signup_disabled"},
		{`"disableImplicitSignUp":true`, `"callbackURL":"/done"`, "/err?error=signup_disabled"},
		{`"disableImplicitSignUp":true`, `"requestSignUp":true,"callbackURL":"/done"`, "/done"},
	} {
		w := newWorld(t, "")
		config := strings.Replace(with(""), `"scope":["openid","email"]`, `"scope":["openid"],`+tt.settings, 1)
		w.Host = plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
		w.OnHTTP(w.serve)
		q := w.start("/sign-in/social", `{"provider":"acme","errorCallbackURL":"/err",`+tt.body+`}`)
		w.want(w.back("/callback/acme", q.Get("state"), ""), tt.want)
	}
}

// TestVerificationMail: whom the provider has not verified is asked to do so
// here, if the tenant wants that.
func TestVerificationMail(t *testing.T) {
	for _, tt := range []struct {
		settings string
		verified bool
		mails    int
	}{{`,"emailVerification":{"sendOnSignUp":true}`, false, 1}, {`,"emailVerification":{"sendOnSignUp":true}`, true, 0}, {"", false, 0}} {
		w := newWorld(t, tt.settings)
		w.person["email_verified"] = tt.verified
		w.want(w.signIn("acme"), "/new")
		w.want(w.signIn("acme"), "/done")
		mails := w.Mails()
		if len(mails) != tt.mails {
			t.Fatalf("%+v: %d mails", tt, len(mails))
		}
		for _, m := range mails {
			if m.To != "ada@example.com" || m.Template != "verify-email" || w.Claims(m.Token)["email"] != "ada@example.com" || !strings.HasSuffix(m.URL, "&callbackURL=%2Fdone") {
				t.Errorf("got %+v", m)
			}
		}
	}
}

func TestExplicitLinking(t *testing.T) {
	w := newWorld(t, "")
	if r := w.POST("/link-social", `{"provider":"acme"}`); r.Status != 401 {
		t.Errorf("without a session: %s", r)
	}
	id := w.AddUser("ada@example.com", "x")
	w.SignIn(id)
	link := func() plugintest.Response {
		q := w.start("/link-social", `{"provider":"acme","callbackURL":"/linked","errorCallbackURL":"/err"}`)
		return w.back("/callback/acme", q.Get("state"), "")
	}
	w.person["email_verified"] = false
	w.want(link(), "/err?error=unable_to_link_account")
	w.person["email_verified"], w.person["email"] = true, "other@example.com"
	w.want(link(), "/err?error=email_doesn%27t_match")
	w.person["email"] = "ada@example.com"
	w.want(link(), "/linked")
	w.want(link(), "/linked") // again: its tokens are new
	w.SetUser(id, object{"email": "old@example.com"})
	w.SignIn(w.AddUser("ada@example.com", "x"))
	w.want(link(), "/err?error=account_already_linked_to_different_user")
	w.On("identity.linkAccount", func(object) (sdk.Status, any) {
		return sdk.Denied, object{"code": "NOT_THIS_ONE", "message": "No"}
	})
	w.person["sub"] = "ada-2"
	w.want(link(), "/err?error=NOT_THIS_ONE")
}

func TestIDTokenSignIn(t *testing.T) {
	w := newWorld(t, "")
	sign := func(provider string, idToken string) plugintest.Response {
		return w.POST("/sign-in/social", `{"provider":"`+provider+`","idToken":{"token":"`+idToken+`","accessToken":"at","nonce":"n"}}`)
	}
	w.nonce = "n"
	if r := sign("acme", w.idToken()); r.Status != 200 || r.Get("redirect") != false || r.Text("user.email") != "ada@example.com" || r.Text("token") == "" {
		t.Errorf("got %s", r)
	}
	w.person["aud"] = "acme-app"
	if r := sign("acme", w.idToken()); r.Status != 200 {
		t.Errorf("the second client id: %s", r)
	}
	w.nonce = "other"
	for token, want := range map[string]string{w.idToken(): "INVALID_TOKEN", "x.y.z": "INVALID_TOKEN", "": "INVALID_TOKEN"} {
		if r := sign("acme", token); r.Status != 401 || r.Text("code") != want {
			t.Errorf("%q: %s", token, r)
		}
	}
	for _, provider := range []string{"github", "plain"} {
		if r := sign(provider, "x.y.z"); r.Status != 404 || r.Text("code") != "ID_TOKEN_NOT_SUPPORTED" {
			t.Errorf("%s: %s", provider, r)
		}
	}
	w.SignIn(w.AddUser("eve@example.com", ""))
	w.nonce = "n"
	w.person["sub"] = "ada-9"
	if r := w.POST("/link-social", `{"provider":"acme","idToken":{"token":"`+w.idToken()+`"}}`); r.Text("code") != "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED" {
		t.Errorf("got %s", r)
	}
}

func TestTokens(t *testing.T) {
	w := newWorld(t, "")
	w.signIn("acme")
	w.SignIn(text(w.Users()[0]["id"]))
	r := w.POST("/get-access-token", `{"providerId":"acme"}`)
	if r.Text("accessToken") != "at" || r.Text("accessTokenExpiresAt") != "2026-01-02T04:04:05.000Z" || r.Text("scopes.1") != "email" || r.Text("idToken") == "" {
		t.Errorf("got %s", r)
	}
	before := len(w.HTTPRequests())
	w.Advance(time.Hour - refreshEarly*time.Millisecond + time.Second)
	w.SignIn(text(w.Users()[0]["id"]))
	if r := w.POST("/get-access-token", `{"providerId":"acme","accountId":"ada-1"}`); r.Text("accessTokenExpiresAt") != "2026-01-02T05:04:01.000Z" {
		t.Errorf("renewed: %s", r)
	}
	if got := w.HTTPRequests()[before:]; got[len(got)-1].Form["refresh_token"] != "rt-authorization_code" || got[len(got)-1].Form["client_secret"] != "acme-secret" {
		t.Errorf("the provider got %+v", got)
	}
	if r := w.POST("/refresh-token", `{"providerId":"acme"}`); r.Text("refreshToken") != "rt-refresh_token" || r.Text("scope") != "openid,email" || r.Text("accountId") != "ada-1" {
		t.Errorf("refresh: %s", r)
	}
	w.refuse = true
	for path, want := range map[string]string{"/refresh-token": "FAILED_TO_REFRESH_ACCESS_TOKEN"} {
		if r := w.POST(path, `{"providerId":"acme"}`); r.Status != 400 || r.Text("code") != want {
			t.Errorf("%s: %s", path, r)
		}
	}
	if r := w.GET("/account-info?accountId=ada-1"); r.Text("user.email") != "Ada@Example.com" || r.Text("data.sub") != "ada-1" {
		t.Errorf("info: %s", r)
	}
	for path, want := range map[string]string{"/account-info": "ACCOUNT_NOT_FOUND", "/account-info?accountId=x": "ACCOUNT_NOT_FOUND"} {
		if r := w.GET(path); r.Text("code") != want {
			t.Errorf("%s: %s", path, r)
		}
	}
	local := w.AddUser("grace@example.com", "correct-horse-1")
	w.SignIn(local)
	if r := w.GET("/account-info?accountId=" + local); r.Text("code") != "PROVIDER_NOT_CONFIGURED" {
		t.Errorf("of the account with the password: %s", r)
	}
	w.SignIn(text(w.Users()[0]["id"]))
	for body, want := range map[string]string{`{"providerId":"nope"}`: "PROVIDER_NOT_SUPPORTED", `{"providerId":"github"}`: "ACCOUNT_NOT_FOUND"} {
		if r := w.POST("/get-access-token", body); r.Text("code") != want {
			t.Errorf("%s: %s", body, r)
		}
	}
	w.SignOut()
	if r := w.POST("/get-access-token", `{"providerId":"acme"}`); r.Status != 401 || r.Text("code") != "" {
		t.Errorf("without a session: %s", r)
	}
}

// TestDiscoveryOfAnother: a document that speaks for another issuer is refused.
func TestDiscoveryOfAnother(t *testing.T) {
	for _, issuer := range []string{"https://evil.example", ""} {
		w := newWorld(t, "")
		w.OnHTTP(func(plugintest.HTTPRequest) plugintest.HTTPResponse {
			return plugintest.HTTPResponse{Body: object{"issuer": issuer, "authorization_endpoint": "https://evil.example/auth", "token_endpoint": "https://evil.example/token"}}
		})
		if r := w.POST("/sign-in/social", `{"provider":"acme"}`); r.Text("code") != "INVALID_OAUTH_CONFIGURATION" {
			t.Errorf("%q: %s", issuer, r)
		}
	}
}

func TestFormPost(t *testing.T) {
	w := newWorld(t, "")
	r := w.POST("/callback/acme", `{"code":"c d","state":"s","user":"{\"name\":{}}","other":"x"}`)
	w.want(r, plugintest.BaseURL+plugintest.BasePath+"/callback/acme?code=c+d&state=s&user=%7B%22name%22%3A%7B%7D%7D")
	r = w.POST("/oauth2/callback/acme", `{"code":"c","state":"s"}`)
	w.want(r, plugintest.BaseURL+plugintest.BasePath+"/oauth2/callback/acme?code=c&state=s")
}

// TestPresets: every preset leads to https endpoints of its own, and the
// manifest knows them all.
func TestPresets(t *testing.T) {
	settings := `"clientId":"c","clientSecret":"s","issuer":"https://self.example","domain":"d.example","region":"eu-1","userPoolId":"p"`
	for id, p := range presets {
		if p.id != id {
			t.Errorf("%s: its id is %q", id, p.id)
		}
		own := settings
		if !strings.Contains(p.authorize+p.discovery, "{issuer") {
			own = strings.Replace(own, `"issuer":"https://self.example",`, "", 1)
		}
		h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"providers":{"` + id + `":{` + own + `}}}`})
		h.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
			issuer := strings.TrimSuffix(r.URL, "/.well-known/openid-configuration")
			return plugintest.HTTPResponse{Body: object{"issuer": issuer, "authorization_endpoint": issuer + "/a", "token_endpoint": issuer + "/t", "jwks_uri": issuer + "/k"}}
		})
		r := h.POST("/sign-in/social", `{"provider":"`+id+`","callbackURL":"/x","scopes":["more"]}`)
		u, err := url.Parse(r.Text("url"))
		if r.Status != 200 || err != nil || u.Scheme != "https" || strings.ContainsAny(u.Host+u.Path, "{}|") {
			t.Errorf("%s: %s", id, r)
			continue
		}
		q := u.Query()
		if q.Get("state") == "" || q.Get("redirect_uri") == "" || q.Get("client_id")+q.Get("client_key")+q.Get("appid") != "c" || !strings.Contains(q.Get("scope"), "more") {
			t.Errorf("%s: %s", id, u)
		}
		if p.fromIDToken && !p.noPKCE && q.Get("nonce") == "" && slices.Contains(strings.Fields(p.scope), "openid") {
			t.Errorf("%s: no nonce in %s", id, u)
		}
		for _, endpoint := range []string{p.token, p.userInfo, p.jwks} {
			if endpoint != "" && !strings.HasPrefix(endpoint, "https://") {
				t.Errorf("%s: %s", id, endpoint)
			}
		}
		if p.discovery == "" && (p.sub == "" || p.userInfo == "" && !p.fromIDToken) {
			t.Errorf("%s says not who somebody is", id)
		}
	}
	// As many as Better Auth 1.7 ships, and the helpers of generic OAuth.
	if len(presets) != 43 {
		t.Errorf("there are %d presets", len(presets))
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
