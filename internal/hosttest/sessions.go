package hosttest

import (
	"time"

	"github.com/authhost/authhost/pluginapi"
)

// addSession creates ada with a session, and returns its token.
func (g *guest) addSession() string {
	return g.do("session.create", object{"userId": g.addUser()}).text("session.token")
}

// signIn creates ada with a session, and returns its token.
func (t *tester) signIn() (token string) {
	t.serve(Request{}, func(g *guest) { token = g.addSession() })
	return token
}

// field is the text of a field of the document; "" if it is absent.
func (g *guest) field(path string) string {
	_, value := g.Get(path)
	return string(value)
}

// continues makes the endpoint of what does something and continues.
func continues(f func(*guest)) func(*guest) pluginapi.Result {
	return func(g *guest) pluginapi.Result {
		f(g)
		return pluginapi.Continue
	}
}

// serverCall runs f in a request that acts in a session of bob's by its id.
func (t *tester) serverCall(f func(g *guest)) {
	var id, user string
	t.serve(Request{}, func(g *guest) {
		out := g.do("session.create", object{"userId": g.addOther("bob@example.com")})
		id, user = out.text("session.id"), out.text("session.userId")
	})
	t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
		pluginapi.EventRequestBefore: continues(func(g *guest) { g.do("session.use", object{"id": id, "userId": user}) }),
		"": continues(func(g *guest) {
			t.want("request.serverCall", g.field("request.serverCall"), "true")
			t.want("the user", g.field("session.user.id"), user)
			f(g)
		}),
	})
}

// sessionFields creates sessions with fields: the manifest's own and no other.
func sessionFields(g *guest) {
	id := g.do("identity.findUser", object{"email": "ada@example.com"}).text("id")
	create := object{"userId": id, "fields": object{"theme": "dark"}}
	g.t.want("the session", g.do("session.create", create).at("session.theme"), "dark")
	g.t.want("session.session.theme", g.field("session.session.theme"), "dark")
	for _, name := range []string{"userId", "expiresAt", "unheardOf"} {
		g.refused("session.create", with(create, "fields", object{name: "x"}), pluginapi.StatusDenied, "")
	}
	g.refused("session.create", with(create, "fields", object{"theme": 1}), pluginapi.StatusInvalid, "")
}

// ownLife creates a session with a lifetime of its own. Hooks do not move its
// end past that, and its user was not asked to be forgotten.
func (t *tester) ownLife() {
	const late = "2999-01-01T00:00:00.000Z"
	var token string
	t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
		pluginapi.EventSessionCreating: continues(func(g *guest) { g.set("record.expiresAt", pluginapi.KindString, late, pluginapi.StatusOK) }),
		"": continues(func(g *guest) {
			id := g.do("identity.findUser", object{"email": "ada@example.com"}).text("id")
			out := g.do("session.create", object{"userId": id, "expiresIn": 24 * 60 * 60})
			token = out.text("session.token")
			t.want("the shown fields", []any{out.at("session.notAfter"), out.at("session.forgotten")}, []any{nil, nil})
			t.want("session.rememberMe", g.field("session.rememberMe"), "true")
			g.do("session.create", object{"userId": id, "expiresIn": 60, "rememberMe": false})
			t.want("session.rememberMe", g.field("session.rememberMe"), "false")
		}),
	})
	t.serveHooks(Request{Session: token}, map[string]func(*guest) pluginapi.Result{
		pluginapi.EventSessionUpdating: continues(func(g *guest) { g.set("record.expiresAt", pluginapi.KindString, late, pluginapi.StatusOK) }),
		"":                             continues(func(g *guest) { g.do("session.update", object{"set": object{"theme": "dark"}}) }),
	})
	t.Advance(24*time.Hour - time.Second)
	t.serve(Request{}, func(g *guest) { g.do("session.find", object{"token": token}) })
	t.Advance(time.Second)
	t.serve(Request{}, func(g *guest) { g.refused("session.find", object{"token": token}, pluginapi.StatusNotFound, "") })
}

// replaced replaces sessions: additional fields and an end of its own go over to
// the new one, unless that says otherwise, and the old one ends.
func (t *tester) replaced() {
	var id, token, end string
	t.serve(Request{}, func(g *guest) {
		id = g.do("identity.findUser", object{"email": "ada@example.com"}).text("id")
		out := g.do("session.create", object{"userId": id, "expiresIn": 3600, "rememberMe": false, "fields": object{"theme": "dark"}})
		token, end = out.text("session.token"), out.text("session.expiresAt")
		g.refused("session.create", object{"userId": id, "replace": true}, pluginapi.StatusNotFound, "")
	})
	t.Advance(time.Minute)
	renew := func(more object, theme, expiresAt string) {
		t.serve(Request{Session: token}, func(g *guest) {
			args := object{"userId": id, "replace": true}
			for name, v := range more {
				args[name] = v
			}
			out := g.do("session.create", args)
			t.want("the new session", []any{out.at("session.theme"), out.at("session.userId")}, []any{theme, id})
			if expiresAt != "" {
				t.want("its end", out.at("session.expiresAt"), expiresAt)
			}
			t.want("session.rememberMe", g.field("session.rememberMe"), "false")
			g.refused("session.find", object{"token": token}, pluginapi.StatusNotFound, "")
			token = out.text("session.token")
		})
	}
	renew(nil, "dark", end)
	renew(object{"fields": object{"theme": "light"}, "expiresIn": 24 * 3600}, "light", end)
	renew(object{"expiresIn": 60, "rememberMe": false}, "light", "")
	t.serve(Request{Session: token}, func(g *guest) {
		g.refused("session.create", object{"userId": g.addOther("carl@example.com"), "replace": true}, pluginapi.StatusInvalid, "")
		g.do("session.find", object{"token": token})
	})
}

// acting is a user who acts as another.
type acting struct {
	actor, user string // their ids
	own, token  string // the actor's own session, and the one in which she is the user
}

// impersonate has a user act as another.
func (t *tester) impersonate() (a acting) {
	t.serve(Request{}, func(g *guest) {
		a.actor, a.user = g.addOther("root@example.com"), g.addOther("dora@example.com")
		a.own = g.do("session.create", object{"userId": a.actor}).text("session.token")
	})
	t.serve(Request{Session: a.own}, func(g *guest) {
		out := g.do("session.create", object{"userId": a.user, "actor": a.actor})
		a.token = out.text("session.token")
		t.want("who acts", []any{out.at("session.impersonatedBy"), out.at("user.id")}, []any{a.actor, a.user})
		t.want("the document", g.field("session.session.impersonatedBy")+" "+g.field("session.user.id")+" "+g.field("session.rememberMe"), a.actor+" "+a.user+" false")
	})
	return a
}

// actsAs has users act as others: only as the user of the request's session, for
// a bounded time, and whatever is done in such a session says so.
func (t *tester) actsAs() {
	a := t.impersonate()
	args := object{"userId": a.user, "actor": a.actor}
	t.serve(Request{}, func(g *guest) { g.refused("session.create", args, pluginapi.StatusDenied, "") })
	t.serve(Request{Session: a.own}, func(g *guest) {
		g.refused("session.create", with(args, "actor", a.user), pluginapi.StatusDenied, "")
		g.refused("session.create", with(args, "userId", a.actor), pluginapi.StatusInvalid, "")
		g.refused("session.create", with(args, "userId", "nobody"), pluginapi.StatusNotFound, "")
		g.refused("session.create", with(args, "replace", true), pluginapi.StatusInvalid, "")
		g.refused("session.create", with(args, "expiresIn", pluginapi.MaxImpersonationSeconds+1), pluginapi.StatusInvalid, "")
	})
	t.Advance(time.Minute)
	var next string
	t.serve(Request{Session: a.token}, func(g *guest) {
		end := g.field("session.session.expiresAt")
		g.refused("session.create", object{"userId": a.actor, "actor": a.user}, pluginapi.StatusDenied, "")
		for _, more := range []object{{}, {"expiresIn": 24 * 3600}, {"replace": true}} {
			out := g.do("session.create", with(with(more, "userId", a.user), "rememberMe", true))
			t.want("a further session", []any{out.at("session.impersonatedBy"), out.at("session.expiresAt")}, []any{a.actor, end})
			next = out.text("session.token")
		}
		t.want("a session of another's", g.do("session.create", object{"userId": a.actor}).at("session.impersonatedBy"), nil)
	})
	t.Advance(58 * time.Minute)
	t.serve(Request{}, func(g *guest) { g.do("session.find", object{"token": next}) })
	t.Advance(time.Minute)
	t.serve(Request{}, func(g *guest) { g.refused("session.find", object{"token": next}, pluginapi.StatusNotFound, "") })
}

// virtualSession tries what a session does that is there for one request alone.
func virtualSession(g *guest, user, other string) {
	for path, want := range map[string]string{
		"session.user.id": user, "session.session.id": "key-1", "session.session.virtual": "true", "session.session.theme": "dark",
		"session.session.token": "", "session.fresh": "false", "request.serverCall": "true",
	} {
		g.t.want(path, g.field(path), want)
	}
	g.refused("session.create", object{"userId": user}, pluginapi.StatusInvalid, pluginapi.ServerCallCode)
	g.refused("session.create", object{"userId": user, "replace": true}, pluginapi.StatusInvalid, pluginapi.ServerCallCode)
	g.refused("session.adopt", object{"token": other}, pluginapi.StatusInvalid, pluginapi.ServerCallCode)
	g.refused("session.restore", object{}, pluginapi.StatusInvalid, pluginapi.ServerCallCode)
	g.refused("session.update", object{"set": object{"theme": "light"}}, pluginapi.StatusInvalid, pluginapi.VirtualSessionCode)
	g.refused("session.end", object{}, pluginapi.StatusInvalid, pluginapi.VirtualSessionCode)
	g.refused("session.revoke", object{"id": "key-1", "userId": user}, pluginapi.StatusNotFound, "")
	g.do("session.reissue", object{})
	g.t.want("response.sessionToken", g.field("response.sessionToken"), "")
	g.t.want("the sessions", g.do("session.list", object{"userId": user}).at("sessions"), []any{})
	g.t.want("the revoked", g.do("session.revokeUser", object{"userId": user, "exceptCurrent": true}).at("count"), 0)
}

// sessionCases are those of the capability session.
var sessionCases = table{
	"session.create": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addUser()
			out := g.do("session.create", object{"userId": id, "reason": "test"})
			t.want("the user", []any{out.at("session.userId"), out.at("user.id"), out.at("pending")}, []any{id, id, nil})
			t.want("session.user.id", g.field("session.user.id"), id)
			t.want("session.rememberMe", g.field("session.rememberMe"), "true")
			g.do("session.create", object{"userId": id, "rememberMe": false})
			t.want("session.rememberMe", g.field("session.rememberMe"), "false")
			g.refused("session.create", object{"userId": "nobody"}, pluginapi.StatusNotFound, "")
		})
		t.serve(Request{}, sessionFields)
		t.ownLife()
		t.replaced()
		t.actsAs()
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			pluginapi.EventSessionCreating: func(g *guest) pluginapi.Result {
				t.want("event.reason", g.field("event.reason"), "test")
				return pluginapi.Respond
			},
			"": continues(func(g *guest) {
				id := g.do("identity.findUser", object{"email": "ada@example.com"}).text("id")
				t.want("what stands before the session", g.do("session.create", object{"userId": id, "reason": "test"}), object{"pending": true})
			}),
		})
		t.serverCall(func(g *guest) {
			g.refused("session.create", object{"userId": g.field("session.user.id")}, pluginapi.StatusInvalid, pluginapi.ServerCallCode)
		})
	},
	"session.list": func(t *tester) {
		first := t.signIn()
		t.Advance(time.Second)
		t.serve(Request{Session: first}, func(g *guest) {
			id := g.field("session.user.id")
			second := g.do("session.create", object{"userId": id}).text("session.token")
			sessions, _ := g.do("session.list", object{"userId": id}).at("sessions").([]any)
			var tokens []any
			for _, s := range sessions {
				tokens = append(tokens, s.(object)["token"])
			}
			t.want("the sessions", tokens, []any{first, second})
			t.want("the sessions of nobody", g.do("session.list", object{"userId": "nobody"}).at("sessions"), []any{})
		})
	},
	"session.revoke": func(t *tester) {
		first := t.signIn()
		t.serve(Request{Session: first}, func(g *guest) {
			id := g.field("session.user.id")
			out := g.do("session.create", object{"userId": id})
			byID := object{"id": out.at("session.id"), "userId": id}
			g.refused("session.revoke", object{"token": first, "userId": "nobody"}, pluginapi.StatusNotFound, "")
			g.refused("session.revoke", with(byID, "userId", "nobody"), pluginapi.StatusNotFound, "")
			g.refused("session.revoke", without(byID, "userId"), pluginapi.StatusInvalid, "")
			g.do("session.revoke", byID)
			g.do("session.revoke", object{"token": first})
			g.refused("session.revoke", object{"token": first}, pluginapi.StatusNotFound, "")
			g.refused("session.find", object{"token": out.at("session.token")}, pluginapi.StatusNotFound, "")
		})
	},
	"session.revokeUser": func(t *tester) {
		first := t.signIn()
		t.serve(Request{Session: first}, func(g *guest) {
			id := g.field("session.user.id")
			second := g.do("session.create", object{"userId": id}).text("session.token")
			g.do("session.create", object{"userId": id})
			t.want("all but one", g.do("session.revokeUser", object{"userId": id, "exceptToken": second}), object{"count": 2})
			g.do("session.find", object{"token": second})
		})
		second := ""
		t.serve(Request{}, func(g *guest) {
			id := g.do("identity.findUser", object{"email": "ada@example.com"}).text("id")
			second = g.do("session.create", object{"userId": id}).text("session.token")
		})
		t.serve(Request{Session: second}, func(g *guest) {
			id := g.field("session.user.id")
			t.want("all but the request's", g.do("session.revokeUser", object{"userId": id, "exceptCurrent": true}), object{"count": 1})
			t.want("all", g.do("session.revokeUser", object{"userId": id}), object{"count": 1})
			t.want("none", g.do("session.revokeUser", object{"userId": id}), object{"count": 0})
		})
	},
	"session.end": func(t *tester) {
		token := t.signIn()
		t.serveHooks(Request{Session: token}, map[string]func(*guest) pluginapi.Result{
			"": continues(func(g *guest) {
				g.do("session.end", object{"reason": "test"})
				g.refused("session.find", object{"token": token}, pluginapi.StatusNotFound, "")
			}),
			pluginapi.EventResponseSession: continues(func(g *guest) {
				t.want("the event", g.field("event.phase")+" "+g.field("event.reason"), pluginapi.PhaseEnded+" test")
			}),
		})
		t.serve(Request{}, func(g *guest) { g.do("session.end", object{}) })
	},
	"session.find": func(t *tester) {
		token := t.signIn()
		t.serve(Request{}, func(g *guest) {
			out := g.do("session.find", object{"token": token})
			t.want("the session", []any{out.at("session.token"), out.at("user.email")}, []any{token, "ada@example.com"})
			g.refused("session.find", object{"token": "unheard of"}, pluginapi.StatusNotFound, "")
		})
		t.Advance(366 * 24 * time.Hour)
		t.serve(Request{}, func(g *guest) { g.refused("session.find", object{"token": token}, pluginapi.StatusNotFound, "") })
	},
	"session.adopt": func(t *tester) {
		token := t.signIn()
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			"": continues(func(g *guest) {
				g.refused("session.adopt", object{"token": "unheard of"}, pluginapi.StatusNotFound, "")
				t.want("the user", g.do("session.adopt", object{"token": token, "reason": "test"}).at("user.email"), "ada@example.com")
				t.want("session.user.email", g.field("session.user.email"), "ada@example.com")
			}),
			pluginapi.EventResponseSession: continues(func(g *guest) {
				t.want("the event", g.field("event.phase")+" "+g.field("event.reason"), pluginapi.PhaseIssued+" test")
			}),
		})
		t.serverCall(func(g *guest) {
			t.want("the session's token", g.do("session.find", object{"token": token}).at("session.token"), nil)
			g.refused("session.adopt", object{"token": token}, pluginapi.StatusInvalid, pluginapi.ServerCallCode)
		})
	},
	"session.update": func(t *tester) {
		token := t.signIn()
		t.serve(Request{Session: token}, func(g *guest) {
			t.want("the session", g.do("session.update", object{"set": object{"theme": "dark"}}).at("session.theme"), "dark")
			t.want("session.session.theme", g.field("session.session.theme"), "dark")
			t.want("the session", g.do("session.update", object{"input": object{"theme": "light", "unheardOf": 1}}).at("session.theme"), "light")
			g.refused("session.update", object{}, pluginapi.StatusInvalid, pluginapi.NoFields)
			g.refused("session.update", object{"set": object{"userId": "nobody"}}, pluginapi.StatusDenied, "")
		})
		t.serve(Request{}, func(g *guest) {
			g.refused("session.update", object{"set": object{"theme": "dark"}}, pluginapi.StatusNotFound, "")
		})
	},
	"session.restore": func(t *tester) {
		a := t.impersonate()
		t.serve(Request{Session: a.token}, func(g *guest) { g.refused("session.restore", object{}, pluginapi.StatusNotFound, "") })
		t.serve(Request{Session: a.token, Kept: a.token}, func(g *guest) { g.refused("session.restore", object{}, pluginapi.StatusNotFound, "") })
		t.serve(Request{Session: a.own, Kept: a.own}, func(g *guest) {
			g.refused("session.restore", object{}, pluginapi.StatusInvalid, pluginapi.NotImpersonatedCode)
		})
		t.serve(Request{}, func(g *guest) {
			g.refused("session.restore", object{}, pluginapi.StatusInvalid, pluginapi.NotImpersonatedCode)
		})
		t.serveHooks(Request{Session: a.token, Kept: a.own}, map[string]func(*guest) pluginapi.Result{
			"": continues(func(g *guest) {
				out := g.do("session.restore", object{"reason": "test"})
				t.want("the session", []any{out.at("session.token"), out.at("user.id"), out.at("session.impersonatedBy")}, []any{a.own, a.actor, nil})
				t.want("session.user.id", g.field("session.user.id"), a.actor)
				g.refused("session.find", object{"token": a.token}, pluginapi.StatusNotFound, "")
			}),
			pluginapi.EventResponseSession: continues(func(g *guest) {
				t.want("the event", g.field("event.phase")+" "+g.field("event.reason"), pluginapi.PhaseIssued+" test")
			}),
		})
		t.serverCall(func(g *guest) {
			g.refused("session.restore", object{}, pluginapi.StatusInvalid, pluginapi.ServerCallCode)
		})
	},
	"session.reissue": func(t *tester) {
		t.serve(Request{Session: t.signIn()}, func(g *guest) { g.do("session.reissue", object{}) })
		t.serve(Request{}, func(g *guest) { g.refused("session.reissue", object{}, pluginapi.StatusNotFound, "") })
	},
	"session.assume": func(t *tester) {
		var user, other string
		t.serve(Request{}, func(g *guest) {
			user, other = g.addUser(), g.do("session.create", object{"userId": g.addOther("bob@example.com")}).text("session.token")
			g.refused("session.assume", object{"userId": user}, pluginapi.StatusDenied, "")
		})
		args := object{"userId": user, "id": "key-1", "expiresIn": 60, "fields": object{"theme": "dark"}}
		t.serveHooks(Request{Session: other}, map[string]func(*guest) pluginapi.Result{
			pluginapi.EventRequestBefore: continues(func(g *guest) {
				g.refused("session.assume", with(args, "userId", "nobody"), pluginapi.StatusNotFound, "")
				g.refused("session.assume", with(args, "fields", object{"userId": "x"}), pluginapi.StatusDenied, "")
				g.refused("session.assume", with(args, "fields", object{"theme": 1}), pluginapi.StatusInvalid, "")
				t.want("the user before", g.field("session.user.email"), "bob@example.com")
				out := g.do("session.assume", args)
				t.want("the session", []any{out.at("session.id"), out.at("session.virtual"), out.at("session.theme"), out.at("session.token"), out.at("user.id")}, []any{"key-1", true, "dark", nil, user})
				g.refused("session.assume", args, pluginapi.StatusDenied, "")
				g.do("session.use", object{"token": other})
			}),
			"":                             continues(func(g *guest) { virtualSession(g, user, other) }),
			pluginapi.EventResponseSession: continues(func(*guest) { t.Error("response.session is raised") }),
		})
		t.serve(Request{Session: other}, func(g *guest) { t.want("the next request's user", g.field("session.user.email"), "bob@example.com") })
	},
	"session.use": func(t *tester) {
		token := t.signIn()
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			pluginapi.EventRequestBefore: continues(func(g *guest) {
				g.refused("session.use", object{"token": token + ".wrong"}, pluginapi.StatusInvalid, "")
				g.refused("session.use", object{"token": token, "requireSignature": true}, pluginapi.StatusInvalid, "")
				g.refused("session.use", object{"id": "x"}, pluginapi.StatusInvalid, "")
				t.want("session.user.email", g.field("session.user.email"), "")
				g.do("session.use", object{"token": token})
			}),
			"": continues(func(g *guest) {
				t.want("session.user.email", g.field("session.user.email"), "ada@example.com")
				t.want("request.serverCall", g.field("request.serverCall"), "false")
				g.refused("session.use", object{"token": token}, pluginapi.StatusDenied, "")
			}),
		})
	},
}
