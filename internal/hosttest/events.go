package hosttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// runEvents raises every event and checks, in a hook, what the contract says of
// it. The host raises events by itself, as calls and requests cause them.
func runEvents(t *testing.T, start Maker) {
	for _, e := range pluginapi.ContractEvents() {
		t.Run(e.Name, func(t *testing.T) {
			raise, ok := raises[e.Name]
			if !ok {
				t.Fatalf("nothing raises %s; add it to the table of this package", e.Name)
			}
			c, raised := newTester(t, start), false
			raise(c, e.Name, func(g *guest) pluginapi.Result {
				raised = true
				checkHook(t, &e, g.Host)
				return pluginapi.Continue
			})
			if !raised {
				t.Errorf("%s was not raised", e.Name)
			}
		})
	}
	t.Run("endpoint", func(t *testing.T) {
		newTester(t, start).serve(Request{}, func(g *guest) { checkSets(t, "", g.Host) })
	})
}

// checkHook checks the document of a hook that an event has called: it has what
// the contract says that hooks see, and takes what they may set.
func checkHook(t testing.TB, e *pluginapi.Event, h Host) {
	t.Helper()
	if _, name := h.Get("event.name"); string(name) != e.Name {
		t.Errorf("event.name is %q", name)
	}
	for _, path := range e.Sees {
		if path == "response" || path == "error" {
			path += ".status"
		}
		if kind, _ := h.Get(path); kind == pluginapi.KindAbsent {
			t.Errorf("there is no %s", path)
		}
	}
	for _, path := range []string{"record", "previous", "claims"} {
		if kind, value := h.Get(path); kind != pluginapi.KindAbsent && !slices.Contains(e.Sees, path) {
			t.Errorf("%s is %s", path, value)
		}
	}
	checkSets(t, e.Name, h)
}

// checkSets sets every field of the document. Those that a handler may not set
// are denied, and no others.
func checkSets(t testing.TB, event string, h Host) {
	t.Helper()
	may := pluginapi.Settable(event)
	for _, p := range pluginapi.DocumentPaths() {
		path := strings.NewReplacer("cookies.NAME", "cookies."+cookie, "NAME", "x-test", "FIELD", "name").Replace(p.Path)
		kind, value := pluginapi.KindString, "x"
		if slices.Equal(p.Kinds, []pluginapi.Kind{pluginapi.KindJSON}) {
			kind, value = pluginapi.KindJSON, "{}"
		}
		names, err := pluginapi.ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		if status := h.Set(path, kind, []byte(value)); (status != pluginapi.StatusDenied) != may.Has(names) {
			t.Errorf("set %s: %s, though it may be set: %v", path, status, may.Has(names))
		}
	}
}

// raises has what raises each event, with a hook on it.
var raises = map[string]func(t *tester, event string, hook func(*guest) pluginapi.Result){
	pluginapi.EventRequestBefore: raised(func(*guest) {}),
	pluginapi.EventRequestAfter:  raised(func(*guest) {}),
	pluginapi.EventRequestRefused: func(t *tester, event string, hook func(*guest) pluginapi.Result) {
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{event: hook, "": func(*guest) pluginapi.Result { return pluginapi.Deny }})
	},
	pluginapi.EventResponseSession: raised(func(g *guest) {
		g.do("session.create", object{"userId": g.addUser(), "reason": "test"})
	}),
	pluginapi.EventOriginTrusted: func(t *tester, event string, hook func(*guest) pluginapi.Result) {
		t.serveHooks(Request{Origin: "https://elsewhere.example"}, map[string]func(*guest) pluginapi.Result{event: hook})
	},

	pluginapi.EventUserCreating: raised(func(g *guest) { g.call("identity.createUser", ada) }),
	pluginapi.EventUserCreated:  raised(func(g *guest) { g.addUser() }),
	pluginapi.EventUserUpdating: raised(changeUser),
	pluginapi.EventUserUpdated:  raised(changeUser),
	pluginapi.EventUserDeleting: deleteUser,
	pluginapi.EventUserDeleted:  deleteUser,

	pluginapi.EventIdentityLinking: raised(linkAccount),
	pluginapi.EventAccountCreating: raised(func(g *guest) { g.call("identity.createUser", ada) }),
	pluginapi.EventAccountCreated:  raised(linkAccount),
	pluginapi.EventAccountUpdating: raised(changeAccount),
	pluginapi.EventAccountUpdated:  raised(changeAccount),
	pluginapi.EventAccountDeleting: raised(deleteAccount),
	pluginapi.EventAccountDeleted:  raised(deleteAccount),

	pluginapi.EventSessionCreating: raised(func(g *guest) { g.call("session.create", object{"userId": g.addUser(), "reason": "test"}) }),
	pluginapi.EventSessionCreated:  raised(func(g *guest) { g.addSession() }),
	pluginapi.EventSessionUpdating: inSession(func(g *guest) { g.call("session.update", object{"set": object{"theme": "dark"}}) }),
	pluginapi.EventSessionUpdated:  inSession(func(g *guest) { g.call("session.update", object{"set": object{"theme": "dark"}}) }),
	pluginapi.EventSessionDeleting: raised(func(g *guest) { g.call("session.revoke", object{"token": g.addSession()}) }),
	pluginapi.EventSessionDeleted:  raised(func(g *guest) { g.call("session.revoke", object{"token": g.addSession()}) }),

	pluginapi.EventVerificationCreating: raised(func(g *guest) {
		g.call("verification.create", object{"identifier": "a", "value": "1", "expiresIn": 60})
	}),
	pluginapi.EventTokenClaims: raised(func(g *guest) { g.call("keys.sign", object{"use": "test", "alg": "ES256", "expiresIn": 60}) }),
	pluginapi.EventPasswordPolicy: raised(func(g *guest) {
		g.call("identity.setPassword", object{"userId": g.addUser(), "password": "another horse"})
	}),
	pluginapi.EventMailSending: raised(func(g *guest) { g.call("email.send", mailTo("ada@example.com", nil)) }),
}

// raised does something in the endpoint, with a hook on an event.
func raised(f func(*guest)) func(*tester, string, func(*guest) pluginapi.Result) {
	return func(t *tester, event string, hook func(*guest) pluginapi.Result) {
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{event: hook, "": continues(f)})
	}
}

// inSession does something in a request with a session.
func inSession(f func(*guest)) func(*tester, string, func(*guest) pluginapi.Result) {
	return func(t *tester, event string, hook func(*guest) pluginapi.Result) {
		t.serveHooks(Request{Session: t.signIn()}, map[string]func(*guest) pluginapi.Result{event: hook, "": continues(f)})
	}
}

func changeUser(g *guest) {
	g.call("identity.updateUser", object{"id": g.addUser(), "set": object{"name": "Ada L."}})
}

func deleteUser(t *tester, event string, hook func(*guest) pluginapi.Result) {
	var id string
	t.serve(Request{}, func(g *guest) { id = g.addUser() })
	raised(func(g *guest) { g.call("identity.deleteUser", object{"id": id}) })(t, event, hook)
}

func linkAccount(g *guest) {
	g.call("identity.linkAccount", object{"userId": g.addUser(), "account": object{"providerId": "github", "accountId": "gh-ada"}, "profile": object{"email": "ada@example.com"}})
}

func changeAccount(g *guest) {
	linkAccount(g)
	g.call("identity.updateAccount", object{"providerId": "github", "accountId": "gh-ada", "set": object{"scope": "read"}})
}

func deleteAccount(g *guest) {
	user := g.addUser()
	g.call("identity.deleteAccount", object{"userId": user, "providerId": "credential"})
}
