//go:build !wasip1

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

const byteOrderMark = "\ufeff"

// answering has the token endpoint of plain, or its user info endpoint, answer
// with a text.
func (w *world) answering(endpoint, body string) {
	w.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
		if strings.HasSuffix(r.URL, endpoint) {
			return plugintest.HTTPResponse{Headers: map[string]string{"content-type": "text/plain"}, Body: body}
		}
		return w.serve(r)
	})
}

// TestTokenAnswers: whatever form a token endpoint gives its answer, the account
// gets what it says.
func TestTokenAnswers(t *testing.T) {
	const hour = "2026-01-02T04:04:04.000Z"
	good := object{"accessToken": "new", "refreshToken": "rt-authorization_code", "scope": "a,b", "accessTokenExpiresAt": hour}
	changed := func(change object) object {
		all := maps.Clone(good)
		maps.Copy(all, change)
		return all
	}
	for _, tt := range []struct {
		name, answer string
		want         object
	}{
		{"JSON", `{"access_token":"new","expires_in":3599,"scope":"a b"}`, good},
		{"a form", "access_token=new&expires_in=3599&scope=a+b", good},
		{"a form with escapes", "access_token=n%65w&expires_in=3599&scope=a%20b&", good},
		{"a form with a byte order mark", byteOrderMark + "access_token=new&expires_in=3599&scope=a+b", good},
		{"a byte order mark", byteOrderMark + `{"access_token":"new","expires_in":3599,"scope":"a b"}`, good},
		{"a life as a text", `{"access_token":"new","expires_in":"3599","scope":"a b"}`, good},
		{"a life with a fraction", `{"access_token":"new","expires_in":3599.9,"scope":"a b"}`, good},
		{"a life with a fraction as a text", `{"access_token":"new","expires_in":"3599.9","scope":"a b"}`, good},
		{"a life with an exponent", `{"access_token":"new","expires_in":3.599e3,"scope":"a b"}`, good},
		{"a life that is none", `{"access_token":"new","expires_in":"soon","scope":"a b"}`, changed(object{"accessTokenExpiresAt": "2026-01-02T03:05:05.000Z"})},
		{"a life without end", `{"access_token":"new","expires_in":1e400,"scope":"a b"}`, changed(object{"accessTokenExpiresAt": "2026-01-02T03:05:05.000Z"})},
		{"scopes in a list", `{"access_token":"new","expires_in":3599,"scope":["a"," b ","",7]}`, good},
		{"scopes with more spaces", `{"access_token":"new","expires_in":3599,"scope":" a \t b\n"}`, good},
		{"an empty refresh token", `{"access_token":"new","expires_in":3599,"scope":"a b","refresh_token":""}`, good},
		{"an empty refresh token in a form", "access_token=new&expires_in=3599&scope=a+b&refresh_token=", good},
		{"a refresh token of null", `{"access_token":"new","expires_in":3599,"scope":"a b","refresh_token":null}`, good},
		{"empty tokens", `{"access_token":"new","expires_in":3599,"scope":"a b","id_token":"","refresh_token":{}}`, good},
		{"another refresh token", `{"access_token":"new","expires_in":3599,"scope":"a b","refresh_token":"other"}`, changed(object{"refreshToken": "other"})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "")
			w.want(w.signIn("plain"), "/new")
			w.answering("/token", tt.answer)
			w.want(w.signIn("plain"), "/done")
			account := w.account("plain", "7")
			for name, want := range tt.want {
				if account[name] != want {
					t.Errorf("%s is %v, want %v", name, account[name], want)
				}
			}
		})
	}
	for _, answer := range []string{"", "<html>", "error=invalid_grant", "access_token=", "access_token=%zz", `{"access_token":""}`, `["access_token"]`, "access_token=a;b=%ff"} {
		w := newWorld(t, "")
		w.answering("/token", answer)
		if r := w.signIn("plain"); r.Location != "/err?error=invalid_code" {
			t.Errorf("%q: %s", answer, r)
		}
	}
}

// TestSubjects: a provider's numbers name users as well as texts do.
func TestSubjects(t *testing.T) {
	w := newWorld(t, "")
	delete(w.person, "email") // so that the user info is asked
	for _, tt := range []struct{ token, info string }{
		{`7`, `7`}, {`"7"`, `7`}, {`7`, `"7"`}, {`12345678901234567890`, `"12345678901234567890"`},
	} {
		w.person["sub"] = sdk.JSON(tt.token).Text()
		if n, err := strconv.ParseUint(tt.token, 10, 64); err == nil {
			w.person["sub"] = n
		}
		w.answering("/me", byteOrderMark+fmt.Sprintf(`{"sub":%s,"email":"ada@example.com","email_verified":true}`, tt.info))
		if r := w.signIn("acme"); r.Status != 302 || strings.Contains(r.Location, "error") {
			t.Errorf("%+v: %s", tt, r)
		}
	}
	if a := w.Accounts(); len(a) != 2 || a[0]["accountId"] != "7" || a[1]["accountId"] != "12345678901234567890" {
		t.Errorf("the accounts are %v", a)
	}
}

// TestDocumentsAsText: discovery documents and lists of addresses are read
// whatever the server calls them.
func TestDocumentsAsText(t *testing.T) {
	w := newWorld(t, "")
	w.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
		answer := w.serve(r)
		if o, is := answer.Body.(object); is {
			answer.Body = byteOrderMark + asText(o)
		}
		return answer
	})
	w.want(w.signIn("acme"), "/new")
}

// FuzzTokenAnswer: no answer of a token endpoint breaks the parser, a form and
// the same values as JSON say the same, and what is kept is as records have it.
func FuzzTokenAnswer(f *testing.F) {
	for _, s := range []string{
		`{"access_token":"a","expires_in":"3599","scope":["a","b"]}`, "access_token=a&expires_in=3599.9&scope=a+b", byteOrderMark + `{"refresh_token":""}`, "%zz=&&=;", "[]", `"access_token=a"`, "{", "a=%ff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body := sdk.String(text)
		if json.Valid([]byte(text)) {
			body = sdk.JSON(text)
		}
		answer := readAnswer(body)
		got := readTokens(answer, ",")
		for name, v := range map[string]sdk.Value{"access": got.access, "refresh": got.refresh, "id": got.id, "scopes": got.scopes} {
			if !v.IsAbsent() && v.String() == "" {
				t.Errorf("%s is %v of %q", name, v, text)
			}
		}
		if life := lifeOf(answer.Get("expires_in")); life < 0 || life > maxLife {
			t.Errorf("the life of %q is %d", text, life)
		}
		if strings.ContainsAny(got.scopes.String(), " \t\r\n") && body.Kind() == sdk.KindString {
			t.Errorf("the scopes of %q are %q", text, got.scopes.String())
		}
		fields, err := url.ParseQuery(body.String())
		if err != nil || body.Kind() != sdk.KindString || !utf8.ValidString(fields.Get("access_token")) || answer.IsAbsent() {
			return
		}
		if want := fields.Get("access_token"); got.access.String() != want {
			t.Errorf("the access token of %q is %q, want %q", text, got.access.String(), want)
		}
	})
}
