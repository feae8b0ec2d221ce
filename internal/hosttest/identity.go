package hosttest

import "github.com/authhost/authhost/pluginapi"

// ada is the user of most cases.
var ada = object{"user": object{"email": "ada@example.com", "name": "Ada"}, "account": object{"providerId": "credential", "password": "correct horse"}}

// identityCases are those of the capability identity.
var identityCases = map[string]func(*tester){
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
}
