package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const (
	messageSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	phone         = "+4915112345678"
)

// sender sends a code to the number in the body.
func sender() *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID: "sender", Capabilities: []pluginapi.Capability{{Name: pluginapi.CapSMS}},
		Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/send"}},
	}).Handler(1, w.SetJSON("args", `{"kind":"code","data":{"code":"998877"}}`), w.Copy("args.to", "request.body.to"), w.Call("sms", "send", ""), w.Must())
}

// messaging is a tenant with the sender. SMS stands for the settings of the
// server, and OWN for those of the tenant.
const messaging = `
SMS
tenants:
  - id: main
    baseURL: http://main.example
    appName: Acme
    OWN
    plugins:
      - {id: sender, module: DIR/sender.wasm, grants: [sms]}
`

func messagingWith(settings, own string) string {
	return strings.NewReplacer("SMS", settings, "OWN", own).Replace(messaging)
}

func (s *server) sends(to string, header http.Header) answer {
	s.t.Helper()
	return s.do(request{method: "POST", path: "/api/auth/send", body: `{"to":"` + to + `"}`, header: header})
}

// provider is where the operator has messages posted: each request whose
// signature is right is told, and answered with the next of some statuses, the
// last one again and again.
func provider(t *testing.T, statuses ...int) (url string, bodies, ids <-chan string) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(messageSecret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	gotBodies, gotIDs := make(chan string, 10), make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("webhook-signature") != want {
			t.Errorf("signed %q, want %q", r.Header.Get("webhook-signature"), want)
		}
		rw.WriteHeader(statuses[0])
		statuses = statuses[min(1, len(statuses)-1):]
		gotBodies <- string(body)
		gotIDs <- r.Header.Get("webhook-id")
	}))
	t.Cleanup(server.Close)
	return server.URL, gotBodies, gotIDs
}

// TestSMSProvider: a message reaches a provider that refuses it at first, with
// the same id; the request that sent it does not wait for that.
func TestSMSProvider(t *testing.T) {
	url, bodies, ids := provider(t, 503, 204)
	s := serve(t, messagingWith(fmt.Sprintf("sms: {url: %q, secrets: [%s], from: Server}", url, messageSecret), "sms: {from: Acme}"), sender())
	s.sends(phone, nil).want(t, 200, "")
	first := <-ids
	s.hurry(t)
	if again := <-ids; again != first || !strings.HasPrefix(first, "msg_") {
		t.Errorf("ids %q and %q", first, again)
	}
	const want = `{"to":"+4915112345678","message":"998877 for Acme","from":"Acme","tenant":"main","plugin":"sender","kind":"code"}`
	if a, b := <-bodies, <-bodies; a != want || b != want {
		t.Errorf("sent %s and %s", a, b)
	}
	s.entries(t, "main", "", 0)
	awaits(t, func() string { return s.scrape(t) }, `authhost_sms_total{outcome="sent"} 1`, `authhost_sms_total{outcome="retry"} 1`)
	if list := s.outbox("main"); len(list) != 0 {
		t.Errorf("kept %v", list)
	}
}

// awaits waits for parts of the log or of the metrics, which the worker writes a
// moment after the entry has changed.
func awaits(t *testing.T, text func() string, parts ...string) {
	t.Helper()
	until := time.Now().Add(10 * time.Second)
	for _, part := range parts {
		got := text()
		for ; !strings.Contains(got, part) && time.Now().Before(until); got = text() {
			runtime.Gosched()
		}
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in:\n%s", part, got)
		}
	}
}

// hurry lets the time pass for which a message waits that was tried once.
func (s *server) hurry(t *testing.T) {
	t.Helper()
	until := time.Now().Add(10 * time.Second)
	for time.Now().Before(until) {
		if list := s.entries(t, "main", "", 1); list[0].Attempts == 1 {
			s.clock.Advance(time.Minute)
			return
		}
	}
	t.Fatal("the try was not noted")
}

// TestSMSGivenUp: a message that the provider refuses for good is a dead letter,
// told in the log without its text and its number.
func TestSMSGivenUp(t *testing.T) {
	url, bodies, _ := provider(t, 400)
	s := serve(t, messagingWith(fmt.Sprintf("sms: {url: %q, secrets: [%s]}", url+"/?key=canary", messageSecret), ""), sender())
	s.sends(phone, nil).want(t, 200, "")
	s.entries(t, "main", "dead", 1)
	if len(bodies) != 1 {
		t.Errorf("%d requests", len(bodies))
	}
	awaits(t, s.log.String, "delivery failed", "channel=@sms", "event=code", "outcome=dead", "the provider answered 400")
	log := s.log.String()
	for _, hidden := range []string{"5112345678", "998877", "canary", messageSecret} {
		if strings.Contains(log, hidden) {
			t.Errorf("the log has %q:\n%s", hidden, log)
		}
	}
	awaits(t, func() string { return s.scrape(t) }, `authhost_sms_total{outcome="failed"} 1`)
}

// TestSMSOutbox: in development messages are kept, in the words of the operator
// and the language of the recipient.
func TestSMSOutbox(t *testing.T) {
	s := serve(t, messagingWith("", "sms: {templates: "+messageFiles(t, map[string]string{"de/code.yaml": "text: '<b>{{.code}}</b> ist dein Code'"})+"}"), sender())
	s.sends(phone, nil).want(t, 200, "")
	s.sends(phone, http.Header{"Accept-Language": {"de-AT, en;q=0.5"}}).want(t, 200, "")
	s.sends("015112345678", nil).want(t, 500, "")
	list := s.adminGet(t, "/dev/outbox?tenant=main")
	const want = `[{"channel":"sms","tenant":"main","to":"+4915112345678","message":"998877 for Acme","plugin":"sender","kind":"code","data":{"code":"998877"},"createdAt":"T"},` +
		`{"channel":"sms","tenant":"main","to":"+4915112345678","message":"\u003cb\u003e998877\u003c/b\u003e ist dein Code","plugin":"sender","kind":"code","data":{"code":"998877"},"createdAt":"T"}]`
	if got := regexp.MustCompile(`20[0-9T:.-]+Z`).ReplaceAllString(strings.TrimSpace(list), "T"); got != want {
		t.Errorf("kept %s\nwant %s", got, want)
	}
	page, _ := s.page(t, "/dev/mails?tenant=main")
	for _, part := range []string{"4915112345678", "998877 for Acme", "code of the plugin sender", "<pre>&lt;b&gt;998877&lt;/b&gt; ist dein Code</pre>"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q:\n%s", part, page)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.admin+"/dev/outbox", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.DefaultClient.Do(r); err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusNoContent || len(s.outbox("")) != 0 {
		t.Errorf("clear: %v, %v", answer, err)
	}
}

// inProduction is a configuration outside of development.
func inProduction(t *testing.T, text string, guest *w.Guest) *config.Config {
	t.Helper()
	dir := t.TempDir()
	writeGuest(t, dir, guest)
	text = "server: {dataDir: DIR, cacheDir: " + cacheDir + "}\n" + strings.Replace(text, "baseURL:", "secret: ZqJ4m0Vd8wXhR2uK7tYpL5sCgB9nEaF3\n    baseURL:", 1)
	cfg, err := config.Parse("test.yaml", []byte(strings.ReplaceAll(text, "DIR", dir)), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestNoWayOut: plugins that send what nothing delivers are a fault of a
// configuration for production, with its place and what to do, for the check and
// for the start; unless the operator has said that nobody is to get it.
func TestNoWayOut(t *testing.T) {
	needPlugins(t, "email-password", "account", "bearer")
	mailing := func(settings string) string {
		return settings + "\ntenants:\n  - id: main\n    baseURL: http://main.example\n    plugins:\n      - id: bearer\n      - id: email-password\n      - id: account\n"
	}
	const (
		noMail = `tenant "main" has plugins that send mails, but there is no mail server: email-password, account; set mail.smtp; or, if nobody is to get mails, mail.disabled: true`
		noSMS  = `tenant "main" has plugins that send text messages, but there is no provider of them: sender; set sms.url; or, if nobody is to get text messages, sms.disabled: true`
	)
	for name, tt := range map[string]struct{ text, fault, line string }{
		"no mail server":              {mailing(""), noMail, "test.yaml:9:"},
		"no mail server but SMS":      {mailing("sms: {url: 'https://sms.example', secrets: [" + messageSecret + "]}"), noMail, "test.yaml:9:"},
		"a mail server":               {mailing("mail: {from: a@main.example, smtp: {host: 127.0.0.1}}"), "", ""},
		"mails that nobody is to get": {mailing("mail: {disabled: true}"), "", ""},
		"no provider":                 {messagingWith("", ""), noSMS, "test.yaml:11:"},
		"no provider but mail":        {messagingWith("mail: {from: a@main.example, smtp: {host: 127.0.0.1}}", ""), noSMS, "test.yaml:11:"},
		"a provider":                  {messagingWith("sms: {url: 'https://sms.example', secrets: ["+messageSecret+"]}", ""), "", ""},
		"texts that nobody is to get": {messagingWith("sms: {disabled: true}", ""), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := inProduction(t, tt.text, sender())
			o := options(io.Discard, time.Now)
			check := blueprint.Check(cfg, o.BuiltIn)
			e, start := engine.New(t.Context(), cfg, o)
			if start == nil {
				start = e.Close(t.Context())
			}
			for what, err := range map[string]error{"check": check, "start": start} {
				if (err == nil) != (tt.fault == "") || err != nil && (!strings.Contains(err.Error(), tt.fault) || !strings.HasPrefix(err.Error(), tt.line)) {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
}

// TestDisabled: with mails and text messages disabled, whoever asks for a mail is
// told nothing, and a plugin is told that its text message cannot be sent.
func TestDisabled(t *testing.T) {
	needPlugins(t, "email-password")
	cfg := inProduction(t, messagingWith("mail: {disabled: true}\nsms: {disabled: true}", "rateLimit: {enabled: false}")+"      - {id: email-password, config: {sendResetPassword: true}}\n", sender())
	s := &server{t: t, clock: realmtest.NewClock(time.Now()), log: &realmtest.Log{}}
	e, err := engine.New(t.Context(), cfg, options(s.log, s.clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(e.Handler(e.Listeners()[0]))
	defer front.Close()
	s.url = front.URL
	s.signUp("main.example", "ada@example.com").want(t, 200, "")
	s.resets("main", "ada@example.com")
	s.resets("main", "nobody@example.com")
	s.sends(phone, nil).want(t, 500, "")
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func messageFiles(t *testing.T, files map[string]string) (folder string) {
	t.Helper()
	dir := t.TempDir()
	writeMails(t, dir, files)
	return filepath.Join(dir, "mails")
}

// TestMessageFileFaults: what is wrong with a file of a text message is told
// with its place, and nothing starts.
func TestMessageFileFaults(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"variable":        {map[string]string{"de/code.yaml": "text: '{{.nobody}}'"}, `de/code.yaml: message code of the plugin "sender": text: text:1:2: .nobody is not one of the variables`},
		"unknown message": {map[string]string{"coda.yaml": "text: t"}, `coda.yaml: no plugin of tenant "main" sends a message "coda"; the messages are code`},
		"subject":         {map[string]string{"code.yaml": "subject: s\ntext: t"}, `code.yaml:1:1: unknown key "subject"`},
		"no text":         {map[string]string{"code.yaml": "{}"}, `code.yaml:1:1: "text" is missing; add it here`},
		"language":        {map[string]string{"german/code.yaml": "text: t"}, `"german" is not the tag of a language`},
		"not a message":   {map[string]string{"code.txt": "x"}, "code.txt: not a message; name it NAME.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeGuest(t, dir, sender())
			cfg := parseConfig(t, dir, messagingWith("", "sms: {templates: "+messageFiles(t, c.files)+"}"))
			if err := blueprint.Check(cfg, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("check: got %v, want %s", err, c.want)
			}
			if e, err := engine.New(t.Context(), cfg, options(io.Discard, nil)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("start: got %v, want %s", err, c.want)
				if e != nil {
					_ = e.Close(t.Context())
				}
			}
		})
	}
}

// TestPhoneCode: the example phone-code proves that a user has a phone.
func TestPhoneCode(t *testing.T) {
	needPlugins(t, "email-password")
	module, err := filepath.Abs("../wasm-examples/dist/phone-code.wasm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(module); err != nil {
		t.Skipf("%v: run make examples", err)
	}
	s := serve(t, fmt.Sprintf(`
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    plugins:
      - id: email-password
      - {id: phone-code, module: %q, grants: [sms, random, verification, ratelimit, identity]}
`, module))
	up := s.do(request{method: "POST", path: "/api/auth/sign-up/email", body: `{"name":"Ada","email":"ada@example.com","password":"` + password + `","phoneNumber":"` + phone + `"}`})
	up.want(t, 200, "")
	post := func(path, body string) answer {
		return s.do(request{method: "POST", path: "/api/auth/phone-code/" + path, body: body, cookie: up.cookie()})
	}
	post("send", "").want(t, 200, "")
	var kept []struct{ Data struct{ Code string } }
	if err := json.Unmarshal([]byte(s.adminGet(t, "/dev/outbox")), &kept); err != nil || len(kept) != 1 {
		t.Fatalf("%v, kept %v", err, kept)
	}
	post("verify", `{"code":"x"}`).want(t, 400, "INVALID_CODE")
	post("verify", `{"code":"`+kept[0].Data.Code+`"}`).want(t, 200, "")
	if got := s.session("", up.cookie()); got.get("user.verifiedPhoneNumber") != phone {
		t.Errorf("the session is %s", got.text)
	}
	s.do(request{method: "POST", path: "/api/auth/sign-up/email", body: `{"name":"Eve","email":"eve@example.com","password":"` + password + `","verifiedPhoneNumber":"` + phone + `"}`}).
		want(t, 400, "FIELD_NOT_ALLOWED")
}
