package capability_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func TestVerifications(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{capability(pluginapi.CapVerification)},
		call("create", "verification", "create", `{"identifier":"a","value":"1","expiresIn":60}`),
		call("replace", "verification", "create", `{"identifier":"a","value":"2","expiresIn":60}`),
		call("find", "verification", "find", `{"identifier":"a"}`),
		call("consume", "verification", "consume", `{"identifier":"a"}`),
		call("again", "verification", "consume", `{"identifier":"a"}`),
		call("gone", "verification", "find", `{"identifier":"a"}`),
		call("delete", "verification", "delete", `{"identifier":"a"}`),
		call("anew", "verification", "create", `{"identifier":"a","value":"3","expiresIn":60}`),
		call("never", "verification", "create", `{"identifier":"b","value":"1","expiresIn":0}`),
		call("forever", "verification", "create", `{"identifier":"b","value":"1","expiresIn":99999999}`),
		call("nothing", "verification", "create", `{"identifier":"","value":"1","expiresIn":60}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	answer := run(t, r, 0)
	for name, status := range map[string]pluginapi.Status{
		"create": 0, "replace": 0, "find": 0, "consume": 0, "again": pluginapi.StatusNotFound, "gone": pluginapi.StatusNotFound, "delete": 0, "anew": 0,
		"never": pluginapi.StatusInvalid, "forever": pluginapi.StatusInvalid, "nothing": pluginapi.StatusInvalid,
	} {
		want(t, answer, name, status)
	}
	if got := answer.Get("consume").Get("result"); got.Get("value").Str() != "2" || got.Get("expiresAt").Str() != "2026-03-04T05:07:07.000Z" {
		t.Errorf("got %s", got.JSON())
	}
}

// A plugin must not plant, read or use up what another one keeps, such as the
// tokens that reset passwords.
func TestVerificationsAreAPluginsOwn(t *testing.T) {
	asks := []pluginapi.Capability{capability(pluginapi.CapVerification)}
	owner := guest("owner", asks, call("create", "verification", "create", `{"identifier":"reset-password:x","value":"ada","expiresIn":60}`))
	other := guest("other", asks,
		call("find", "verification", "find", `{"identifier":"reset-password:x"}`),
		call("consume", "verification", "consume", `{"identifier":"reset-password:x"}`),
		call("escape", "verification", "find", `{"identifier":"../owner/reset-password:x"}`),
		call("plant", "verification", "create", `{"identifier":"reset-password:x","value":"eve","expiresIn":60}`),
		call("delete", "verification", "delete", `{"identifier":"reset-password:x"}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{owner, other}})
	want(t, run(t, r, 0), "create", pluginapi.StatusOK)
	answer := run(t, r, 1)
	for name, status := range map[string]pluginapi.Status{
		"find": pluginapi.StatusNotFound, "consume": pluginapi.StatusNotFound, "escape": pluginapi.StatusNotFound, "plant": pluginapi.StatusOK, "delete": pluginapi.StatusOK,
	} {
		want(t, answer, name, status)
	}
	rec, err := r.Store.Find(t.Context(), "verification", "identifier", document.Text("owner/reset-password:x"))
	if err != nil || rec.Str("value") != "ada" {
		t.Errorf("the owner's value is %v, %v", rec, err)
	}
}

func TestVerificationExpires(t *testing.T) {
	for age, status := range map[time.Duration]pluginapi.Status{0: pluginapi.StatusOK, 59 * time.Second: pluginapi.StatusOK, time.Minute: pluginapi.StatusNotFound, time.Hour: pluginapi.StatusNotFound} {
		g := guest("guest", []pluginapi.Capability{capability(pluginapi.CapVerification)},
			call("find", "verification", "find", `{"identifier":"a"}`), call("consume", "verification", "consume", `{"identifier":"a"}`))
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
		ex := r.Exchange(t, dispatch.Request{})
		err := ex.Unit(t.Context(), func(ctx context.Context) error {
			_, err := r.Identity.CreateVerification(ctx, ex.Work(), identity.NewVerification{Identifier: "guest/a", Value: "v", Life: time.Minute})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r.Clock.Advance(age)
		answer := run(t, r, 0)
		want(t, answer, "find", status)
		want(t, answer, "consume", status)
	}
}

// TestTokensAreBound: tokens and seals are worth nothing to another purpose
// or plugin, and a plugin cannot sign one for longer than it may live.
func TestTokensAreBound(t *testing.T) {
	asks := []pluginapi.Capability{{Name: pluginapi.CapCrypto, Purposes: []string{"one", "two", "email-verification"}}}
	signer := func(id string) *w.Guest {
		return guest(id, asks,
			call("sign", "crypto", "signToken", `{"purpose":"one","claims":{"sub":"ada","exp":1,"iat":1},"expiresIn":60}`),
			call("seal", "crypto", "seal", `{"purpose":"one","value":"treasure"}`),
			call("mac", "crypto", "hmac", `{"purpose":"one","value":"treasure"}`),
			call("mail", "crypto", "signToken", `{"purpose":"email-verification","claims":{"email":"a@b.co"},"expiresIn":60}`))
	}
	type token struct{ sign, seal, mac, mail string }
	tokens := map[string]token{}
	for _, id := range []string{"guest", "other"} {
		answer := run(t, realmtest.New(t, realmtest.Config{Guests: []*w.Guest{signer(id)}}), 0)
		result := func(name, member string) string { return want(t, answer, name, 0).Get(member).Str() }
		tokens[id] = token{result("sign", "token"), result("seal", "sealed"), result("mac", "mac"), result("mail", "token")}
	}
	mine, theirs := tokens["guest"], tokens["other"]
	if mine.mac == theirs.mac || mine.mac == "" || mine.sign == theirs.sign {
		t.Error("two plugins have one key")
	}
	if mine.mail != theirs.mail {
		t.Error("verification tokens are not those of Better Auth")
	}
	tests := []struct {
		name, function, args string
		age                  time.Duration
		status               pluginapi.Status
		result               string
	}{
		{"own", "verifyToken", `{"purpose":"one","token":"` + mine.sign + `"}`, 0, 0, `"sub":"ada"`},
		{"late", "verifyToken", `{"purpose":"one","token":"` + mine.sign + `"}`, time.Hour, pluginapi.StatusInvalid, `"code":"expired"`},
		{"other purpose", "verifyToken", `{"purpose":"two","token":"` + mine.sign + `"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
		{"as a mail's", "verifyToken", `{"purpose":"email-verification","token":"` + mine.sign + `"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
		{"a mail's", "verifyToken", `{"purpose":"one","token":"` + mine.mail + `"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
		{"other plugin's", "verifyToken", `{"purpose":"one","token":"` + theirs.sign + `"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
		{"changed", "verifyToken", `{"purpose":"one","token":"` + mine.sign[:len(mine.sign)-2] + `"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
		{"dots", "verifyToken", `{"purpose":"one","token":"` + strings.Repeat(".", 10_000) + `"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
		{"none", "verifyToken", `{"purpose":"one"}`, 0, pluginapi.StatusInvalid, `{"message":"argument token must be a text"}`},
		{"own seal", "open", `{"purpose":"one","sealed":"` + mine.seal + `"}`, 0, 0, `"value":"treasure"`},
		{"seal of another purpose", "open", `{"purpose":"two","sealed":"` + mine.seal + `"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
		{"seal of another plugin", "open", `{"purpose":"one","sealed":"` + theirs.seal + `"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
		{"broken seal", "open", `{"purpose":"one","sealed":"xx"}`, 0, pluginapi.StatusInvalid, `"code":"invalid"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", asks, call("c", "crypto", tt.function, tt.args))}})
			r.Clock.Advance(tt.age)
			if got := string(want(t, run(t, r, 0), "c", tt.status).JSON()); !strings.Contains(got, tt.result) {
				t.Errorf("got %s, want %s", got, tt.result)
			}
		})
	}
}

// TestPrivateKeysStay: a key set has no private members.
func TestPrivateKeysStay(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{{Name: pluginapi.CapKeys, Keys: []string{"mine"}}},
		call("sign", "keys", "sign", `{"use":"mine","alg":"ES256","claims":{"sub":"x"},"expiresIn":60}`),
		call("jwks", "keys", "jwks", `{"use":"mine","alg":"ES256"}`))
	answer := run(t, realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}}), 0)
	set := want(t, answer, "jwks", 0)
	if len(set.Get("keys").Items()) != 1 || set.Get("keys").Items()[0].Get("kid").Str() != answer.Get("sign").Get("result").Get("kid").Str() {
		t.Errorf("got %s", set.JSON())
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
		if !set.Get("keys").Items()[0].Get(member).IsAbsent() {
			t.Errorf("the key set has %q", member)
		}
	}
}

func TestEmail(t *testing.T) {
	tests := []struct {
		name, args string
		noMail     bool
		status     pluginapi.Status
		to         string // of the one mail; "" for none
	}{
		{"mail", `{"to":"a@example.com","template":"verify-email","url":"http://x","token":"t"}`, false, 0, "a@example.com"},
		{"line end in the address", `{"to":"a@example.com\r\nBcc: b@example.com","template":"verify-email"}`, false, pluginapi.StatusInvalid, ""},
		{"no address", `{"template":"verify-email"}`, false, pluginapi.StatusInvalid, ""},
		{"no template", `{"to":"a@example.com"}`, false, pluginapi.StatusInvalid, ""},
		{"unknown template", `{"to":"a@example.com","template":"x"}`, false, pluginapi.StatusInvalid, ""},
		{"no server: dropped, because an error would tell that the address is known", `{"to":"a@example.com","template":"verify-email"}`, true, pluginapi.StatusOK, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{NoMail: tt.noMail, Guests: []*w.Guest{guest("guest", []pluginapi.Capability{capability(pluginapi.CapEmail)}, call("c", "email", "send", tt.args))}})
			want(t, run(t, r, 0), "c", tt.status)
			mails := r.Mails.List()
			if (tt.to == "") != (len(mails) == 0) || tt.to != "" && (mails[0].To != tt.to || mails[0].Tenant != "main" || mails[0].Token != "t") {
				t.Errorf("mails %+v", mails)
			}
		})
	}
}

func TestMailHook(t *testing.T) {
	for _, tt := range []struct {
		name   string
		hook   []w.Step
		status pluginapi.Status
		to     string
	}{
		{"changes", []w.Step{w.Set("record.to", "b@example.com")}, 0, "b@example.com"},
		{"refuses", []w.Step{w.Deny("400", "NO", "No mail")}, pluginapi.StatusDenied, ""},
		{"breaks out", []w.Step{w.Set("record.to", "b@example.com\nBcc: c@example.com")}, pluginapi.StatusInvalid, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hook := w.New(&pluginapi.Manifest{ID: "hook", Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventMailSending}}}).Permit("mails").Handler(1, tt.hook...)
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", []pluginapi.Capability{capability(pluginapi.CapEmail)},
				call("c", "email", "send", `{"to":"a@example.com","template":"verify-email"}`)), hook}})
			want(t, run(t, r, 0), "c", tt.status)
			mails := r.Mails.List()
			if (tt.to == "") != (len(mails) == 0) || tt.to != "" && mails[0].To != tt.to {
				t.Errorf("mails %+v", mails)
			}
		})
	}
}

func TestRandom(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{capability(pluginapi.CapRandom)},
		call("plain", "random", "string", `{"length":32}`), call("digits", "random", "string", `{"length":6,"alphabet":"digits"}`),
		call("url", "random", "string", `{"length":128,"alphabet":"url"}`), call("own", "random", "string", `{"length":9,"alphabet":"xyz"}`),
		call("long", "random", "string", `{"length":1025}`), call("none", "random", "string", `{"length":0}`), call("text", "random", "string", `{"length":"5"}`),
		call("one", "random", "string", `{"length":5,"alphabet":"x"}`), call("many", "random", "string", `{"length":5,"alphabet":"`+strings.Repeat("x", 257)+`"}`),
		call("uuid", "random", "uuid", `{}`))
	answer := run(t, realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}}), 0)
	for name, pattern := range map[string]string{
		"plain": `^[A-Za-z0-9]{32}$`, "digits": `^[0-9]{6}$`, "url": `^[A-Za-z0-9_-]{128}$`, "own": `^[xyz]{9}$`,
		"uuid": `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	} {
		if got := want(t, answer, name, 0).Get("value").Str(); !regexp.MustCompile(pattern).MatchString(got) {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, name := range []string{"long", "none", "text", "one", "many"} {
		want(t, answer, name, pluginapi.StatusInvalid)
	}
}

// TestRateLimit: counts outlive refusals, and are each plugin's own.
func TestRateLimit(t *testing.T) {
	asks := []pluginapi.Capability{capability(pluginapi.CapRateLimit)}
	hit := `{"key":"k","window":60,"max":2}`
	refusing := guest("guest", asks, w.Call("ratelimit", "hit", hit), w.Must(), w.Deny("400", "X", "x"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{refusing, guest("other", asks, call("c", "ratelimit", "hit", hit)), guest("reader", asks, call("c", "ratelimit", "hit", `{"key":"k","window":60}`))}})
	for range 2 {
		ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest"})
		if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err == nil {
			t.Fatal("not refused")
		}
	}
	if got := string(want(t, run(t, r, 1), "c", 0).JSON()); got != `{"allowed":true,"retryAfter":0}` {
		t.Errorf("another plugin: %s", got)
	}
	want(t, run(t, r, 2), "c", pluginapi.StatusInvalid)
	allowed, retry, err := r.Host.Counters.Hit(t.Context(), ratelimit.Key{Name: "main\x00guest\x00k"}, time.Minute, 2)
	if err != nil || allowed || retry != time.Minute {
		t.Errorf("the third hit: %v %v %v", allowed, retry, err)
	}
	r.Clock.Advance(time.Minute)
	if allowed, _, _ := r.Host.Counters.Hit(t.Context(), ratelimit.Key{Name: "main\x00guest\x00k"}, time.Minute, 2); !allowed {
		t.Error("the window does not end")
	}
}

// book is an audit log that keeps events, or fails.
type book struct {
	events []audit.Event
	err    error
}

func (b *book) Record(_ context.Context, e audit.Event) error {
	if b.err == nil {
		b.events = append(b.events, e)
	}
	return b.err
}

func (*book) Close() error { return nil }

func TestAudit(t *testing.T) {
	log := &book{}
	g := guest("guest", []pluginapi.Capability{capability(pluginapi.CapAudit)},
		call("c", "audit", "record", `{"action":"ban","userId":"ada","outcome":"failure","details":{"why":"spam","n":3,"tenant":"evil"}}`), call("d", "audit", "record", `{}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Audit: log})
	answer := run(t, r, 0)
	want(t, answer, "c", 0)
	want(t, answer, "d", pluginapi.StatusInvalid)
	if len(log.events) != 1 {
		t.Fatalf("events %+v", log.events)
	}
	e := log.events[0]
	if e.Action != "guest.ban" || e.Actor != "ada" || e.Tenant != "main" || e.Plugin != "guest" || e.IP != "203.0.113.7" || e.Outcome != audit.Failure || e.Details["why"] != "spam" || e.Details["n"] != "3" || !e.Time.Equal(realmtest.Start) {
		t.Errorf("event %+v", e)
	}
}

// TestAuditFailsClosed: what cannot be recorded does not happen, even if the
// plugin does not care.
func TestAuditFailsClosed(t *testing.T) {
	log := &book{err: errors.New("disk full")}
	g := guest("guest", append([]pluginapi.Capability{capability(pluginapi.CapAudit)}, allIdentity...),
		w.Call("identity", "createUser", `{"user":{"email":"ada@example.com"}}`), w.Must(),
		call("c", "audit", "record", `{"action":"create"}`), w.Return(pluginapi.Continue))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Audit: log})
	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest"})
	err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0])
	if e := apierror.From(err); err == nil || e.Status != 503 || e.Code != "AUDIT_UNAVAILABLE" || strings.Contains(e.Message, "disk") {
		t.Errorf("got %v", err)
	}
	if page, err := r.Store.List(t.Context(), store.Query{Model: "user"}); err != nil || len(page.Records) != 0 {
		t.Errorf("%d users, %v", len(page.Records), err)
	}
	if !ex.Response.Body.IsAbsent() {
		t.Errorf("answer %s", ex.Response.Body.JSON())
	}
}

// TestStorage walks through the functions of a plugin's own model.
func TestStorage(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{{Name: pluginapi.CapStorage, Write: []string{"note"}}},
		w.Call("storage", "insert", `{"model":"note","record":{"name":"a","owner":"x","id":"mine"}}`), w.Must(), w.Copy("response.body.first", "result"),
		call("taken", "storage", "insert", `{"model":"note","record":{"name":"a"}}`),
		call("strange", "storage", "insert", `{"model":"note","record":{"nonsense":1}}`),
		call("second", "storage", "insert", `{"model":"note","record":{"name":"b","owner":"x"}}`),
		call("find", "storage", "find", `{"model":"note","index":"name","value":"a"}`),
		call("none", "storage", "find", `{"model":"note","index":"name","value":"z"}`),
		call("noindex", "storage", "find", `{"model":"note","index":"count","value":1}`),
		call("list", "storage", "list", `{"model":"note","index":"owner","value":"x","limit":1}`),
		w.Set("args.model", "note"), w.Copy("args.id", "response.body.first.id"), w.SetKind("args.version", pluginapi.KindNumber, "7"), w.SetJSON("args.set", `{"name":"c"}`),
		call("stale", "storage", "update", ""),
		w.Set("args.model", "note"), w.Copy("args.id", "response.body.first.id"), w.SetKind("args.version", pluginapi.KindNumber, "1"), w.SetJSON("args.set", `{"name":"c","id":"other"}`),
		call("update", "storage", "update", ""),
		call("consume", "storage", "consume", `{"model":"note","index":"name","value":"c"}`),
		call("again", "storage", "consume", `{"model":"note","index":"name","value":"c"}`),
		call("missing", "storage", "delete", `{"model":"note","id":"x"}`))
	g.Manifest().Models = map[string]pluginapi.Model{"note": {Fields: map[string]pluginapi.Field{
		"name": {Type: "string", Unique: true}, "owner": {Type: "string", Index: true}, "count": {Type: "number"},
	}}}
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	answer := run(t, r, 0)
	if id := answer.Get("first").Get("id").Str(); len(id) != 32 {
		t.Errorf("id %q", id)
	}
	for name, status := range map[string]pluginapi.Status{
		"taken": pluginapi.StatusConflict, "strange": pluginapi.StatusInvalid, "second": 0, "find": 0, "none": pluginapi.StatusNotFound, "noindex": pluginapi.StatusInvalid,
		"list": 0, "stale": pluginapi.StatusConflict, "update": 0, "consume": 0, "again": pluginapi.StatusNotFound, "missing": pluginapi.StatusNotFound,
	} {
		want(t, answer, name, status)
	}
	list := answer.Get("list").Get("result")
	if len(list.Get("records").Items()) != 1 || list.Get("cursor").Str() == "" {
		t.Errorf("list %s", list.JSON())
	}
	if got := answer.Get("consume").Get("result"); !got.Get("id").Equal(document.Text(answer.Get("first").Get("id").Str())) || got.Get("owner").Str() != "x" {
		t.Errorf("consumed %s", got.JSON())
	}
	if page, _ := r.Store.List(t.Context(), store.Query{Model: "note"}); len(page.Records) != 1 || page.Records[0].Str("name") != "b" {
		t.Errorf("%d notes left", len(page.Records))
	}
}

// One request sends so many messages and no more; the rest of it works.
func TestMessagesAreBounded(t *testing.T) {
	steps := make([]w.Step, 0, dispatch.MaxMessages+2)
	for range dispatch.MaxMessages - 1 {
		steps = append(steps, w.Call("email", "send", `{"to":"a@example.com","template":"verify-email"}`), w.Must())
	}
	const last = `{"to":"b@example.com","template":"verify-email"}`
	steps = append(steps, call("most", "email", "send", last), call("more", "email", "send", last))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", []pluginapi.Capability{capability(pluginapi.CapEmail)}, steps...)}})
	answer := run(t, r, 0)
	want(t, answer, "most", pluginapi.StatusOK)
	want(t, answer, "more", pluginapi.StatusLimit)
	if mails := r.Mails.List(); len(mails) != dispatch.MaxMessages {
		t.Errorf("%d mails", len(mails))
	}
}
