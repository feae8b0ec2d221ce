package hosttest

import (
	"encoding/json"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

// httpCases are those of the capability http.
var httpCases = table{
	"http.request": func(t *tester) {
		trySealedSecrets(t)
		tryAnswers(t)
		t.serve(Request{}, func(g *guest) {
			url := g.field("config.other")
			request := func(path string, more object) result {
				t.Helper()
				args := with(more, "url", url+path)
				return g.do("http.request", args)
			}
			out := request("/a?b=c", object{})
			t.want("the answer", []any{out.at("status"), out.at("headers.x-answer")}, []any{200, "yes"})
			t.want("the request", []any{out.at("body.method"), out.at("body.url"), out.at("body.accept")}, []any{"GET", "/a?b=c", "application/json"})
			t.want("a text", request("/text", object{}).at("body"), "a text")
			t.want("another status", request("/missing", object{}).at("status"), 404)
			for _, tt := range []struct {
				what string
				args object
				want object
			}{
				{"a text", object{"method": "PUT", "body": "a text", "headers": object{"content-type": "text/plain", "x-key": "k"}}, object{"method": "PUT", "body": "a text", "type": "text/plain", "key": "k"}},
				{"JSON", object{"method": "POST", "json": []any{1, nil}}, object{"body": "[1,null]", "type": "application/json"}},
				{"a form", object{"method": "POST", "form": object{"a": "1 &"}}, object{"body": "a=1+%26", "type": "application/x-www-form-urlencoded"}},
				{"a bearer", object{"auth": object{"bearer": "token"}}, object{"authorization": "Bearer token"}},
				{"a name and password", object{"auth": object{"username": "ada", "password": "x:y"}}, object{"authorization": "Basic YWRhOng6eQ=="}},
				{"a name and password, encoded", object{"auth": object{"username": "a d:a", "password": "x:%é", "formEncoded": true}}, object{"authorization": "Basic YStkJTNBYTp4JTNBJTI1JUMzJUE5"}},
				{"a secret in a header", object{"secrets": object{"headers.x-key": "jefe"}}, object{"key": "Jefe"}},
				{"a secret in a form", object{"method": "POST", "form": object{}, "secrets": object{"form.key": "jefe"}}, object{"body": "key=Jefe"}},
				{"a secret in JSON", object{"method": "POST", "json": object{"a": 1}, "secrets": object{"json.b.c": "jefe"}}, object{"body": `{"a":1,"b":{"c":"Jefe"}}`}},
				{"a secret bearer", object{"secrets": object{"auth.bearer": "jefe"}}, object{"authorization": "Bearer Jefe"}},
				{"an answer that is kept", object{"cacheSeconds": 60}, object{"method": "GET"}},
			} {
				out := request("/", tt.args)
				for name, want := range tt.want {
					t.want(tt.what+": "+name, out.at("body."+name), want)
				}
			}
			for _, bad := range []object{
				{"url": url, "body": "a", "json": 1}, {"url": url, "form": object{"a": []any{}}}, {"url": "file:///etc/passwd"}, {"url": url, "headers": object{"a b": "c"}},
				{"url": url, "secrets": object{"url": "jefe"}}, {"url": url, "secrets": object{"headers.x": "unheardOf"}}, {"url": url, "cacheSeconds": 60, "auth": object{"bearer": "x"}},
			} {
				g.refused("http.request", bad, pluginapi.StatusInvalid, "")
			}
			g.refused("http.request", object{"url": "https://elsewhere.example/"}, pluginapi.StatusDenied, "")
		})
	},
	"http.lookupTXT": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			for name, want := range map[string][]string{"txt.example": TXT("txt.example"), "_proof.txt.example": TXT("_proof.txt.example"), "_Proof.TXT.example.": TXT("_proof.txt.example")} {
				t.want(name, g.do("http.lookupTXT", object{"name": name}).at("records"), want)
			}
			g.refused("http.lookupTXT", object{"name": "none.txt.example"}, pluginapi.StatusNotFound, "")
			for _, name := range []string{"elsewhere.example", "example", "xtxt.example", "txt.example.elsewhere.example"} {
				g.refused("http.lookupTXT", object{"name": name}, pluginapi.StatusDenied, "")
			}
			for _, name := range []string{"a b.txt.example", "..txt.example", "a/b.txt.example"} {
				g.refused("http.lookupTXT", object{"name": name}, pluginapi.StatusInvalid, "")
			}
		})
	},
	"http.verifyToken": func(t *tester) {
		var now int64
		t.serve(Request{}, func(g *guest) {
			at, err := time.Parse(time.RFC3339Nano, g.field("now.iso"))
			if err != nil {
				t.Fatal(err)
			}
			now = at.Unix()
		})
		claims := object{"iss": "https://id.example", "aud": "client", "sub": "ada", "nonce": "n", "iat": now, "exp": now + 60}
		t.serve(Request{}, func(g *guest) {
			args := object{"jwksUrl": g.field("config.other") + JWKSPath, "issuer": "https://id.example", "audience": "client", "nonce": "n", "maxAge": 600}
			verify := func(change object, args object) object {
				all := with(claims, "iss", claims["iss"])
				for name, v := range change {
					all[name] = v
				}
				return with(args, "token", t.OtherToken(t, all))
			}
			t.want("the claim", g.do("http.verifyToken", verify(nil, args)).at("claims.sub"), "ada")
			g.do("http.verifyToken", verify(nil, with(with(args, "issuer", []any{"https://x.example", "https://id.example"}), "audience", []any{"client"})))
			t.want("the subject", g.do("http.verifyToken", verify(object{"sub": 7}, args)).at("claims.sub"), 7)
			for _, tt := range []struct {
				change object
				code   string
			}{
				{object{"exp": now - 3600}, "expired"}, {object{"iat": now - 3600}, "expired"}, {object{"iss": "https://x.example"}, "issuer"},
				{object{"aud": "x"}, "audience"}, {object{"nonce": "x"}, "nonce"}, {object{"nbf": now + 3600}, "invalid"}, {object{"sub": ""}, "invalid"},
			} {
				g.refused("http.verifyToken", verify(tt.change, args), pluginapi.StatusInvalid, tt.code)
			}
			g.refused("http.verifyToken", with(args, "token", "a.b.c"), pluginapi.StatusInvalid, "invalid")
			g.refused("http.verifyToken", verify(nil, with(args, "jwksUrl", "https://elsewhere.example/jwks")), pluginapi.StatusDenied, "")
		})
	},
}

// trySealedSecrets makes requests with secrets that were sealed.
func trySealedSecrets(t *tester) {
	t.serve(Request{}, func(g *guest) {
		url := g.field("config.other")
		sealed := func(place, purpose string) []any {
			value := g.do("crypto.seal", object{"purpose": "test", "value": "Jefe"}).text("sealed")
			return []any{object{"place": place, "purpose": purpose, "sealed": value}}
		}
		for _, tt := range []struct {
			what string
			args object
			want object
		}{
			{"a sealed secret in a header", object{"sealedSecrets": sealed("headers.x-key", "test")}, object{"key": "Jefe"}},
			{"a sealed secret in a form", object{"method": "POST", "sealedSecrets": sealed("form.key", "test")}, object{"body": "key=Jefe"}},
			{"a sealed secret in JSON", object{"method": "POST", "json": object{"a": 1}, "sealedSecrets": sealed("json.b.c", "test")}, object{"body": `{"a":1,"b":{"c":"Jefe"}}`}},
			{"a sealed bearer", object{"sealedSecrets": sealed("auth.bearer", "test")}, object{"authorization": "Bearer Jefe"}},
			{
				"a sealed password beside a secret name", object{"sealedSecrets": sealed("auth.password", "test"), "secrets": object{"auth.username": "jefe"}},
				object{"authorization": "Basic SmVmZTpKZWZl"},
			},
		} {
			out := g.do("http.request", with(tt.args, "url", url))
			for name, want := range tt.want {
				t.want(tt.what+": "+name, out.at("body."+name), want)
			}
		}
		for _, bad := range []object{
			{"url": url, "sealedSecrets": sealed("url", "test")}, {"url": url, "sealedSecrets": sealed("headers", "test")},
			{"url": url, "cacheSeconds": 60, "sealedSecrets": sealed("headers.x-key", "test")},
		} {
			g.refused("http.request", bad, pluginapi.StatusInvalid, "")
		}
		g.refused("http.request", object{"url": url, "sealedSecrets": sealed("headers.x-key", "other")}, pluginapi.StatusInvalid, "invalid")
		g.refused("http.request", object{"url": url, "sealedSecrets": sealed("headers.x-key", "unasked")}, pluginapi.StatusDenied, "")
	})
}

// tryAnswers asks for answers in each form.
func tryAnswers(t *tester) {
	t.serve(Request{}, func(g *guest) {
		url := g.field("config.other")
		for _, tt := range []struct{ path, answer, want string }{
			{"/text", "json", `"a text"`}, {"/text", "bytes", `"YSB0ZXh0"`}, {"/plain-json", "", `"{\"a\":1}"`}, {"/plain-json", "json", `{"a":1}`},
			{"/json", "", `{"a":1}`}, {"/json", "text", `"{\"a\":1}"`}, {"/json", "bytes", `"eyJhIjoxfQ"`},
			{"/marked", "json", `{"a":1}`}, {"/marked-text", "json", `"a text"`}, {"/marked-text", "text", "\"\ufeffa text\""},
		} {
			args := object{}
			if tt.answer != "" {
				args["answer"] = tt.answer
			}
			t.want(tt.path+" as "+tt.answer, g.do("http.request", with(args, "url", url+tt.path)).at("body"), json.RawMessage(tt.want))
		}
	})
}
