package hosttest

import (
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

// cryptoCases are those of the capability crypto.
var cryptoCases = table{
	"crypto.signToken": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			token := g.do("crypto.signToken", object{"purpose": "test", "expiresIn": 60}).text("token")
			if strings.Count(token, ".") != 2 {
				t.Errorf("%q is no JWT", token)
			}
			g.refused("crypto.signToken", object{"purpose": "unasked", "expiresIn": 60}, pluginapi.StatusDenied, "")
			g.refused("crypto.signToken", object{"purpose": "test", "expiresIn": 60, "userId": 1}, pluginapi.StatusInvalid, "")
		})
	},
	"crypto.verifyToken": func(t *tester) {
		var token string
		t.serve(Request{}, func(g *guest) {
			token = g.do("crypto.signToken", object{"purpose": "test", "expiresIn": 60, "claims": object{"email": "ada@example.com", "exp": 1}}).text("token")
			out := g.do("crypto.verifyToken", object{"purpose": "test", "token": token})
			exp, iat := out.number("claims.exp"), out.number("claims.iat")
			if out.text("claims.email") != "ada@example.com" || iat == 0 || exp != iat+60 {
				t.Errorf("got %s", text(out))
			}
			for _, bad := range []object{
				{"purpose": "other", "token": token}, {"purpose": "test", "token": token + "x"}, {"purpose": "test", "token": ""}, {"purpose": "test", "token": "a.b.c"},
			} {
				g.refused("crypto.verifyToken", bad, pluginapi.StatusInvalid, "invalid")
			}
			g.refused("crypto.verifyToken", object{"purpose": "unasked", "token": token}, pluginapi.StatusDenied, "")
		})
		t.Advance(time.Minute)
		t.serve(Request{}, func(g *guest) {
			g.refused("crypto.verifyToken", object{"purpose": "test", "token": token}, pluginapi.StatusInvalid, "expired")
			id := g.addUser()
			g.refused("crypto.signToken", object{"purpose": "test", "userId": id, "expiresIn": pluginapi.MaxProofSeconds + 1}, pluginapi.StatusInvalid, "")
			nobody := g.do("crypto.signToken", object{"purpose": "test", "userId": "nobody", "expiresIn": 60}).text("token")
			g.refused("crypto.verifyToken", object{"purpose": "test", "token": nobody}, pluginapi.StatusInvalid, pluginapi.ProofVoid)
			g.do("identity.deleteUser", object{"id": id})
		})
		t.proofs(signedProof)
	},
	"crypto.seal": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			sealed := g.do("crypto.seal", object{"purpose": "test", "value": "a secret"}).text("sealed")
			if sealed == "" || strings.Contains(sealed, "secret") {
				t.Errorf("got %q", sealed)
			}
			g.refused("crypto.seal", object{"purpose": "unasked", "value": "x"}, pluginapi.StatusDenied, "")
		})
	},
	"crypto.open": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			for _, value := range []string{"a secret", "", "é🔑"} {
				sealed := g.do("crypto.seal", object{"purpose": "test", "value": value}).text("sealed")
				if out := g.do("crypto.open", object{"purpose": "test", "sealed": sealed}); out.text("value") != value {
					t.Errorf("%q: got %s", value, text(out))
				}
				g.refused("crypto.open", object{"purpose": "other", "sealed": sealed}, pluginapi.StatusInvalid, "invalid")
				g.refused("crypto.open", object{"purpose": "test", "sealed": sealed[1:]}, pluginapi.StatusInvalid, "invalid")
			}
			g.refused("crypto.open", object{"purpose": "test", "sealed": ""}, pluginapi.StatusInvalid, "invalid")
		})
	},
}

// keysCases are those of the capability keys.
var keysCases = table{
	"keys.sign": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			sign := func(args object) result {
				t.Helper()
				out := g.do("keys.sign", with(with(args, "use", "test"), "expiresIn", 60))
				if out.text("kid") == "" {
					t.Errorf("got %s", text(out))
				}
				args = object{"use": "test", "token": out.text("token"), "alg": args["alg"]}
				return g.do("keys.verify", args)
			}
			out := sign(object{"alg": "ES256", "base": object{"a": 1, "b": 2, "c": 3}, "omit": []any{"b"}, "claims": object{"c": "own", "exp": 1, "iat": 1}, "id": true})
			exp, iat := out.number("claims.exp"), out.number("claims.iat")
			if out.number("claims.a") != 1 || out.at("claims.b") != nil || out.text("claims.c") != "own" || exp != iat+60 || out.text("claims.jti") == "" {
				t.Errorf("got %s", text(out))
			}
			if out := sign(object{"alg": "EdDSA"}); out.at("claims.jti") != nil {
				t.Errorf("got %s", text(out))
			}
			g.refused("keys.sign", object{"use": "unasked", "expiresIn": 60}, pluginapi.StatusDenied, "")
			g.refused("keys.sign", object{"use": "test", "expiresIn": 60, "alg": "none"}, pluginapi.StatusInvalid, "")
		})
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			pluginapi.EventTokenClaims: continues(func(g *guest) {
				t.want("event.phase", g.field("event.phase"), "test")
				g.set("claims.role", pluginapi.KindString, "admin", pluginapi.StatusOK)
			}),
			"": continues(func(g *guest) {
				args := object{"use": "test", "alg": "ES256", "expiresIn": 60}
				out := g.do("keys.verify", object{"use": "test", "alg": "ES256", "token": g.do("keys.sign", args).at("token")})
				t.want("the claim of a hook", out.at("claims.role"), "admin")
				if status, _ := g.call("keys.sign", with(args, "reserved", []any{"role"})); status == pluginapi.StatusOK {
					t.Error("a hook changes a reserved claim")
				}
			}),
		})
	},
	"keys.verify": func(t *tester) {
		var token string
		t.serve(Request{}, func(g *guest) {
			token = g.do("keys.sign", object{"use": "test", "alg": "ES256", "expiresIn": 60, "claims": object{"sub": "a"}}).text("token")
			if out := g.do("keys.verify", object{"use": "test", "alg": "ES256", "token": token}); out.text("claims.sub") != "a" {
				t.Errorf("got %s", text(out))
			}
			for _, bad := range []object{{"token": token, "alg": "EdDSA"}, {"token": token[:len(token)-4], "alg": "ES256"}, {"token": "", "alg": "ES256"}} {
				g.refused("keys.verify", with(bad, "use", "test"), pluginapi.StatusInvalid, "invalid")
			}
			g.refused("keys.verify", object{"use": "unasked", "token": token}, pluginapi.StatusDenied, "")
		})
		t.Advance(time.Minute)
		t.serve(Request{}, func(g *guest) {
			g.refused("keys.verify", object{"use": "test", "alg": "ES256", "token": token}, pluginapi.StatusInvalid, "expired")
		})
	},
	"keys.jwks": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			kid := g.do("keys.sign", object{"use": "test", "alg": "ES256", "expiresIn": 60}).text("kid")
			out := g.do("keys.jwks", object{"use": "test", "alg": "ES256"})
			keys, _ := out.at("keys").([]any)
			found := false
			for _, key := range keys {
				found = found || result(key.(object)).text("kid") == kid && result(key.(object)).text("alg") == "ES256"
			}
			if !found || out.number("maxAge") < 1 {
				t.Errorf("got %s, want a key %s", text(out), kid)
			}
			g.refused("keys.jwks", object{"use": "unasked"}, pluginapi.StatusDenied, "")
			g.refused("keys.jwks", object{"use": "test", "alg": "none"}, pluginapi.StatusInvalid, "")
		})
	},
}
