//go:build !wasip1

package main

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk/plugintest"
)

// signOut plays what the host does when a user signs out.
func (w *world) signOut(userID, body string) plugintest.Response {
	return w.Fire(plugintest.Event{
		Name: "response.session", Handler: "leaveProvider", Phase: "ended", Reason: "sign-out", UserID: userID,
		Request: plugintest.Request{Method: "POST", Path: "/sign-out", Body: body},
	})
}

// discovered makes acme's discovery document name an endpoint.
func (w *world) discovered(endpoint string) {
	w.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
		answer := w.serve(r)
		if body, is := answer.Body.(object); is && strings.HasSuffix(r.URL, "/openid-configuration") {
			body["end_session_endpoint"] = endpoint
		}
		return answer
	})
}

// TestProviderLogout: the answer of a sign-out names where the session at the
// provider ends, for the user who signed out, with what OpenID Connect
// RP-Initiated Logout asks for.
func TestProviderLogout(t *testing.T) {
	const endpoint = "https://id.acme.example/end?x=1"
	for name, tt := range map[string]struct {
		dialect, settings, body string
		want                    map[string]string // nil: none
		stays                   bool              // the client does not go there by itself
	}{
		"set":                        {"1.6", `"endSessionEndpoint":"` + endpoint + `"`, `{}`, map[string]string{}, false},
		"discovered":                 {"1.7", `"disableProviderLogout":false`, `{}`, map[string]string{}, false},
		"discovered, but 1.6":        {"1.6", `"disableProviderLogout":false`, `{}`, nil, false},
		"off":                        {"1.7", `"disableProviderLogout":true,"endSessionEndpoint":"` + endpoint + `"`, `{}`, nil, false},
		"the client's page":          {"1.7", `"postLogoutRedirectURI":"/bye"`, `{"callbackURL":"/seen","state":"s"}`, map[string]string{"post_logout_redirect_uri": plugintest.BaseURL + "/seen", "client_id": "acme-web", "state": "s"}, false},
		"the tenant's page":          {"1.7", `"postLogoutRedirectURI":"https://app.example/bye"`, `{"disableRedirect":true}`, map[string]string{"post_logout_redirect_uri": "https://app.example/bye", "client_id": "acme-web"}, true},
		"a state that leads nowhere": {"1.7", `"disableProviderLogout":false`, `{"state":"s","callbackURL":7}`, map[string]string{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldIn(t, acmeWith(tt.settings), tt.dialect)
			w.discovered(endpoint)
			w.want(w.signIn("acme"), "/new")
			r := w.signOut(text(w.Users()[0]["id"]), tt.body)
			if tt.want == nil {
				if r.Get("url") != nil || r.Get("redirect") != nil || r.Headers["location"] != "" {
					t.Errorf("got %s", r)
				}
				return
			}
			u, err := url.Parse(r.Text("url"))
			if err != nil || u.Scheme+"://"+u.Host+u.Path != "https://id.acme.example/end" || u.Query().Get("x") != "1" {
				t.Fatalf("got %s", r)
			}
			if u.Query().Get("id_token_hint") == "" || len(u.Query()) != len(tt.want)+2 {
				t.Errorf("the parameters are %v, want %v", u.Query(), tt.want)
			}
			for name, want := range tt.want {
				if u.Query().Get(name) != want {
					t.Errorf("%s is %q, want %q", name, u.Query().Get(name), want)
				}
			}
			if goes := r.Headers["location"] == r.Text("url"); goes == tt.stays || r.Get("redirect") != goes {
				t.Errorf("redirect %v, Location %q", r.Get("redirect"), r.Headers["location"])
			}
		})
	}
}

// TestLastProviderLogout: of several providers it is the one that the user came
// from last; without an id token the provider learns who asks. Without a
// session nothing is asked for.
func TestLastProviderLogout(t *testing.T) {
	w := newWorldWith(t, `"endSessionEndpoint":"https://id.acme.example/end"`)
	w.want(w.signIn("acme"), "/new")
	user := text(w.Users()[0]["id"])
	w.Advance(time.Minute)
	w.want(w.signIn("github"), "/done")
	if r := w.signOut(user, ""); !strings.HasPrefix(r.Text("url"), "https://id.acme.example/end?id_token_hint=") {
		t.Errorf("with GitHub, which has no such endpoint: %s", r)
	}
	if r := w.signOut("", ""); r.Get("url") != nil {
		t.Errorf("without a session: %s", r)
	}

	plain := newWorldIn(t, strings.Replace(with(""), `"clientId":"p",`, `"clientId":"p","endSessionEndpoint":"https://plain.example/end",`, 1), "")
	plain.want(plain.signIn("plain"), "/new")
	if r := plain.signOut(text(plain.Users()[0]["id"]), ""); r.Text("url") != "https://plain.example/end?client_id=p" {
		t.Errorf("without an id token: %s", r)
	}
}
