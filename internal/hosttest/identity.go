package hosttest

import "github.com/authhost/authhost/pluginapi"

// ada is the user of most cases.
var ada = object{
	"user":    object{"email": "ada@example.com", "name": "Ada"},
	"account": object{"providerId": "credential", "password": "correct horse"},
}

// addUser creates ada and returns her id.
func (g *guest) addUser() string { return g.do("identity.createUser", ada).text("user.id") }

// addOther creates another user and returns the id.
func (g *guest) addOther(email string) string {
	return g.do("identity.createUser", object{"user": object{"email": email}}).text("user.id")
}

// identityCases are those of the capability identity that are about users.
var identityCases = table{
	"identity.findUser": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			created := g.do("identity.createUser", ada)
			byID := g.do("identity.findUser", object{"id": created.at("user.id")})
			byEmail := g.do("identity.findUser", object{"email": "ADA@example.com"})
			if id := created.text("user.id"); byID.text("id") != id || byEmail.text("id") != id || byID.text("name") != "Ada" {
				t.Errorf("found %s and %s, want %s", text(byID), text(byEmail), id)
			}
			for field, value := range map[string]any{"id": created.at("user.id"), "email": "Ada@EXAMPLE.com"} {
				if byField := g.do("identity.findUser", object{"field": field, "value": value}); byField.text("name") != "Ada" {
					t.Errorf("found %s by %s", text(byField), field)
				}
			}
			g.refused("identity.findUser", object{"field": "email", "value": "nobody@example.com"}, pluginapi.StatusNotFound, "")
			for _, bad := range []object{{"field": "name", "value": "Ada"}, {"field": "nope", "value": 1}, {"field": "email", "value": 1}, {"field": "email", "value": nil}, {"field": "email"}} {
				g.refused("identity.findUser", bad, pluginapi.StatusInvalid, "")
			}
			g.refused("identity.findUser", object{"id": "nobody"}, pluginapi.StatusNotFound, "")
			g.refused("identity.findUser", object{"email": "nobody@example.com"}, pluginapi.StatusNotFound, "")
		})
	},
	"identity.createUser": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			out := g.do("identity.createUser", object{
				"user":  object{"email": "Ada@Example.com", "name": "Ada", "emailVerified": true, "rank": "first"},
				"input": object{"nickname": "countess", "rank": "second", "emailVerified": false, "unheardOf": 1}, "account": ada["account"],
			})
			t.want("the address", out.text("user.email"), "ada@example.com")
			t.want("emailVerified", out.at("user.emailVerified"), true)
			t.want("a client's field", out.text("user.nickname"), "countess")
			t.want("a field that is not open to clients", out.text("user.rank"), "first")
			t.want("a field that nobody declared", out.at("user.unheardOf"), nil)
			t.want("hasPassword", out.at("account.hasPassword"), true)
			t.want("the password", out.at("account.password"), nil)
			g.refused("identity.createUser", object{"user": object{"email": "ADA@example.com"}}, pluginapi.StatusConflict, "")
			without := g.do("identity.createUser", object{"user": object{"email": "bob@example.com"}})
			t.want("the account", without.at("account"), nil)
		})
	},
	"identity.draftUser": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			out := g.do("identity.draftUser", object{"user": object{"email": "Ada@example.com", "name": "Ada"}, "input": object{"nickname": "countess"}})
			t.want("the draft", out.text("user.email")+" "+out.text("user.nickname"), "ada@example.com countess")
			g.refused("identity.findUser", object{"id": out.text("user.id")}, pluginapi.StatusNotFound, "")
			g.refused("identity.findUser", object{"email": "ada@example.com"}, pluginapi.StatusNotFound, "")
		})
	},
	"identity.updateUser": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addUser()
			g.addOther("bob@example.com")
			update := func(args object) object { return with(args, "id", id) }
			out := g.do("identity.updateUser", update(object{"set": object{"name": "Ada L.", "rank": "first"}, "input": object{"nickname": "countess", "unheardOf": 1}}))
			t.want("the user", []any{out.at("name"), out.at("rank"), out.at("nickname"), out.at("unheardOf")}, []any{"Ada L.", "first", "countess", nil})
			t.want("the stored name", g.do("identity.findUser", object{"id": id}).at("name"), "Ada L.")
			g.refused("identity.updateUser", update(object{}), pluginapi.StatusInvalid, pluginapi.NoFields)
			g.refused("identity.updateUser", update(object{"input": object{"unheardOf": 1}}), pluginapi.StatusInvalid, pluginapi.NoFields)
			g.refused("identity.updateUser", update(object{"input": object{"rank": "second"}}), pluginapi.StatusInvalid, pluginapi.FieldNotAllowed)
			g.refused("identity.updateUser", update(object{"set": object{"email": "BOB@example.com"}}), pluginapi.StatusConflict, "")
			g.refused("identity.updateUser", update(object{"set": object{"email": "\tBob@example.com "}}), pluginapi.StatusConflict, "")
			g.refused("identity.updateUser", update(object{"set": object{"email": " "}}), pluginapi.StatusInvalid, "")
			t.want("who has the address", g.do("identity.findUser", object{"email": " ADA@example.com"}).at("id"), id)
			g.refused("identity.updateUser", object{"id": "nobody", "set": object{"name": "x"}}, pluginapi.StatusNotFound, "")
		})
	},
	"identity.deleteUser": func(t *tester) {
		var id, token string
		t.serve(Request{}, func(g *guest) {
			id = g.addUser()
			token = g.do("session.create", object{"userId": id}).text("session.token")
		})
		t.serve(Request{}, func(g *guest) {
			g.do("identity.deleteUser", object{"id": id})
			g.refused("identity.findUser", object{"id": id}, pluginapi.StatusNotFound, "")
			g.refused("session.find", object{"token": token}, pluginapi.StatusNotFound, "")
			t.want("the accounts", g.do("identity.listAccounts", object{"userId": id}).at("accounts"), []any{})
			g.refused("identity.deleteUser", object{"id": id}, pluginapi.StatusNotFound, "")
		})
	},
	"identity.verifyPassword": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addUser()
			bob := g.addOther("bob@example.com")
			for _, tt := range []struct {
				args  object
				valid bool
			}{
				{object{"email": "ADA@example.com", "password": "correct horse"}, true},
				{object{"userId": id, "password": "correct horse"}, true},
				{object{"userId": id, "password": "wrong horse"}, false},
				{object{"userId": id, "password": ""}, false},
				{object{"userId": bob, "password": ""}, false},
				{object{"email": "nobody@example.com", "password": "correct horse"}, false},
			} {
				out := g.do("identity.verifyPassword", tt.args)
				t.want("valid of "+string(text(tt.args)), out.at("valid"), tt.valid)
				t.want("that there is a user", out.at("user") != nil, tt.valid)
			}
		})
	},
	"identity.setPassword": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addOther("bob@example.com")
			valid := func(password string) any {
				return g.do("identity.verifyPassword", object{"userId": id, "password": password}).at("valid")
			}
			g.do("identity.setPassword", object{"userId": id, "password": "correct horse"})
			t.want("the account", g.do("identity.findAccount", object{"userId": id, "providerId": "credential"}).at("hasPassword"), true)
			g.do("identity.setPassword", object{"userId": id, "password": "another horse"})
			t.want("the passwords", []any{valid("correct horse"), valid("another horse")}, []any{false, true})
			g.refused("identity.setPassword", object{"userId": "nobody", "password": "correct horse"}, pluginapi.StatusNotFound, "")
		})
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			pluginapi.EventPasswordPolicy: func(g *guest) pluginapi.Result {
				_, password := g.Get("record.password")
				t.want("record.password", string(password), "forbidden")
				g.set("error.code", pluginapi.KindString, "PASSWORD_FORBIDDEN", pluginapi.StatusOK)
				return pluginapi.Deny
			},
			"": func(g *guest) pluginapi.Result {
				id := g.do("identity.findUser", object{"email": "bob@example.com"}).text("id")
				g.refused("identity.setPassword", object{"userId": id, "password": "forbidden"}, pluginapi.StatusDenied, "PASSWORD_FORBIDDEN")
				return pluginapi.Continue
			},
		})
	},
	"identity.equalize": func(t *tester) {
		t.serve(Request{}, func(g *guest) { g.do("identity.equalize", object{"password": "correct horse"}) })
	},
}
