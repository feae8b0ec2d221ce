package dispatch_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// guarded is a realm with an endpoint of a plugin "guest" and a plugin "hook",
// which leaves what it finds at a path in its cookie "found", and the status of
// a write in "wrote".
func guarded(t *testing.T, event string, capabilities []string, permissions []string, steps ...w.Step) *realmtest.Realm {
	t.Helper()
	m := &pluginapi.Manifest{ID: "hook", Handlers: []pluginapi.Handler{on(1, event)}, Cookies: []pluginapi.Cookie{{Name: "found"}, {Name: "wrote"}}}
	for _, name := range capabilities {
		m.Capabilities = append(m.Capabilities, pluginapi.Capability{Name: name})
	}
	hook := w.New(m)
	if len(permissions) > 0 {
		hook.Permit(permissions...)
	}
	guest := everything("guest").Handler(1,
		w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must(),
		w.Set("response.body.token", "t0ken"), w.Set("response.body.name", "Ada"), w.Set("response.headers.x-guest", "h3ader"))
	return realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest, hook.Handler(1, steps...)}})
}

// exchanged sends a request to the guest's endpoint, with all that may be
// secret in it, and returns the exchange when it is answered.
func exchanged(t *testing.T, r *realmtest.Realm) (*dispatch.Exchange, error) {
	t.Helper()
	body, err := document.Parse([]byte(`{"email":"ada@example.com","password":"pa55word","nested":[{"newPassword":"pa55word"}],"token":"t0ken"}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	ex := r.Exchange(t, dispatch.Request{
		Method: "POST", Path: "/guest/t0ken", URL: "/api/auth/guest/t0ken", Body: body, RawBody: body.JSON(),
		Query:   document.NewObject(1).Set("code", document.Text("c0de")).Set("page", document.Text("2")),
		Params:  map[string]string{"token": "t0ken"},
		Headers: http.Header{"Authorization": {"Bearer b3arer"}, "Better-Auth-Cookie": {"c=c00kie"}, "Referer": {"/reset?token=t0ken"}, "X-Other": {"other"}, "Cookie": {"better-auth.guest_plain=c00kie"}},
	})
	if done, err := ex.Before(t.Context()); done || err != nil {
		return ex, err
	}
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
		return ex, err
	}
	return ex, ex.After(t.Context())
}

func cookieValue(ex *dispatch.Exchange, name string) string {
	for _, c := range ex.Response.Cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// TestSeeing: what a plugin's hooks do not see of requests to others, and of
// their answers, without a permission, and see with it. Others are free.
func TestSeeing(t *testing.T) {
	before, after := pluginapi.EventRequestBefore, pluginapi.EventRequestAfter
	for _, tt := range []struct{ event, path, want, permissions string }{
		{before, "request.body.email", "ada@example.com", ""},
		{before, "request.body.password", "pa55word", "passwords"},
		{before, "request.body.nested.0.newPassword", "pa55word", "passwords"},
		{before, "request.body.token", "t0ken", "tokens"},
		{before, "request.query.code", "c0de", "tokens"},
		{before, "request.query.page", "2", ""},
		{before, "request.params.token", "t0ken", "tokens"},
		{before, "request.path", "/guest/t0ken", "tokens"},
		{before, "request.url", "/api/auth/guest/t0ken", "tokens"},
		{before, "request.rawBody", "pa55word", "passwords,tokens"},
		{before, "request.headers.authorization", "Bearer b3arer", "authorization"},
		{before, "request.headers.Better-Auth-Cookie", "c00kie", "authorization"},
		{before, "request.headers.referer", "/reset", "tokens"},
		{before, "request.headers.x-other", "other", ""},
		{before, "request.method", "POST", ""},
		{after, "request.body.password", "pa55word", "passwords"},
		{after, "response.body.token", "t0ken", "tokens"},
		{after, "response.body.name", "Ada", ""},
		{after, "response.headers.x-guest", "h3ader", "tokens"},
		{after, "session.session.token", "", "tokens"},
		{after, "session.session.userId", "", ""},
	} {
		t.Run(tt.event+" "+tt.path, func(t *testing.T) {
			found := func(permissions []string) (string, string) {
				r := guarded(t, tt.event, nil, permissions, w.Copy("response.cookies.found", tt.path))
				ex, err := exchanged(t, r)
				if err != nil {
					t.Fatal(err)
				}
				return cookieValue(ex, "found"), r.Log.String()
			}
			value, log := found(nil)
			if (value == "") != (tt.permissions != "") || !strings.Contains(value, tt.want) && value != "" {
				t.Errorf("without a permission it is %q", value)
			}
			if strings.Contains(log, "refused what it has no permission for") != (tt.permissions != "") {
				t.Errorf("the log has %s", log)
			}
			if tt.permissions == "" {
				return
			}
			all := strings.Split(tt.permissions, ",")
			if value, _ := found(all); value == "" || !strings.Contains(value, tt.want) {
				t.Errorf("with %s it is %q", tt.permissions, value)
			}
			for i := range all { // each of them is needed
				if value, _ := found(append(all[:i:i], all[i+1:]...)); value != "" {
					t.Errorf("without %s alone it is %q", all[i], value)
				}
			}
		})
	}
}

// TestSeeingParts: of an object the rest is seen, and the object itself stays
// whole for others.
func TestSeeingParts(t *testing.T) {
	for event, tt := range map[string]struct{ path, whole, rest string }{
		pluginapi.EventRequestBefore: {"request.body", `{"email":"ada@example.com","nested":[{}]}`, `{"email":"ada@example.com","password":"pa55word","nested":[{"newPassword":"pa55word"}],"token":"t0ken"}`},
		pluginapi.EventRequestAfter:  {"response.body", `{"name":"Ada"}`, `{"token":"t0ken","name":"Ada"}`},
	} {
		r := guarded(t, event, nil, nil, w.Copy("scratch.seen", tt.path), w.Copy("scratch.box.value", "scratch.seen"), w.Get(tt.path), w.Copy("error.message", "scratch.seen.email"),
			w.Copy("response.cookies.found", "scratch.seen.password"), w.Copy("response.cookies.wrote", "scratch.seen.token"))
		ex, err := exchanged(t, r)
		if err != nil {
			t.Fatal(err)
		}
		if v := cookieValue(ex, "found") + cookieValue(ex, "wrote"); v != "" {
			t.Errorf("%s: it sees %q", tt.path, v)
		}
		if got := ex.Request.Body.JSON(); event == pluginapi.EventRequestBefore && string(got) != tt.rest {
			t.Errorf("the body is %s afterwards", got)
		}
		if got := ex.Response.Body.JSON(); event == pluginapi.EventRequestAfter && string(got) != tt.rest {
			t.Errorf("the answer is %s afterwards", got)
		}
	}
	for path, secret := range map[string]string{"request.body": "pa55word", "request.rawBody": "pa55word", "session": `"token"`, "session.session": `"token"`} {
		for _, permissions := range [][]string{nil, {"passwords", "tokens"}} {
			r := guarded(t, pluginapi.EventResponseSession, nil, permissions, w.Get(path), w.Pass("response.cookies.found"))
			ex, err := exchanged(t, r)
			if err != nil {
				t.Fatal(err)
			}
			if text := cookieValue(ex, "found"); strings.Contains(text, secret) != (permissions != nil) {
				t.Errorf("with %v, %s is %q", permissions, path, text)
			}
		}
	}
	r := guarded(t, pluginapi.EventResponseSession, nil, nil, w.Copy("scratch.s", "session"), w.Copy("scratch.t", "session.session"),
		w.Copy("response.cookies.found", "scratch.s.session.token"), w.Copy("response.cookies.wrote", "scratch.t.token"))
	ex, err := exchanged(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if v := cookieValue(ex, "found") + cookieValue(ex, "wrote"); v != "" {
		t.Errorf("it sees the session's token: %q", v)
	}
}

// TestSetting: likewise for what hooks set.
func TestSetting(t *testing.T) {
	before, after, gate := pluginapi.EventRequestBefore, pluginapi.EventRequestAfter, pluginapi.EventSessionCreating
	set := func(path, value string) w.Step { return w.Set(path, value) }
	for _, tt := range []struct {
		event, path string
		step        w.Step
		permissions string
	}{
		{before, "request.body.email", set("request.body.email", "eve@example.com"), "requests"},
		{before, "request.body.password", set("request.body.password", "x"), "requests,passwords"},
		{before, "request.body", w.SetJSON("request.body", `{"a":[{"password":"x"}]}`), "requests,passwords"},
		{before, "request.body", w.SetJSON("request.body", `{"a":1}`), "requests"},
		{before, "request.query.page", set("request.query.page", "3"), "requests"},
		{before, "request.query.code", set("request.query.code", "x"), "requests,tokens"},
		{before, "request.headers.x-other", set("request.headers.x-other", "x"), "requests"},
		{before, "request.headers.authorization", set("request.headers.authorization", "x"), "requests,authorization"},
		{before, "response.headers.x-mine", set("response.headers.x-mine", "x"), "requests"},
		{before, "response.body.token", set("response.body.token", "x"), "requests,tokens"},
		{before, "response.cookies.found", set("response.cookies.found", "x"), ""},
		{after, "response.status", w.SetKind("response.status", pluginapi.KindNumber, "201"), "responses"},
		{after, "response.body.name", set("response.body.name", "x"), "responses"},
		{after, "response.body", w.SetJSON("response.body", `{"session":{"token":"x"}}`), "responses,tokens"},
		{after, "response.headers.x-mine", set("response.headers.x-mine", "x"), "responses"},
		{after, "response.redirect", set("response.redirect", "/x"), "responses"},
		{after, "response.cookies.found", set("response.cookies.found", "x"), ""},
		{gate, "response.body.step", set("response.body.step", "x"), "responses"},
		{gate, "response.cookies.found", set("response.cookies.found", "x"), ""},
	} {
		t.Run(tt.event+" "+tt.path+" "+tt.permissions, func(t *testing.T) {
			denied := func(permissions []string) bool {
				r := guarded(t, tt.event, nil, permissions, tt.step, w.Report("scratch.status"), w.If(pluginapi.StatusDenied, w.Set("response.cookies.wrote", "denied")))
				ex, err := exchanged(t, r)
				if err != nil {
					t.Fatal(err)
				}
				return cookieValue(ex, "wrote") == "denied"
			}
			if denied(nil) != (tt.permissions != "") {
				t.Errorf("without a permission it is denied: %v", denied(nil))
			}
			if tt.permissions == "" {
				return
			}
			all := strings.Split(tt.permissions, ",")
			if denied(all) {
				t.Errorf("with %s it is denied", tt.permissions)
			}
			for i := range all {
				if rest := append(all[:i:i], all[i+1:]...); !denied(rest) {
					t.Errorf("with %q alone it is not denied", rest)
				}
			}
		})
	}
}

// TestAnsweringForOthers: an answer in place of an endpoint, and a step before
// a session, without the permission is a failure of the hook, and nothing of it
// is sent.
func TestAnsweringForOthers(t *testing.T) {
	for event, permission := range map[string]string{pluginapi.EventRequestBefore: "requests", pluginapi.EventSessionCreating: "responses"} {
		steps := []w.Step{w.Set("response.cookies.found", "x"), w.Return(pluginapi.Respond)}
		r := guarded(t, event, nil, nil, steps...)
		ex, err := exchanged(t, r)
		if err == nil || !strings.Contains(err.Error(), `"`+permission+`"`) || cookieValue(ex, "found") != "" || cookieValue(ex, session.CookieToken) != "" {
			t.Errorf("%s: %v, cookies %v", event, err, ex.Response.Cookies)
		}
		if ex, err = exchanged(t, guarded(t, event, nil, []string{permission}, steps...)); err != nil || cookieValue(ex, "found") != "x" {
			t.Errorf("%s with the permission: %v, cookies %v", event, err, ex.Response.Cookies)
		}
	}
}

// TestOwnRequests: the request to a plugin's own endpoint and its answer are the
// plugin's, but for what it has of others.
func TestOwnRequests(t *testing.T) {
	m := &pluginapi.Manifest{
		ID:       "own",
		Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/guest/:token"}, on(2, pluginapi.EventRequestBefore), on(3, pluginapi.EventRequestAfter)},
	}
	guest := w.New(m).
		Handler(1, w.Copy("response.body.password", "request.body.password"), w.Copy("response.body.query", "request.query.code"), w.Copy("response.body.path", "request.path"),
			w.Copy("response.body.bearer", "request.headers.authorization"), w.Copy("response.body.cookie", "request.cookies.guest_plain")).
		Handler(2, w.Set("request.body.password", "changed"), w.Must()).
		Handler(3, w.Set("response.body.after", "changed"), w.Must(), w.Copy("response.headers.x-path", "request.url"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest}})
	body, _ := document.Parse([]byte(`{"password":"pa55word"}`), 0)
	ex := r.Exchange(t, dispatch.Request{
		Method: "POST", Path: "/guest/t0ken", URL: "/api/auth/guest/t0ken", Body: body, Query: document.NewObject(1).Set("code", document.Text("c0de")), Params: map[string]string{"token": "t0ken"},
		Headers: http.Header{"Authorization": {"Bearer b3arer"}, "Cookie": {"better-auth.guest_plain=c00kie"}}, Owner: r.Set.Owner("POST", "/guest/t0ken"),
	})
	if done, err := ex.Before(t.Context()); done || err != nil {
		t.Fatal(done, err)
	}
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
		t.Fatal(err)
	}
	if err := ex.After(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `{"password":"changed","query":"c0de","path":"/guest/t0ken","after":"changed"}`
	if got := string(ex.Response.Body.JSON()); got != want || ex.Response.Headers.Get("X-Path") != "/api/auth/guest/t0ken" {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Set.Owner("GET", "/guest/t0ken") != nil || r.Set.Owner("POST", "/guest") != nil {
		t.Error("others' endpoints are its own")
	}
}

// TestForeignCookies takes the capability "cookies".
func TestForeignCookies(t *testing.T) {
	for _, capabilities := range [][]string{nil, {pluginapi.CapCookies}} {
		r := guarded(t, pluginapi.EventRequestBefore, capabilities, nil, w.Copy("response.cookies.found", "request.cookies.guest_plain"))
		ex, err := exchanged(t, r)
		if err != nil {
			t.Fatal(err)
		}
		if got := cookieValue(ex, "found"); (got == "c00kie") != (capabilities != nil) {
			t.Errorf("with %v it is %q", capabilities, got)
		}
	}
}

// TestRecordSecrets: tokens of sessions, and what others verify, take the
// permission "tokens". A plugin's own verifications are its own.
func TestRecordSecrets(t *testing.T) {
	verify := w.Call("verification", "create", `{"identifier":"reset:t0ken","value":"ada","expiresIn":60}`)
	for _, permissions := range [][]string{nil, {"tokens"}} {
		m := &pluginapi.Manifest{ID: "hook", Handlers: []pluginapi.Handler{on(1, pluginapi.EventSessionCreating), on(2, pluginapi.EventVerificationCreating)}}
		hook := w.New(m)
		if permissions != nil {
			hook.Permit(permissions...)
		}
		look := []w.Step{
			w.Get("record.token"), w.If(pluginapi.Status(pluginapi.KindString), w.Log(pluginapi.LevelInfo, "saw a token")),
			w.Get("record.identifier"), w.If(pluginapi.Status(pluginapi.KindString), w.Log(pluginapi.LevelInfo, "saw an identifier")),
			w.Copy("scratch.r", "record"), w.Get("scratch.r.value"), w.If(pluginapi.Status(pluginapi.KindString), w.Log(pluginapi.LevelInfo, "saw a value")),
			w.Get("scratch.r.expiresAt"), w.If(pluginapi.Status(pluginapi.KindString), w.Log(pluginapi.LevelInfo, "saw the rest")),
		}
		hook.Handler(1, look...).Handler(2, look...)
		guest := everything("guest", on(2, pluginapi.EventVerificationCreating)).Handler(1,
			w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must(), verify, w.Must()).
			Handler(2, w.Get("record.identifier"), w.If(pluginapi.Status(pluginapi.KindString), w.Log(pluginapi.LevelInfo, "saw its own")))
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest, hook}})
		if _, err := runFirst(t, r); err != nil {
			t.Fatal(err)
		}
		log := r.Log.String()
		for _, line := range []string{"saw a token", "saw an identifier", "saw a value"} {
			if strings.Contains(log, line) != (permissions != nil) {
				t.Errorf("with %v: %s: %v", permissions, line, strings.Contains(log, line))
			}
		}
		if !strings.Contains(log, "saw the rest") || !strings.Contains(log, "saw its own") {
			t.Errorf("with %v: %s", permissions, log)
		}
	}
}

// TestRefusalsAreToldOnce: the log has one line for each permission that was
// missing, however often, with what to do.
func TestRefusalsAreToldOnce(t *testing.T) {
	for abi, remedy := range map[string]string{"1.1": "manifest", "1.0": "grants"} {
		m := &pluginapi.Manifest{ID: "hook", ABI: abi, Handlers: []pluginapi.Handler{on(1, pluginapi.EventRequestBefore)}}
		hook := w.New(m).Handler(1, w.Get("request.body.password"), w.Get("request.body.password"), w.Get("request.body.newPassword"), w.Get("request.headers.authorization"))
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1), hook}})
		for range 2 {
			if _, err := exchanged(t, r); err != nil {
				t.Fatal(err)
			}
		}
		log := r.Log.String()
		if strings.Count(log, "refused what it has no permission for") != 2 || strings.Count(log, "permission=passwords") != 1 || strings.Count(log, "permission=authorization") != 1 ||
			!strings.Contains(log, "plugin=hook") || !strings.Contains(log, "what=request.body.password") || !strings.Contains(log, remedy) {
			t.Errorf("ABI %s: %s", abi, log)
		}
		if strings.Contains(log, "pa55word") {
			t.Error("the log has the password")
		}
	}
}

// TestRecordFields: hooks set what clients may set, and protected fields with
// the permission "fields". Other records cannot be set at all.
func TestRecordFields(t *testing.T) {
	set := func(path, value string) []w.Step {
		return []w.Step{w.SetJSON(path, value), w.If(pluginapi.StatusDenied, w.Log(pluginapi.LevelInfo, "denied "+path)), w.If(pluginapi.StatusOK, w.Log(pluginapi.LevelInfo, "set "+path))}
	}
	for _, tt := range []struct {
		event       string
		path, value string
		free, never bool
	}{
		{pluginapi.EventUserCreating, "record.name", `"Eve"`, true, false},
		{pluginapi.EventUserCreating, "record.image", `"x"`, true, false},
		{pluginapi.EventUserCreating, "record.emailVerified", `true`, false, false},
		{pluginapi.EventUserCreating, "record.email", `"eve@example.com"`, false, false},
		{pluginapi.EventUserCreating, "record.createdAt", `"x"`, false, false},
		{pluginapi.EventUserCreating, "record.theme", `"dark"`, true, false}, // clients can set it
		{pluginapi.EventSessionCreating, "record.expiresAt", `"2100-01-01T00:00:00.000Z"`, false, false},
		{pluginapi.EventSessionCreating, "record.userId", `"eve"`, false, false},
		{pluginapi.EventSessionCreating, "record.token", `"t"`, false, false},
		{pluginapi.EventVerificationCreating, "record.value", `"x"`, false, false},
		{pluginapi.EventUserCreated, "record.name", `"Eve"`, false, true},
	} {
		t.Run(tt.event+" "+tt.path, func(t *testing.T) {
			log := func(permissions ...string) string {
				m := &pluginapi.Manifest{ID: "hook", Handlers: []pluginapi.Handler{on(1, tt.event)}}
				hook := w.New(m)
				if permissions != nil {
					hook.Permit(permissions...)
				}
				guest := everything("guest").Handler(1,
					w.Call("verification", "create", `{"identifier":"x","value":"y","expiresIn":60}`), w.Must(),
					w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""))
				fields := []store.Model{{Name: "user", Fields: []store.Field{{Name: "theme", Type: store.String}}}}
				r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest, hook.Handler(1, set(tt.path, tt.value)...)}, Fields: fields})
				ex, _ := runFirst(t, r) // that a record is no good is another matter
				ex.RunObservers(t.Context())
				return r.Log.String()
			}
			if got := log(); strings.Contains(got, "set "+tt.path) != tt.free || strings.Contains(got, "denied "+tt.path) == tt.free {
				t.Errorf("without the permission: %s", got)
			}
			if got := log("fields"); strings.Contains(got, "set "+tt.path) == tt.never {
				t.Errorf("with the permission: %s", got)
			}
		})
	}
}

// TestHiddenFields: fields that another plugin keeps from clients are not seen.
func TestHiddenFields(t *testing.T) {
	no := false
	for _, permissions := range [][]string{nil, {"fields"}} {
		m := &pluginapi.Manifest{ID: "hook", Handlers: []pluginapi.Handler{on(1, pluginapi.EventUserCreated)}}
		hook := w.New(m)
		if permissions != nil {
			hook.Permit(permissions...)
		}
		hook.Handler(1, w.Get("record.notes"), w.If(pluginapi.Status(pluginapi.KindString), w.Log(pluginapi.LevelInfo, "saw the notes")),
			w.Copy("scratch.r", "record"), w.Get("scratch.r.notes"), w.If(pluginapi.Status(pluginapi.KindString), w.Log(pluginapi.LevelInfo, "saw them in the record")),
			w.Get("scratch.r.email"), w.If(pluginapi.Status(pluginapi.KindString), w.Log(pluginapi.LevelInfo, "saw the rest")))
		guest := everything("guest").Handler(1, w.Call("identity", "createUser", `{"user":{"email":"ada@example.com","notes":"s3cret"}}`), w.Must())
		guest.Manifest().Fields = map[string]map[string]pluginapi.Field{"user": {"notes": {Type: "string", Input: &no, Returned: &no}}}
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest, hook}, Fields: []store.Model{{Name: "user", Fields: []store.Field{{Name: "notes", Type: store.String}}}}})
		ex, err := runFirst(t, r)
		if err != nil {
			t.Fatal(err)
		}
		ex.RunObservers(t.Context())
		log := r.Log.String()
		if strings.Contains(log, "saw the notes") != (permissions != nil) || strings.Contains(log, "saw them in the record") != (permissions != nil) || !strings.Contains(log, "saw the rest") {
			t.Errorf("with %v: %s", permissions, log)
		}
	}
}
