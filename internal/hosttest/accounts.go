package hosttest

import "github.com/authhost/authhost/pluginapi"

// linked is the account of ada at a provider, with its tokens.
var linked = object{"providerId": "github", "accountId": "gh-ada", "accessToken": "access", "refreshToken": "refresh", "idToken": "id", "scope": "read"}

// atGitHub names that account.
var atGitHub = object{"providerId": "github", "accountId": "gh-ada"}

// addLinked creates ada with an account at a provider, and returns her id.
func (g *guest) addLinked() string {
	id := g.addUser()
	g.do("identity.linkAccount", object{"userId": id, "account": linked})
	return id
}

// accountCases are those of the capability identity that are about accounts.
var accountCases = table{
	"identity.findAccount": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addLinked()
			credential := g.do("identity.findAccount", object{"userId": id, "providerId": "credential"})
			github := g.do("identity.findAccount", object{"userId": id, "providerId": "github"})
			t.want("hasPassword", []any{credential.at("hasPassword"), github.at("hasPassword")}, []any{true, false})
			t.want("the secrets", []any{credential.at("password"), github.at("accessToken"), github.at("refreshToken"), github.at("idToken")}, []any{nil, nil, nil, nil})
			t.want("the account", github.text("accountId")+" "+github.text("scope"), "gh-ada read")
			g.refused("identity.findAccount", object{"userId": id, "providerId": "gitlab"}, pluginapi.StatusNotFound, "")
		})
	},
	"identity.listAccounts": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addLinked()
			accounts, _ := g.do("identity.listAccounts", object{"userId": id}).at("accounts").([]any)
			t.want("how many accounts", len(accounts), 2)
			t.want("the accounts of nobody", g.do("identity.listAccounts", object{"userId": "nobody"}).at("accounts"), []any{})
		})
	},
	"identity.deleteAccount": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addLinked()
			bob := g.addOther("bob@example.com")
			g.refused("identity.deleteAccount", with(atGitHub, "userId", bob), pluginapi.StatusNotFound, "")
			g.do("identity.deleteAccount", with(atGitHub, "userId", id))
			g.refused("identity.deleteAccount", with(atGitHub, "userId", id), pluginapi.StatusNotFound, "")
			g.do("identity.deleteAccount", object{"userId": id, "providerId": "credential"})
			t.want("the accounts", g.do("identity.listAccounts", object{"userId": id}).at("accounts"), []any{})
		})
	},
	"identity.findLinked": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addLinked()
			out := g.do("identity.findLinked", atGitHub)
			t.want("the user", out.text("user.id")+out.text("account.userId"), id+id)
			g.refused("identity.findLinked", with(atGitHub, "accountId", "gh-bob"), pluginapi.StatusNotFound, "")
		})
	},
	"identity.linkAccount": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.addUser()
			out := g.do("identity.linkAccount", object{"userId": id, "account": linked})
			t.want("the account", []any{out.at("userId"), out.at("accountId"), out.at("accessToken")}, []any{id, "gh-ada", nil})
			bob := g.addOther("bob@example.com")
			for _, user := range []string{id, bob} {
				g.refused("identity.linkAccount", object{"userId": user, "account": atGitHub}, pluginapi.StatusConflict, "")
			}
			g.refused("identity.linkAccount", object{"userId": "nobody", "account": with(atGitHub, "accountId", "x")}, pluginapi.StatusNotFound, "")
			g.refused("identity.linkAccount", object{"userId": id, "account": object{"providerId": "credential", "accountId": id}}, pluginapi.StatusInvalid, "")
		})
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			pluginapi.EventIdentityLinking: func(g *guest) pluginapi.Result {
				for path, want := range map[string]string{
					"record.providerId": "gitlab", "record.accountId": "gl-ada", "record.userEmail": "ada@example.com", "record.email": "ada@elsewhere.example", "record.implicit": "true",
				} {
					_, value := g.Get(path)
					t.want(path, string(value), want)
				}
				g.set("error.code", pluginapi.KindString, "NOT_LINKED", pluginapi.StatusOK)
				return pluginapi.Deny
			},
			"": func(g *guest) pluginapi.Result {
				id := g.do("identity.findUser", object{"email": "ada@example.com"}).text("id")
				g.refused("identity.linkAccount", object{
					"userId": id, "account": object{"providerId": "gitlab", "accountId": "gl-ada"}, "profile": object{"email": "ada@elsewhere.example"}, "implicit": true,
				}, pluginapi.StatusDenied, "NOT_LINKED")
				g.refused("identity.findLinked", object{"providerId": "gitlab", "accountId": "gl-ada"}, pluginapi.StatusNotFound, "")
				return pluginapi.Continue
			},
		})
	},
	"identity.updateAccount": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			g.addLinked()
			out := g.do("identity.updateAccount", with(atGitHub, "set", object{"scope": "read write", "accessToken": "new"}))
			t.want("the account", []any{out.at("scope"), out.at("accessToken")}, []any{"read write", nil})
			t.want("the token", g.do("identity.accountTokens", atGitHub).at("accessToken"), "new")
			g.refused("identity.updateAccount", object{"providerId": "github", "accountId": "x", "set": object{"scope": "x"}}, pluginapi.StatusNotFound, "")
		})
	},
	"identity.accountTokens": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			g.addLinked()
			t.want("the tokens", g.do("identity.accountTokens", atGitHub), object{"accessToken": "access", "refreshToken": "refresh", "idToken": "id"})
			if g.do("identity.accountTokens", with(atGitHub, "stored", true)).text("accessToken") == "" {
				t.Error("there is no stored token")
			}
			g.refused("identity.accountTokens", with(atGitHub, "accountId", "x"), pluginapi.StatusNotFound, "")
		})
	},
}
