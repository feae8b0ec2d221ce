package engine_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// An act is something that a plugin must not do without a permission, with one
// hook or endpoint.
type act struct {
	name       string
	permission string // what it takes: names, separated by spaces
	handler    pluginapi.Handler
	steps      []w.Step
	quiet      bool                   // what it looks for is left out of an object, of which the log does not tell
	uses       []pluginapi.Capability // which are granted in any case
	tenant     string                 // lines of the tenant's configuration
	plugins    string                 // entries of other plugins
	// done does what the plugin waits for, in the tenant of a host, and reports
	// whether the plugin has done its act.
	done func(s *server, host string) bool
}

func onEvent(event string) pluginapi.Handler {
	return pluginapi.Handler{Number: 1, Kind: pluginapi.KindHook, Event: event}
}

// leak copies a field into the plugin's own cookie, which it may set.
func leak(path string) w.Step { return w.Copy("response.cookies.leak", path) }

// leaked reports whether an answer carries a text in that cookie.
func leaked(a answer, text string) bool {
	return text != "" && strings.Contains(a.cookies["better-auth.leak"], text)
}

// The requests that acts wait for.
func (s *server) at(host, method, path, body string, header http.Header) answer {
	return s.do(request{method: method, host: host, path: "/api/auth" + path, body: body, header: header})
}

func (s *server) signsUp(host string) answer { return s.signUp(host, "ada@example.com") }

func (s *server) asksForReset(host, redirect string) answer {
	s.signsUp(host)
	return s.at(host, "POST", "/request-password-reset", `{"email":"ada@example.com","redirectTo":"`+redirect+`"}`, nil)
}

const resetSecret = "r3set-s3cret-t0ken"

// readings are acts that look.
func readings() []act {
	before, after, session := pluginapi.EventRequestBefore, pluginapi.EventRequestAfter, pluginapi.EventResponseSession
	signIn := func(s *server, host string) answer {
		s.signsUp(host)
		return s.signIn(host, "ada@example.com", password)
	}
	seesPassword := func(s *server, host string) bool { return leaked(signIn(s, host), password) }
	seesToken := func(s *server, host string) bool { up := s.signsUp(host); return leaked(up, up.get("token")) }
	seesReset := func(s *server, host string) bool {
		return leaked(s.at(host, "GET", "/reset-password/"+resetSecret+"?callbackURL=/x", "", nil), resetSecret)
	}
	return []act{
		{name: "read a password", permission: "passwords", handler: onEvent(before), steps: []w.Step{leak("request.body.password")}, done: seesPassword},
		{name: "read a password in the body", permission: "passwords", handler: onEvent(before), steps: []w.Step{w.Copy("scratch.b", "request.body"), leak("scratch.b.password")}, quiet: true, done: seesPassword},
		{name: "read a password in the bytes of the body", permission: "passwords tokens", handler: onEvent(before), steps: []w.Step{leak("request.rawBody")}, done: seesPassword},
		{name: "read a password after the answer", permission: "passwords", handler: onEvent(after), steps: []w.Step{leak("request.body.password")}, done: seesPassword},
		{name: "read a password that is judged", permission: "passwords", handler: onEvent(pluginapi.EventPasswordPolicy),
			steps: []w.Step{w.Copy("error.message", "record.password"), w.Return(pluginapi.Deny)},
			done:  func(s *server, host string) bool { return strings.Contains(s.signsUp(host).text, password) }},
		{name: "read the session's token", permission: "tokens", handler: onEvent(session), steps: []w.Step{leak("session.session.token")}, done: seesToken},
		{name: "read the session's token in the session", permission: "tokens", handler: onEvent(session), steps: []w.Step{w.Copy("scratch.s", "session"), leak("scratch.s.session.token")}, quiet: true, done: seesToken},
		{name: "read the session's token in the answer", permission: "tokens", handler: onEvent(after), steps: []w.Step{leak("response.body.token")}, done: seesToken},
		{name: "read the session's token for an endpoint", permission: "tokens",
			handler: pluginapi.Handler{Number: 1, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/mine"}, steps: []w.Step{leak("session.session.token")},
			done: func(s *server, host string) bool {
				up := s.signsUp(host)
				return leaked(s.do(request{method: "GET", host: host, path: "/api/auth/mine", cookie: up.cookie()}), up.get("token"))
			}},
		{name: "read the token of a record", permission: "tokens", handler: onEvent(pluginapi.EventSessionCreating), steps: []w.Step{leak("record.token")}, done: seesToken},
		{name: "read a reset token", permission: "tokens", handler: onEvent(before), steps: []w.Step{leak("request.body.token")},
			done: func(s *server, host string) bool {
				return leaked(s.at(host, "POST", "/reset-password", `{"newPassword":"correct-horse-2","token":"`+resetSecret+`"}`, nil), resetSecret)
			}},
		{name: "read a reset token in a path", permission: "tokens", handler: onEvent(before), steps: []w.Step{leak("request.path")}, done: seesReset},
		{name: "read a reset token in a URL", permission: "tokens", handler: onEvent(before), steps: []w.Step{leak("request.url")}, done: seesReset},
		{name: "read a reset token in a parameter", permission: "tokens", handler: onEvent(before), steps: []w.Step{leak("request.params.token")}, done: seesReset},
		{name: "read a reset token where it is kept", permission: "tokens", handler: onEvent(pluginapi.EventVerificationCreating),
			steps: []w.Step{w.Copy("error.message", "record.identifier"), w.Return(pluginapi.Deny)},
			done: func(s *server, host string) bool {
				return strings.Contains(s.asksForReset(host, "/x").text, "reset-password:")
			}},
		{name: "read the Authorization header", permission: "authorization", handler: onEvent(before), steps: []w.Step{leak("request.headers.authorization")},
			done: func(s *server, host string) bool {
				return leaked(s.at(host, "GET", "/ok", "", http.Header{"Authorization": {"Bearer b3arer"}}), "b3arer")
			}},
		{name: "read a cookie of another plugin", permission: "cookies", handler: onEvent(before), steps: []w.Step{leak("request.cookies.state")},
			done: func(s *server, host string) bool {
				return leaked(s.do(request{method: "GET", host: host, path: "/api/auth/ok", cookie: "better-auth.state=c00kie"}), "c00kie")
			}},
		{name: "read a hidden field", permission: "fields", handler: onEvent(pluginapi.EventUserCreating), steps: []w.Step{w.Copy("error.message", "record.notes"), w.Return(pluginapi.Deny)},
			tenant: "    user: {additionalFields: [{name: notes, input: false, returned: false, default: h1dden}]}\n",
			done:   func(s *server, host string) bool { return strings.Contains(s.signsUp(host).text, "h1dden") }},
	}
}

// changes are acts that set something.
func changes() []act {
	before, after := pluginapi.EventRequestBefore, pluginapi.EventRequestAfter
	ask := func(s *server, host string) answer {
		return s.at(host, "GET", "/victim?q=asked", "", http.Header{"X-H": {"asked"}})
	}
	says := func(path, text string) func(*server, string) bool {
		return func(s *server, host string) bool { return ask(s, host).get(path) == text }
	}
	return []act{
		{name: "verify an address", permission: "fields", handler: onEvent(pluginapi.EventUserCreating), steps: []w.Step{w.SetKind("record.emailVerified", pluginapi.KindBool, "true")},
			done: func(s *server, host string) bool { return s.signsUp(host).get("user.emailVerified") == "true" }},
		{name: "change an address", permission: "fields", handler: onEvent(pluginapi.EventUserCreating), steps: []w.Step{w.Set("record.email", "eve@example.com")},
			done: func(s *server, host string) bool { return s.signsUp(host).get("user.email") == "eve@example.com" }},
		{name: "give a role", permission: "fields", handler: onEvent(pluginapi.EventUserCreating), steps: []w.Step{w.Set("record.role", "admin")},
			tenant: "    user: {additionalFields: [{name: role, input: false}]}\n",
			done:   func(s *server, host string) bool { return s.signsUp(host).get("user.role") == "admin" }},
		{name: "take another plugin's field", permission: "fields", handler: onEvent(pluginapi.EventUserCreating), steps: []w.Step{w.SetKind("record.twoFactorEnabled", pluginapi.KindBool, "true")},
			plugins: "{id: two-factor, config: {policy: credential}}, ", // which lets the sign-up itself through
			done:    func(s *server, host string) bool { return s.signsUp(host).get("user.twoFactorEnabled") == "true" }},
		{name: "keep a session for ever", permission: "fields", handler: onEvent(pluginapi.EventSessionCreating), steps: []w.Step{w.Set("record.expiresAt", "2999-01-01T00:00:00.000Z")},
			done: func(s *server, host string) bool {
				return strings.HasPrefix(s.session(host, s.signsUp(host).cookie()).get("session.expiresAt"), "2999")
			}},
		{name: "send a reset mail elsewhere", permission: "mails", handler: onEvent(pluginapi.EventMailSending), steps: []w.Step{w.Set("record.to", "eve@example.com")},
			done: func(s *server, host string) bool {
				s.asksForReset(host, "/x")
				return slices.ContainsFunc(s.outbox(strings.TrimSuffix(host, ".example")), func(m struct{ To, URL, Token, OTP, Template string }) bool { return m.To == "eve@example.com" })
			}},
		{name: "add a claim", permission: "claims", handler: onEvent(pluginapi.EventTokenClaims), steps: []w.Step{w.Set("claims.role", "admin")},
			plugins: "{id: convex, config: {algorithm: ES256}}, ",
			done: func(s *server, host string) bool {
				_, payload := claims(s.t, s.signsUp(host).cookies["better-auth.convex_jwt"])
				return payload["role"] == "admin"
			}},
		{name: "trust a site", permission: "origins", handler: onEvent(pluginapi.EventOriginTrusted), steps: []w.Step{w.SetKind("record.trusted", pluginapi.KindBool, "true")},
			done: func(s *server, host string) bool {
				return s.asksForReset(host, "https://evil.example/x").status == http.StatusOK
			}},
		{name: "change a body", permission: "requests", handler: onEvent(before), steps: []w.Step{w.Set("request.body.name", "Eve")},
			done: func(s *server, host string) bool { return s.signsUp(host).get("user.name") == "Eve" }},
		{name: "change a query", permission: "requests", handler: onEvent(before), steps: []w.Step{w.Set("request.query.q", "changed")}, done: says("q", "changed")},
		{name: "change a header", permission: "requests", handler: onEvent(before), steps: []w.Step{w.Set("request.headers.x-h", "changed")}, done: says("h", "changed")},
		{name: "change a password", permission: "requests passwords", handler: onEvent(before), steps: []w.Step{w.Set("request.body.password", "eves-own-passw0rd")},
			done: func(s *server, host string) bool { // who signs up, or in, has the plugin's password
				s.signsUp(host)
				return s.signIn(host, "ada@example.com", "another-one-1").status == http.StatusOK
			}},
		{name: "act with another's credential", permission: "requests authorization", handler: onEvent(before), steps: []w.Step{w.Set("request.headers.authorization", "Bearer changed")},
			done: func(s *server, host string) bool { return ask(s, host).get("bearer") == "Bearer changed" }},
		{name: "answer in place of an endpoint", permission: "requests", handler: onEvent(before), steps: []w.Step{w.Set("response.body.q", "mine"), w.Return(pluginapi.Respond)}, done: says("q", "mine")},
		{name: "change a status", permission: "responses", handler: onEvent(after), steps: []w.Step{w.SetKind("response.status", pluginapi.KindNumber, "202")},
			done: func(s *server, host string) bool { return ask(s, host).status == http.StatusAccepted }},
		{name: "change an answer", permission: "responses", handler: onEvent(after), steps: []w.Step{w.Set("response.body.q", "changed")}, done: says("q", "changed")},
		{name: "redirect a client", permission: "responses", handler: onEvent(after), steps: []w.Step{w.Set("response.redirect", "/elsewhere")},
			done: func(s *server, host string) bool { return ask(s, host).header.Get("Location") != "" }},
		{name: "add a header", permission: "responses", handler: onEvent(after), steps: []w.Step{w.Set("response.headers.x-mine", "yes")},
			done: func(s *server, host string) bool { return ask(s, host).header.Get("X-Mine") == "yes" }},
		{name: "add a header to a session", permission: "responses", handler: onEvent(pluginapi.EventResponseSession), steps: []w.Step{w.Set("response.headers.x-mine", "yes")},
			done: func(s *server, host string) bool { return s.signsUp(host).header.Get("X-Mine") == "yes" }},
		{name: "add a header to an error", permission: "responses", handler: onEvent(pluginapi.EventRequestRefused), steps: []w.Step{w.Set("response.headers.x-mine", "yes")},
			done: func(s *server, host string) bool {
				return s.signIn(host, "eve@example.com", password).header.Get("X-Mine") == "yes"
			}},
		{name: "put a step before sessions", permission: "responses", handler: onEvent(pluginapi.EventSessionCreating), steps: []w.Step{w.Set("response.body.step", "mine"), w.Return(pluginapi.Respond)},
			done: func(s *server, host string) bool { return s.signsUp(host).get("step") == "mine" }},
		{name: "sign about somebody", permission: "subjects", handler: pluginapi.Handler{Number: 1, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/sign"},
			uses:  []pluginapi.Capability{{Name: pluginapi.CapKeys, Keys: []string{"mine"}}},
			steps: []w.Step{w.Call("keys", "sign", `{"use":"mine","alg":"ES256","claims":{"sub":"somebody"},"expiresIn":60}`), w.Must(), w.Copy("response.body.token", "result.token")},
			done:  func(s *server, host string) bool { return s.at(host, "GET", "/sign", "", nil).get("token") != "" }},
		{name: "say who a request comes from", permission: "authentication",
			handler: pluginapi.Handler{Number: 1, Kind: pluginapi.KindHook, Event: before, Match: &pluginapi.Match{Paths: []string{"/get-session"}}},
			uses:    []pluginapi.Capability{{Name: pluginapi.CapSession}},
			steps:   []w.Step{w.Copy("args.userId", "request.headers.x-user"), w.Call("session", "assume", ""), w.Must()},
			done: func(s *server, host string) bool {
				id := s.signsUp(host).get("user.id")
				return s.at(host, "GET", "/get-session", "", http.Header{"X-User": {id}}).get("user.id") == id
			}},
		{name: "act as another user", permission: "impersonation", handler: pluginapi.Handler{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/become"},
			uses:  []pluginapi.Capability{{Name: pluginapi.CapSession}},
			steps: []w.Step{w.Copy("args.userId", "request.body.userId"), w.Copy("args.actor", "session.user.id"), w.Call("session", "create", ""), w.Must(), w.Copy("response.body.by", "result.session.impersonatedBy")},
			done: func(s *server, host string) bool {
				eve, root := s.signUp(host, "eve@example.com").get("user.id"), s.signsUp(host)
				return s.do(request{method: "POST", host: host, path: "/api/auth/become", cookie: root.cookie(), body: `{"userId":"` + eve + `"}`}).get("by") == root.get("user.id")
			}},
	}
}

func acts() []act { return append(readings(), changes()...) }

// id names the plugin and the tenant of an act.
func (a act) id() string {
	return strings.NewReplacer("'", "", " ", "-").Replace(strings.ToLower(a.name))
}

// event is the event without which a permission the act's hook cannot be; "" if
// there is none.
func (a act) event() string {
	if _, needs := pluginapi.EventPermission(a.handler.Event); needs {
		return a.handler.Event
	}
	return ""
}

// guest is the plugin, of an ABI version, which asks for what the act takes or
// does not.
func (a act) guest(abi string, asks bool) *w.Guest {
	m := &pluginapi.Manifest{ID: a.id(), ABI: abi, Capabilities: slices.Clone(a.uses), Handlers: []pluginapi.Handler{a.handler}, Cookies: []pluginapi.Cookie{{Name: "leak"}}}
	var names []string
	for name := range strings.FieldsSeq(a.permission) {
		if name == pluginapi.CapCookies && asks {
			m.Capabilities = append(m.Capabilities, pluginapi.Capability{Name: name})
		} else if name != pluginapi.CapCookies {
			names = append(names, name)
		}
	}
	g := w.New(m)
	if asks && len(names) > 0 {
		g.Permit(names...)
	}
	return g.Handler(1, a.steps...)
}

// entry is the tenant of the act, with or without the grants.
func (a act) entry(granted bool) string {
	var grants []string
	for _, c := range a.uses {
		grants = append(grants, c.Name)
	}
	if granted {
		grants = append(grants, strings.Fields(a.permission)...)
	}
	return fmt.Sprintf("  - id: %[1]s\n    baseURL: http://%[1]s.example\n    passwords: {algorithm: argon2id}\n%[2]s    plugins: [{id: email-password, config: {sendResetPassword: true}}, {id: victim, module: DIR/victim.wasm, grants: [authorization]}, %[3]s{id: %[1]s, module: DIR/%[1]s.wasm, grants: [%[4]s]}]\n",
		a.id(), a.tenant, a.plugins, strings.Join(grants, ", "))
}

// victim is a plugin whose endpoint says what it was asked.
func victim() *w.Guest {
	return w.New(&pluginapi.Manifest{ID: "victim", Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/victim"}}}).Permit("authorization").
		Handler(1, w.Copy("response.body.q", "request.query.q"), w.Copy("response.body.h", "request.headers.x-h"), w.Copy("response.body.bearer", "request.headers.authorization"))
}

// TestHostilePlugins has plugins try what takes a permission: without a grant
// each of them fails, or is not loaded where its hook is for nothing else. With
// the grant it works, which shows that the act would be noticed.
func TestHostilePlugins(t *testing.T) {
	needPlugins(t, "email-password", "convex", "two-factor")
	versions := []string{"1.1", "1.0"}
	if testing.Short() {
		versions = versions[:1]
	}
	for _, abi := range versions {
		for _, granted := range []bool{false, true} {
			t.Run(fmt.Sprintf("ABI %s granted %v", abi, granted), func(t *testing.T) {
				config, guests, tried := "\ntenants:\n", []*w.Guest{victim()}, []act{}
				for _, a := range acts() {
					if !granted && a.event() != "" {
						t.Run(a.name, func(t *testing.T) { a.isNotLoaded(t, abi) })
						continue
					}
					guests, tried = append(guests, a.guest(abi, granted && abi != "1.0")), append(tried, a)
					config += a.entry(granted)
				}
				s := serve(t, config, guests...)
				for _, a := range tried {
					if a.done(s, a.id()+".example") != granted {
						t.Errorf("%s: done is %v", a.name, !granted)
					}
				}
				log := s.log.String()
				if granted && strings.Contains(log, "refused what it has no permission for") {
					t.Errorf("the log has refusals: %s", log)
				}
				for _, a := range tried {
					for name := range strings.FieldsSeq(a.permission) {
						if told := strings.Contains(log, "plugin="+a.id()+" "); !granted && !a.quiet && (!told || !strings.Contains(log, name)) {
							t.Errorf("the log does not say that %s lacks %s", a.id(), name)
						}
					}
				}
			})
		}
	}
}

// isNotLoaded: a plugin is refused whose hook cannot work without a permission
// that it did not ask for, or that is not granted.
func (a act) isNotLoaded(t *testing.T, abi string) {
	for _, asks := range []bool{false, true} {
		if asks && abi == "1.0" {
			continue
		}
		dir := t.TempDir()
		writeGuest(t, dir, victim())
		wasm, err := a.guest(abi, asks).Unchecked()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, a.id()+".wasm"), wasm, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.New(t.Context(), parseConfig(t, dir, "\ntenants:\n"+a.entry(false)), options(&realmtest.Log{}, time.Now))
		if err == nil {
			t.Errorf("asking %v: it is loaded", asks)
			_ = e.Close(t.Context())
			continue
		}
		remedy := fmt.Sprintf("add %s to its grants if you trust", a.permission)
		if abi != "1.0" && !asks {
			remedy = fmt.Sprintf(`a hook on %q needs the permission %q; add {"name": %q}`, a.event(), a.permission, a.permission)
		}
		if !strings.Contains(err.Error(), remedy) || !strings.Contains(err.Error(), a.id()) {
			t.Errorf("asking %v: %v", asks, err)
		}
	}
}
