package dispatch_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// status runs one step in an endpoint and returns its status.
func status(t *testing.T, step w.Step, req dispatch.Request) (pluginapi.Status, *dispatch.Exchange) {
	t.Helper()
	g := everything("guest").Handler(1, step, w.Report("args.status"), w.Copy("response.body.status", "args.status"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	ex := r.Exchange(t, req)
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
		t.Fatal(err)
	}
	n, ok := ex.Response.Body.Get("status").Int()
	if !ok {
		t.Fatalf("no status in %s", ex.Response.Body.JSON())
	}
	return pluginapi.Status(n), ex
}

func TestEndpointWrites(t *testing.T) {
	const number, null, absent = pluginapi.KindNumber, pluginapi.KindNull, pluginapi.KindAbsent
	tests := []struct {
		name string
		step w.Step
		want pluginapi.Status
	}{
		{"status", w.SetKind("response.status", number, "201"), pluginapi.StatusOK},
		{"status below 200", w.SetKind("response.status", number, "101"), pluginapi.StatusInvalid},
		{"status above 599", w.SetKind("response.status", number, "600"), pluginapi.StatusInvalid},
		{"status as text", w.Set("response.status", "201"), pluginapi.StatusInvalid},
		{"status with a fraction", w.SetKind("response.status", number, "200.5"), pluginapi.StatusInvalid},
		{"below the status", w.SetKind("response.status.x", number, "200"), pluginapi.StatusDenied},
		{"body member", w.Set("response.body.a.b", "x"), pluginapi.StatusOK},
		{"number that is none", w.SetKind("response.body.n", number, "1x"), pluginapi.StatusInvalid},
		{"number that is text", w.SetKind("response.body.n", number, `"1"`), pluginapi.StatusInvalid},
		{"boolean that is none", w.SetKind("response.body.n", pluginapi.KindBool, "1"), pluginapi.StatusInvalid},
		{"broken JSON", w.SetJSON("response.body.n", "{"), pluginapi.StatusInvalid},
		{"deep JSON", w.SetJSON("response.body.n", strings.Repeat("[", 100)+strings.Repeat("]", 100)), pluginapi.StatusInvalid},
		{"text that is no UTF-8", w.Set("response.body.n", "\xff"), pluginapi.StatusInvalid},
		{"unknown kind", w.SetKind("response.body.n", 42, "x"), pluginapi.StatusInvalid},
		{"bytes", w.SetKind("response.body.n", pluginapi.KindBytes, "x"), pluginapi.StatusInvalid},
		{"header", w.Set("response.headers.x-a", "b"), pluginapi.StatusOK},
		{"no header", w.SetKind("response.headers.x-a", null, ""), pluginapi.StatusOK},
		{"header with a line end", w.Set("response.headers.x-a", "b\r\nSet-Cookie: a=b"), pluginapi.StatusInvalid},
		{"header with a newline", w.Set("response.headers.x-a", "b\nc"), pluginapi.StatusInvalid},
		{"header with a NUL", w.Set("response.headers.x-a", "b\x00"), pluginapi.StatusInvalid},
		{"header that is a number", w.SetKind("response.headers.x-a", number, "1"), pluginapi.StatusInvalid},
		{"name with a colon", w.Set("response.headers.x:y", "b"), pluginapi.StatusInvalid},
		{"name with a space", w.Set("response.headers.set-cookie ", "a=b"), pluginapi.StatusInvalid},
		{"name with a line end", w.Set("response.headers.x\r\ny", "b"), pluginapi.StatusInvalid},
		{"name that is not ASCII", w.Set("response.headers.ä", "b"), pluginapi.StatusInvalid},
		{"Set-Cookie", w.Set("response.headers.set-cookie", "a=b"), pluginapi.StatusDenied},
		{"SET-COOKIE", w.Set("response.headers.SET-COOKIE", "a=b"), pluginapi.StatusDenied},
		{"taking Set-Cookie away", w.SetKind("response.headers.Set-Cookie", null, ""), pluginapi.StatusDenied},
		{"Content-Length", w.Set("response.headers.content-length", "1"), pluginapi.StatusDenied},
		{"Transfer-Encoding", w.Set("response.headers.transfer-encoding", "chunked"), pluginapi.StatusDenied},
		{"Connection", w.Set("response.headers.connection", "close"), pluginapi.StatusDenied},
		{"Upgrade", w.Set("response.headers.upgrade", "x"), pluginapi.StatusDenied},
		{"all headers", w.SetJSON("response.headers", "{}"), pluginapi.StatusDenied},
		{"below a header", w.Set("response.headers.x-a.b", "c"), pluginapi.StatusDenied},
		{"redirect", w.Set("response.redirect", "/x"), pluginapi.StatusOK},
		{"no redirect", w.SetKind("response.redirect", null, ""), pluginapi.StatusOK},
		{"redirect with a line end", w.Set("response.redirect", "/x\r\nA: b"), pluginapi.StatusInvalid},
		{"redirect that is a number", w.SetKind("response.redirect", number, "1"), pluginapi.StatusInvalid},
		{"cookie", w.Set("response.cookies.guest_plain", "x"), pluginapi.StatusOK},
		{"cookie with a lifetime", w.SetJSON("response.cookies.guest_plain", `{"value":"x","maxAge":5}`), pluginapi.StatusOK},
		{"no cookie", w.SetKind("response.cookies.guest_plain", null, ""), pluginapi.StatusOK},
		{"cookie that is a number", w.SetKind("response.cookies.guest_plain", number, "1"), pluginapi.StatusInvalid},
		{"cookie that is not declared", w.Set("response.cookies.other", "x"), pluginapi.StatusDenied},
		{"the session's cookie", w.Set("response.cookies.session_token", "x"), pluginapi.StatusDenied},
		{"the session's other cookies", w.Set("response.cookies.dont_remember", "x"), pluginapi.StatusDenied},
		{"all cookies", w.SetJSON("response.cookies", "{}"), pluginapi.StatusDenied},
		{"response", w.SetJSON("response", "{}"), pluginapi.StatusDenied},
		{"another part of the response", w.Set("response.x", "y"), pluginapi.StatusDenied},
		{"error", w.Set("error.code", "X"), pluginapi.StatusOK},
		{"another part of the error", w.Set("error.x", "y"), pluginapi.StatusDenied},
		{"whole error", w.SetJSON("error", "{}"), pluginapi.StatusDenied},
		{"args", w.Set("args.a", "b"), pluginapi.StatusOK},
		{"args that are no object", w.SetJSON("args", "[]"), pluginapi.StatusInvalid},
		{"request", w.Set("request.body.x", "y"), pluginapi.StatusDenied},
		{"request header", w.Set("request.headers.x", "y"), pluginapi.StatusDenied},
		{"record", w.Set("record.x", "y"), pluginapi.StatusDenied},
		{"claims", w.Set("claims.x", "y"), pluginapi.StatusDenied},
		{"session", w.Set("session.user.name", "y"), pluginapi.StatusDenied},
		{"config", w.Set("config.x", "y"), pluginapi.StatusDenied},
		{"tenant", w.Set("tenant.id", "y"), pluginapi.StatusDenied},
		{"now", w.SetKind("now.ms", number, "1"), pluginapi.StatusDenied},
		{"result", w.Set("result.x", "y"), pluginapi.StatusDenied},
		{"event", w.Set("event.name", "y"), pluginapi.StatusDenied},
		{"no root", w.Set("nothing.x", "y"), pluginapi.StatusDenied},
		{"no path", w.Set("", "y"), pluginapi.StatusInvalid},
		{"empty name", w.Set("response..x", "y"), pluginapi.StatusInvalid},
		{"long path", w.Set("response.body."+strings.Repeat("x", 600), "y"), pluginapi.StatusInvalid},
		{"deleting what is not there", w.SetKind("response.body.x.y", absent, ""), pluginapi.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := status(t, tt.step, post("/guest")); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestBeforeHookWrites: what a hook may change of a request.
func TestBeforeHookWrites(t *testing.T) {
	tests := map[string]pluginapi.Status{
		"request.body.x": pluginapi.StatusOK, "request.query.x": pluginapi.StatusOK, "request.headers.x-a": pluginapi.StatusOK, "request.headers.authorization": pluginapi.StatusOK,
		"response.body.x": pluginapi.StatusOK, "response.headers.x": pluginapi.StatusOK,
		"request.headers.cookie": pluginapi.StatusDenied, "request.headers.Origin": pluginapi.StatusDenied, "request.headers.referer": pluginapi.StatusDenied,
		"request.headers.host": pluginapi.StatusDenied, "request.headers.sec-fetch-site": pluginapi.StatusDenied, "request.headers.SEC-FETCH-MODE": pluginapi.StatusDenied,
		"request.headers.content-length": pluginapi.StatusDenied, "request.path": pluginapi.StatusDenied, "request.method": pluginapi.StatusDenied,
		"request.ip": pluginapi.StatusDenied, "request.query": pluginapi.StatusDenied, "request": pluginapi.StatusDenied, "request.headers": pluginapi.StatusDenied,
		"record.x": pluginapi.StatusDenied, "claims.x": pluginapi.StatusDenied,
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			hook := everything("hook", on(2, pluginapi.EventRequestBefore)).Handler(2, w.Set(path, "v"), w.Report("request.body.status"))
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{hook}})
			ex := r.Exchange(t, post("/x"))
			if done, err := ex.Before(t.Context()); done || err != nil {
				t.Fatal(done, err)
			}
			if got := ex.Request.Body.Get("status").NumberText(); got != strconv.Itoa(int(want)) {
				t.Errorf("got %s, want %d", got, want)
			}
		})
	}
}

// TestRecordHookWrites: who may change which record, by event.
func TestRecordHookWrites(t *testing.T) {
	tests := []struct {
		event  string
		raise  []w.Step
		record pluginapi.Status // of record.x
	}{
		{pluginapi.EventVerificationCreating, []w.Step{w.Call("verification", "create", `{"identifier":"i","value":"v","expiresIn":60}`)}, pluginapi.StatusOK},
		{pluginapi.EventMailSending, []w.Step{w.Call("email", "send", `{"to":"a@example.com","template":"verify-email"}`)}, pluginapi.StatusOK},
		{pluginapi.EventUserDeleting, []w.Step{w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.id", "result.user.id"), w.Call("identity", "deleteUser", "")}, pluginapi.StatusDenied},
	}
	for _, tt := range tests {
		t.Run(tt.event, func(t *testing.T) {
			deny := func(path string) w.Step {
				return func(g *w.Guest) []byte {
					return append(w.Set(path, "x")(g), w.If(pluginapi.StatusOK, w.Deny("400", "WROTE", path))(g)...)
				}
			}
			check := []w.Step{w.Set("record.value", "changed")}
			if tt.record != pluginapi.StatusOK {
				check = []w.Step{deny("record.value")}
			}
			check = append(check, deny("previous.x"), deny("claims.x"), deny("response.body.x"), deny("response.headers.x"), deny("request.body.x"))
			hook := everything("hook", on(2, tt.event)).Handler(2, check...)
			g := everything("guest").Handler(1, append(tt.raise, w.Must())...)
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
			if _, err := runFirst(t, r); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestClaimsHook(t *testing.T) {
	hook := everything("hook", on(2, pluginapi.EventTokenClaims)).Handler(2,
		w.Set("claims.role", "admin"), w.Copy("claims.use", "event.phase"), w.SetKind("claims.exp", pluginapi.KindNumber, "1"),
		w.Set("record.x", "y"), w.If(pluginapi.StatusOK, w.Trap()), w.Set("response.body.x", "y"), w.If(pluginapi.StatusOK, w.Trap()))
	g := everything("guest").Handler(1,
		w.Call("keys", "sign", `{"use":"test","alg":"ES256","claims":{"sub":"ada"},"expiresIn":60}`), w.Must(), w.Copy("response.body.token", "result.token"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := r.Host.Keys.Verify(t.Context(), "test", "", ex.Response.Body.Get("token").Str())
	if err != nil {
		t.Fatal(err)
	}
	now := strconv.FormatInt(realmtest.Start.Unix(), 10)
	end := strconv.FormatInt(realmtest.Start.Unix()+60, 10)
	if got := string(claims); got != `{"iat":`+now+`,"sub":"ada","role":"admin","use":"test","exp":`+end+`}` {
		t.Errorf("claims %s", got)
	}
}

func TestCookies(t *testing.T) {
	g := everything("guest").Handler(1,
		w.Set("response.cookies.guest_plain", "a b;c"), w.Must(), w.Set("response.cookies.guest_signed", "v"), w.Must(),
		w.Copy("response.body.plain", "request.cookies.guest_plain"), w.Copy("response.body.signed", "request.cookies.guest_signed"),
		w.Copy("response.body.token", "request.cookies.session_token"), w.Copy("response.body.header", "request.headers.cookie"), w.Copy("response.body.Header", "request.headers.Cookie"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	for _, tt := range []struct{ name, cookies, want string }{
		{"none", "", `{}`},
		{"good", "better-auth.guest_plain=x%20y; better-auth.guest_signed=" + session.EncodeURIComponent(r.Secrets.Sign("s")) + "; better-auth.session_token=t", `{"plain":"x y","signed":"s"}`},
		{"unsigned", "better-auth.guest_signed=s", `{}`},
		{"wrongly signed", "better-auth.guest_signed=s." + strings.SplitN(r.Secrets.Sign("t"), ".", 2)[1], `{}`},
		{"no UTF-8", "better-auth.guest_plain=\xff", `{"plain":"�"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest", Headers: http.Header{"Cookie": {tt.cookies}}})
			if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
				t.Fatal(err)
			}
			if got := body(ex); got != tt.want && !(got == "" && tt.want == `{}`) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			want := []string{
				"better-auth.guest_plain=a%20b%3Bc; Max-Age=60; Path=/; HttpOnly; SameSite=Lax",
				"better-auth.guest_signed=" + session.EncodeURIComponent(r.Secrets.Sign("v")) + "; Path=/; HttpOnly; SameSite=Lax",
			}
			for i, c := range ex.Response.Cookies {
				if c.Line != want[i] {
					t.Errorf("got %s, want %s", c.Line, want[i])
				}
			}
		})
	}
}

// TestLastCookieCounts: a value that was taken back is not sent.
func TestLastCookieCounts(t *testing.T) {
	step := func(g *w.Guest) []byte {
		return append(w.Set("response.cookies.guest_plain", "first")(g), w.SetKind("response.cookies.guest_plain", pluginapi.KindNull, "")(g)...)
	}
	_, ex := status(t, step, post("/guest"))
	if c := ex.Response.Cookies; len(c) != 1 || c[0].Value != "" || !strings.Contains(c[0].Line, "Max-Age=0") {
		t.Errorf("cookies %v", c)
	}
}

func TestReads(t *testing.T) {
	paths := map[string]string{
		"event.name": ``, "request.method": `"POST"`, "request.path": `"/guest"`, "request.route": `"/guest"`, "request.url": `"/api/auth/guest?q=1"`,
		"request.params.id": `"p"`, "request.params.x": ``, "request.query.q": `["1","2"]`, "request.query.q.1": `"2"`,
		"request.headers.x-a": `"one, two"`, "request.headers.X-A": `"one, two"`, "request.headers.none": ``, "request.headers.x-bad": `"�"`,
		"request.body.n": `1.50`, "request.body.o.a": `true`, "request.body.none": ``, "request.body": `{"n":1.50,"o":{"a":true}}`,
		"request.contentType": `"application/json"`, "request.ip": `"203.0.113.7"`, "request.userAgent": `"test"`, "request.origin": `"http://localhost:3000"`,
		"request.method.x": ``, "request": ``, "request.secret": ``,
		"session": ``, "session.user.id": ``, "config.list.0": `1`, "config.x": ``, "config": `{"list":[1]}`,
		"tenant.id": `"main"`, "tenant.authURL": `"http://localhost:3000/api/auth"`, "tenant.basePath": `"/api/auth"`, "tenant.development": `false`, "tenant.secret": ``,
		"now.iso": `"2026-03-04T05:06:07.000Z"`, "now.unix": strconv.FormatInt(realmtest.Start.Unix(), 10), "now.ms": strconv.FormatInt(realmtest.Start.UnixMilli(), 10), "now": ``, "now.x": ``,
		"record.x": ``, "previous.x": ``, "claims.x": ``, "result.x": ``, "response.status": `200`, "response.headers.x": ``, "nothing": ``, "": ``,
	}
	g := everything("guest")
	var steps []w.Step
	for path := range paths {
		steps = append(steps, w.Copy("response.body."+pluginapi.EscapeName(path+"!"), path))
	}
	steps = append(steps, w.Get("request.rawBody"), w.Report("response.body.rawKind"), w.Copy("response.body.raw", "request.rawBody"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g.Handler(1, steps...)}, Settings: map[string]string{"guest": `{"list":[1]}`}})
	ex := r.Exchange(t, dispatch.Request{
		Method: "POST", Path: "/guest", Route: "/guest", URL: "/api/auth/guest?q=1", Params: map[string]string{"id": "p"},
		Query:   document.NewObject(1).Set("q", document.List(document.Text("1"), document.Text("2"))),
		Headers: http.Header{"X-A": {"one", "two"}, "X-Bad": {"\xff"}, "Origin": {"http://localhost:3000"}, "Cookie": {"a=b"}},
		Body:    document.Obj(document.NewObject(2).Set("n", mustParse(t, `1.50`)).Set("o", mustParse(t, `{"a":true}`))),
		RawBody: []byte("\xffraw"), ContentType: "application/json", IP: "203.0.113.7", UserAgent: "test",
	})
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
		t.Fatal(err)
	}
	for path, want := range paths {
		if got := string(ex.Response.Body.Get(path + "!").JSON()); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if got := ex.Response.Body.Get("rawKind").NumberText(); got != strconv.Itoa(int(pluginapi.KindBytes)) {
		t.Errorf("request.rawBody is of kind %s", got)
	}
	if got := ex.Response.Body.Get("raw").Str(); got != "�raw" {
		t.Errorf("a copy of request.rawBody is %q", got)
	}
}

func mustParse(t *testing.T, text string) document.Value {
	t.Helper()
	v, err := document.Parse([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestCopyBomb: copies of copies double the document each time; the host
// stops that long before it hurts.
func TestCopyBomb(t *testing.T) {
	var steps []w.Step
	steps = append(steps, w.Set("response.body.x", "seed"))
	for i := range 40 {
		steps = append(steps, w.Copy("response.body.n"+strconv.Itoa(i), "response.body"))
	}
	steps = append(steps, w.Report("args.status"), w.SetKind("response.body", pluginapi.KindNull, ""), w.Copy("response.body.status", "args.status"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1, steps...)}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if got := body(ex); got != `{"status":5}` {
		t.Errorf("got %.200s", got)
	}
}

// TestCopiesAreCopies: a field that was copied does not change with its
// source.
func TestCopiesAreCopies(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1,
		w.SetJSON("response.body", `{"a":{"x":[1]}}`), w.Copy("response.body.b", "response.body.a"), w.SetKind("response.body.a.x.0", pluginapi.KindNumber, "2"))}})
	ex, err := runFirst(t, r)
	if err != nil || body(ex) != `{"a":{"x":[2]},"b":{"x":[1]}}` {
		t.Errorf("got %s, %v", body(ex), err)
	}
}

func TestLogLines(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1,
		w.Log(pluginapi.LevelWarn, "line one\ntenant=evil"), w.Log(99, "odd level"))}})
	if _, err := runFirst(t, r); err != nil {
		t.Fatal(err)
	}
	log := r.Log.String()
	if !strings.Contains(log, `level=WARN msg="line one\ntenant=evil" plugin=guest tenant=main`) || !strings.Contains(log, `level=INFO msg="odd level"`) {
		t.Errorf("log %s", log)
	}
}
