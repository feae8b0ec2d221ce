package capability_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

var onlySession = []pluginapi.Capability{capability(pluginapi.CapSession)}

// signIn stores a session and returns it.
func signIn(t *testing.T, r *realmtest.Realm, user string) *store.Record {
	t.Helper()
	ex := r.Exchange(t, dispatch.Request{})
	var rec *store.Record
	err := ex.Unit(t.Context(), func(ctx context.Context) (err error) {
		rec, err = r.Sessions.Create(ctx, store.Work{Tx: ex.Tx(), Hooks: ex, Now: r.Clock.Now()}, session.CreateParams{UserID: user})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func sessionsOf(t *testing.T, r *realmtest.Realm) (tokens []string) {
	t.Helper()
	page, err := r.Store.List(t.Context(), store.Query{Model: "session"})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range page.Records {
		tokens = append(tokens, rec.Str("token"))
	}
	return tokens
}

// as is a request with a session's cookie.
func as(r *realmtest.Realm, rec *store.Record) dispatch.Request {
	h := http.Header{}
	if rec != nil {
		h.Set("Cookie", "better-auth.session_token="+session.EncodeURIComponent(r.Secrets.Sign(rec.Str("token"))))
	}
	return dispatch.Request{Method: "POST", Path: "/guest", Headers: h, IP: "203.0.113.7", UserAgent: "test"}
}

func cookieNames(ex *dispatch.Exchange) string {
	var names []string
	for _, c := range ex.Response.Cookies {
		name := c.Name
		if c.Value == "" {
			name = "-" + name
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestSessionCreate(t *testing.T) {
	tests := []struct {
		name, args string
		status     pluginapi.Status
		cookies    string
		life       time.Duration
	}{
		{"remembered", `{"userId":"ada","reason":"x"}`, pluginapi.StatusOK, "session_token", session.DefaultExpiresIn},
		{"forgotten", `{"userId":"ada","rememberMe":false}`, pluginapi.StatusOK, "session_token dont_remember", session.DontRememberLife},
		{"remembered by default", `{"userId":"ada","rememberMe":"false"}`, pluginapi.StatusOK, "session_token", session.DefaultExpiresIn},
		{"unknown user", `{"userId":"nobody"}`, pluginapi.StatusNotFound, "", 0},
		{"no user", `{}`, pluginapi.StatusInvalid, "", 0},
		{"a life of its own", `{"userId":"ada","expiresIn":60}`, pluginapi.StatusOK, "session_token", time.Minute},
		{"a life of its own, forgotten", `{"userId":"ada","expiresIn":60,"rememberMe":false}`, pluginapi.StatusOK, "session_token dont_remember", time.Minute},
		{"no life", `{"userId":"ada","expiresIn":0}`, pluginapi.StatusInvalid, "", 0},
		{"too long a life", `{"userId":"ada","expiresIn":31622401}`, pluginapi.StatusInvalid, "", 0},
		{"fields of its own choice", `{"userId":"ada","fields":{"theme":"dark"}}`, pluginapi.StatusDenied, "", 0},
		{"the engine's fields", `{"userId":"ada","fields":{"notAfter":null}}`, pluginapi.StatusDenied, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", onlySession, call("c", "session", "create", tt.args), w.Copy("response.body.view", "session.user.id"))}})
			addUser(t, r, "ada")
			ex := r.Exchange(t, as(r, nil))
			answer := runOn(t, r, ex, 0)
			result := want(t, answer, "c", tt.status)
			if got := cookieNames(ex); got != tt.cookies {
				t.Errorf("cookies %s", got)
			}
			if tt.status != pluginapi.StatusOK {
				return
			}
			s := result.Get("session")
			expires, _ := s.Get("expiresAt").Time()
			if expires.Sub(r.Clock.Now()) != tt.life || s.Get("ipAddress").Str() != "203.0.113.7" || s.Get("userAgent").Str() != "test" || s.Get("userId").Str() != "ada" || s.Get("token").Str() == "fixed" {
				t.Errorf("session %s", s.JSON())
			}
			if answer.Get("view").Str() != "ada" || result.Get("user").Get("id").Str() != "ada" {
				t.Errorf("answer %s", answer.JSON())
			}
		})
	}
}

// TestSessionKeepsTheChoice: a session that a link begins ends with the
// browser, if the user chose that for the one before.
func TestSessionKeepsTheChoice(t *testing.T) {
	for _, tt := range []struct{ name, args, cookie, cookies string }{
		{"forgotten before", `{"userId":"ada","rememberMe":"keep"}`, "signed", "session_token dont_remember"},
		{"remembered before", `{"userId":"ada","rememberMe":"keep"}`, "", "session_token"},
		{"no session before", `{"userId":"ada","rememberMe":"keep"}`, "alone", "session_token dont_remember"},
		{"not signed", `{"userId":"ada","rememberMe":"keep"}`, "true", "session_token"},
		{"not asked", `{"userId":"ada"}`, "signed", "session_token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", onlySession, call("c", "session", "create", tt.args))}})
			addUser(t, r, "ada")
			request := as(r, nil)
			cookie := "better-auth.session_token=" + session.EncodeURIComponent(r.Secrets.Sign("of a session that ended"))
			switch tt.cookie {
			case "signed":
				cookie += "; better-auth.dont_remember=" + session.EncodeURIComponent(r.Secrets.Sign("true"))
			case "alone":
				cookie = "better-auth.dont_remember=" + session.EncodeURIComponent(r.Secrets.Sign("true"))
			case "true":
				cookie += "; better-auth.dont_remember=true"
			}
			request.Headers.Set("Cookie", cookie)
			ex := r.Exchange(t, request)
			want(t, runOn(t, r, ex, 0), "c", pluginapi.StatusOK)
			if got := cookieNames(ex); got != tt.cookies {
				t.Errorf("cookies %s, want %s", got, tt.cookies)
			}
		})
	}
}

// TestSessionUpdate: a plugin sets the fields that it adds itself, and of what
// a client sends those that are open to clients.
func TestSessionUpdate(t *testing.T) {
	const own = `{"team":"red"}`
	tests := []struct {
		name, args string
		signedIn   bool
		status     pluginapi.Status
		code       string
		theme, own string // afterwards
	}{
		{"input", `{"input":{"theme":"dark","token":"x","expiresAt":"2099-01-01T00:00:00Z","nonsense":1}}`, true, pluginapi.StatusOK, "", "dark", ""},
		{"the plugin's own", `{"set":` + own + `}`, true, pluginapi.StatusOK, "", "", "red"},
		{"both", `{"set":` + own + `,"input":{"theme":"dark","team":"blue"}}`, true, pluginapi.StatusOK, "", "dark", "red"},
		{"a core field", `{"set":{"expiresAt":"2099-01-01T00:00:00Z"}}`, true, pluginapi.StatusDenied, "", "", ""},
		{"another's field", `{"set":{"theme":"dark"}}`, true, pluginapi.StatusDenied, "", "", ""},
		{"wrong type", `{"input":{"theme":7}}`, true, pluginapi.StatusInvalid, "VALIDATION_ERROR", "", ""},
		{"not open to clients", `{"input":{"team":"blue"}}`, true, pluginapi.StatusInvalid, "FIELD_NOT_ALLOWED", "", ""},
		{"nothing", `{"input":{"token":"x"}}`, true, pluginapi.StatusInvalid, "NO_FIELDS", "", ""},
		{"no session", `{"input":{"theme":"dark"}}`, false, pluginapi.StatusNotFound, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := guest("guest", onlySession, call("c", "session", "update", tt.args), w.Copy("response.body.view", "session.session.theme"))
			g.Manifest().Fields = map[string]map[string]pluginapi.Field{session.Model: {"team": {Type: "string"}}}
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g},
				Fields:       []store.Model{{Name: session.Model, Fields: []store.Field{{Name: "theme", Type: store.String}, {Name: "team", Type: store.String}}}},
				SessionInput: []identity.Field{{Name: "theme", Type: store.String}, {Name: "team", Type: store.String, ReadOnly: true}},
			})
			addUser(t, r, "ada")
			rec := signIn(t, r, "ada")
			ex := r.Exchange(t, as(r, nil))
			if tt.signedIn {
				ex = r.Exchange(t, as(r, rec))
			}
			answer := runOn(t, r, ex, 0)
			result := want(t, answer, "c", tt.status)
			if result.Get("code").Str() != tt.code {
				t.Errorf("result %s", result.JSON())
			}
			after, err := r.Store.Get(t.Context(), session.Model, rec.ID)
			if err != nil {
				t.Fatal(err)
			}
			if after.Str("theme") != tt.theme || after.Str("team") != tt.own || after.Str("token") != rec.Str("token") || after.Str("expiresAt") != rec.Str("expiresAt") {
				t.Errorf("session %s", document.Obj(after.Fields).JSON())
			}
			if answer.Get("view").Str() != tt.theme {
				t.Errorf("the handler sees %s", answer.JSON())
			}
		})
	}
}

func TestSessionFunctions(t *testing.T) {
	tests := []struct {
		name, function, args string // ADA, BOB and OLD stand for tokens
		signedIn             bool
		status               pluginapi.Status
		left                 string // whose sessions are left
		cookies              string
		result               string
	}{
		{name: "list", function: "list", args: `{"userId":"ada"}`, left: "ADA ADA2 BOB OLD"},
		{name: "list of nobody", function: "list", args: `{"userId":"nobody"}`, left: "ADA ADA2 BOB OLD", result: `{"sessions":[]}`},
		{name: "revoke", function: "revoke", args: `{"token":"ADA"}`, left: "ADA2 BOB OLD"},
		{name: "revoke one's own", function: "revoke", args: `{"token":"ADA","userId":"ada"}`, left: "ADA2 BOB OLD"},
		{name: "revoke another's", function: "revoke", args: `{"token":"BOB","userId":"ada"}`, status: pluginapi.StatusNotFound, left: "ADA ADA2 BOB OLD"},
		{name: "revoke nothing", function: "revoke", args: `{"token":"x"}`, status: pluginapi.StatusNotFound, left: "ADA ADA2 BOB OLD"},
		{name: "revoke a user's", function: "revokeUser", args: `{"userId":"ada"}`, left: "BOB OLD", result: `{"count":2}`},
		{name: "revoke a user's others", function: "revokeUser", args: `{"userId":"ada","exceptToken":"ADA"}`, left: "ADA BOB OLD", result: `{"count":1}`},
		{name: "end", function: "end", args: `{}`, signedIn: true, left: "ADA2 BOB OLD", cookies: "-session_token -session_data -dont_remember"},
		{name: "end nothing", function: "end", args: `{}`, left: "ADA ADA2 BOB OLD", cookies: "-session_token -session_data -dont_remember"},
		{name: "reissue", function: "reissue", args: `{}`, signedIn: true, left: "ADA ADA2 BOB OLD", cookies: "session_token"},
		{name: "reissue nothing", function: "reissue", args: `{}`, status: pluginapi.StatusNotFound, left: "ADA ADA2 BOB OLD"},
		{name: "use outside its event", function: "use", args: `{"token":"BOB"}`, status: pluginapi.StatusDenied, left: "ADA ADA2 BOB OLD"},
		{name: "find", function: "find", args: `{"token":"BOB"}`, left: "ADA ADA2 BOB OLD"},
		{name: "find one that is over", function: "find", args: `{"token":"OLD"}`, status: pluginapi.StatusNotFound, left: "ADA ADA2 BOB OLD"},
		{name: "adopt", function: "adopt", args: `{"token":"BOB"}`, left: "ADA ADA2 BOB OLD", cookies: "session_token"},
		{name: "adopt one that is over", function: "adopt", args: `{"token":"OLD"}`, status: pluginapi.StatusNotFound, left: "ADA ADA2 BOB OLD"},
		{name: "adopt nothing", function: "adopt", args: `{}`, status: pluginapi.StatusInvalid, left: "ADA ADA2 BOB OLD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The tokens are known only once the realm is there, so the guest
			// takes them from the request.
			g := guest("guest", onlySession, w.Copy("args", "request.body"), call("c", "session", tt.function, ""))
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
			addUser(t, r, "ada")
			addUser(t, r, "bob")
			tokens := map[string]string{"OLD": signIn(t, r, "bob").Str("token")}
			r.Clock.Advance(session.DefaultExpiresIn)
			ada := signIn(t, r, "ada")
			tokens["ADA"], tokens["ADA2"], tokens["BOB"] = ada.Str("token"), signIn(t, r, "ada").Str("token"), signIn(t, r, "bob").Str("token")
			args := tt.args
			for name, token := range tokens {
				args = strings.ReplaceAll(args, `"`+name+`"`, `"`+token+`"`)
			}
			req := as(r, nil)
			if tt.signedIn {
				req = as(r, ada)
			}
			req.Body, _ = document.Parse([]byte(args), 0)
			ex := r.Exchange(t, req)
			result := want(t, runOn(t, r, ex, 0), "c", tt.status)
			if tt.result != "" && string(result.JSON()) != tt.result {
				t.Errorf("got %s", result.JSON())
			}
			if got := cookieNames(ex); got != tt.cookies {
				t.Errorf("cookies %s, want %s", got, tt.cookies)
			}
			left := sessionsOf(t, r)
			for name, token := range tokens {
				want := strings.Contains(" "+tt.left+" ", " "+name+" ")
				if got := strings.Contains(strings.Join(left, " "), token); got != want {
					t.Errorf("session %s is left: %v", name, got)
				}
			}
		})
	}
}

// TestSessionUse: a request.before hook makes a token the request's
// credential, in place of the cookie.
func TestSessionUse(t *testing.T) {
	hook := guest("hook", onlySession)
	hook.Manifest().Handlers = append(hook.Manifest().Handlers, pluginapi.Handler{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore})
	hook.Handler(2, w.Copy("args", "request.body"), w.Call("session", "use", ""), w.Report("request.body.status"))
	for _, tt := range []struct {
		name, token string // ADA stands for ada's
		signed      bool
		status      string
		user        string
	}{
		{"plain", "ADA", false, "0", "ada"},
		{"signed", "SIGNED", false, "0", "ada"},
		{"signed, as it must be", "SIGNED", true, "0", "ada"},
		{"plain, though it must be signed", "ADA", true, "4", "bob"},
		{"wrongly signed", "ADA.x", false, "4", "bob"},
		{"unknown", "nope", false, "0", ""},
		{"empty", "", false, "4", "bob"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{hook}})
			addUser(t, r, "ada")
			addUser(t, r, "bob")
			token := signIn(t, r, "ada").Str("token")
			req := as(r, signIn(t, r, "bob"))
			given := strings.NewReplacer("ADA", token, "SIGNED", r.Secrets.Sign(token)).Replace(tt.token)
			req.Body = document.Obj(document.NewObject(2).Set("token", document.Text(given)).Set("requireSignature", document.Boolean(tt.signed)))
			ex := r.Exchange(t, req)
			if done, err := ex.Before(t.Context()); done || err != nil {
				t.Fatal(done, err)
			}
			cur, err := ex.Session.Current(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			user := ""
			if cur.Valid() {
				user = cur.User.ID
			}
			if got := ex.Request.Body.Get("status").NumberText(); got != tt.status || user != tt.user {
				t.Errorf("status %s, user %q; want %s, %q", got, user, tt.status, tt.user)
			}
		})
	}
}

// TestCookiesCapability: cookies that came by another header count as the
// request's, and an answer's can be taken to another one, in their events.
func TestCookiesCapability(t *testing.T) {
	hook := guest("hook", []pluginapi.Capability{capability(pluginapi.CapCookies), capability(pluginapi.CapSession)},
		call("inject", "cookies", "inject", `{"header":"a=b"}`), call("detach", "cookies", "detach", `{}`),
		w.Call("session", "create", `{"userId":"ada"}`), w.Must())
	hook.Manifest().Handlers = append(hook.Manifest().Handlers,
		pluginapi.Handler{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore},
		pluginapi.Handler{Number: 3, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestAfter})
	hook.Handler(2, w.Copy("args.header", "request.headers.x-cookie"), w.Call("cookies", "inject", ""), w.Report("request.body.status"))
	hook.Handler(3, w.Call("cookies", "detach", `{}`), w.Must(), w.Copy("response.headers.x-set-cookie", "result.lines.0"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{hook}})
	addUser(t, r, "ada")
	addUser(t, r, "bob")
	cookie := as(r, signIn(t, r, "ada")).Headers.Get("Cookie")

	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/hook", Headers: http.Header{"X-Cookie": {cookie}}})
	if _, err := ex.Before(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cur, _ := ex.Session.Current(t.Context()); !cur.Valid() || cur.User.ID != "ada" {
		t.Error("the injected cookie is not used")
	}
	answer := runOn(t, r, ex, 0)
	want(t, answer, "inject", pluginapi.StatusDenied)
	want(t, answer, "detach", pluginapi.StatusDenied)
	if err := ex.After(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(ex.Response.Cookies) != 0 || !strings.HasPrefix(ex.Response.Headers.Get("X-Set-Cookie"), "better-auth.session_token=") {
		t.Errorf("response %+v", ex.Response)
	}

	// The request's own cookie wins, and a header that is none is refused.
	own := as(r, signIn(t, r, "bob"))
	own.Headers.Set("X-Cookie", cookie)
	ex = r.Exchange(t, own)
	if _, err := ex.Before(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cur, _ := ex.Session.Current(t.Context()); !cur.Valid() || cur.User.ID != "bob" {
		t.Error("the injected cookie outweighs the request's own")
	}
	ex = r.Exchange(t, dispatch.Request{Method: "POST", Path: "/hook", Headers: http.Header{"X-Cookie": {"a=b\r\nX: y"}}})
	if _, err := ex.Before(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ex.Request.Body.Get("status").NumberText(); got != "4" || ex.Request.Headers.Get("Cookie") != "" {
		t.Errorf("status %s, cookie %q", got, ex.Request.Headers.Get("Cookie"))
	}
}
