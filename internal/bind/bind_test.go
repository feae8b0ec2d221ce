package bind

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// manifest has what bind makes code of.
const manifest = `{
  "id": "visits", "version": "1.0.0", "abi": "1.1",
  "capabilities": [
    {"name": "storage", "write": ["visit"]},
    {"name": "crypto", "purposes": ["visit-link"]},
    {"name": "keys", "keys": ["visits"]},
    {"name": "plugins", "services": ["organization/hasPermission"]},
    {"name": "email"}, {"name": "sms"},
    {"name": "schedule"}
  ],
  "messages": {"visit-code": {"text": "t", "variables": {"code": {"type": "code", "required": true}, "url": "url", "n": "number"}}, "plain": {"text": "t"}},
  "events": {"visit.counted": {"when": "after"}},
  "mails": {"url-shared": {"subject": "s", "text": "t", "variables": {"url": {"type": "url", "required": true}, "times": "number", "until": "date"}}},
  "models": {"visit": {"fields": {"userId": {"type": "string"}}}},
  "cookies": [{"name": "last_visit"}, {"name": "visit_*"}],
  "handlers": [
    {"handler": "list", "kind": "endpoint", "method": "GET", "path": "/visits", "errors": ["VISITS_HIDDEN"],
     "query": {"type": "object", "properties": {"limit": {"type": "string"}}}},
    {"handler": "forget", "kind": "endpoint", "method": "POST", "path": "/visits/forget",
     "body": {"type": "object", "required": ["password"], "properties": {
       "password": {"type": "string", "format": "password", "description": "The user's password"},
       "all": {"type": "boolean"}, "sure": {"type": "boolean", "default": true}, "quiet": {"type": "boolean", "default": false},
       "most": {"type": "number", "default": 10}, "order": {"type": "string", "default": "newest"}}}},
    {"handler": "list", "kind": "endpoint", "method": "GET", "path": "/visits/all"},
    {"handler": "count", "kind": "hook", "event": "session.created", "failure": "skip"},
    {"handler": "visitsOf", "kind": "service", "service": "of", "input": {"type": "object", "required": ["userId"], "properties": {"userId": {"type": "string"}}}},
    {"handler": "expire", "kind": "schedule", "schedule": "expire", "input": {"type": "object", "properties": {"times": {"type": "integer"}}}},
    {"handler": "sweep", "kind": "schedule", "schedule": "sweep", "cron": "0 4 * * *"}
  ],
  "errors": {"VISITS_HIDDEN": "Visits are not shown", "TOO_LATE": {"code": "VISITS_HIDDEN", "status": 410, "message": "Too late"},
    "OFF": {"code": "", "status": 404, "message": ""}},
  "config": {"type": "object", "properties": {
    "shown": {"type": "boolean", "default": true, "description": "Whether /visits answers"},
    "strict": {"type": "boolean"},
    "apiKey": {"type": "string", "writeOnly": true},
    "paths": {"type": "array", "items": {"type": "string"}},
    "mail": {"type": "object", "properties": {"every": {"type": "integer", "default": 7}}},
    "sites": {"type": "object", "properties": {"home": {"$ref": "#/$defs/site"}}, "additionalProperties": {"$ref": "#/$defs/site"}},
    "hooks": {"type": "object", "additionalProperties": {"type": "object", "properties": {"name": {"type": "string"}}}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}}
  }, "$defs": {"site": {"type": "object", "properties": {
    "url": {"$ref": "#/$defs/url", "description": "Where it is"},
    "secrets": {"type": "array", "items": {"type": "string", "writeOnly": true}}
  }}, "url": {"type": "string", "description": "An address"}}}
}`

func TestGo(t *testing.T) {
	code, err := Go([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(code)), " ")
	for _, want := range []string{
		`sdk.Register(0, list) sdk.Register(1, forget) sdk.Register(3, count) sdk.Register(4, visitsOf) sdk.Register(5, expire) sdk.Register(6, sweep) }`,
		`serviceOrganizationHasPermission = "organization/hasPermission"`, `eventVisitCounted = "visit.counted"`,
		`// visitsOfInput is the input of the service of. type visitsOfInput struct{ *sdk.Call }`,
		`func (x visitsOfInput) UserID() string { return x.Call.Get("input.userId").String() }`,
		`// Schedules for appointments of the manifest. const ( scheduleExpire = "expire" )`,
		`// expireInput is the input of the schedule expire. type expireInput struct{ *sdk.Call }`,
		`errTooLate = &sdk.Error{Status: 410, Code: "VISITS_HIDDEN", Message: "Too late"}`,
		`errOff = &sdk.Error{Status: 404, Code: "", Message: ""}`,
		`errVisitsHidden = &sdk.Error{Status: 400, Code: "VISITS_HIDDEN", Message: "Visits are not shown"}`,
		`const pluginID = "visits"`, `cookieLastVisit = "last_visit" )`, `modelVisit = "visit"`, `purposeVisitLink = "visit-link"`, `keyVisits = "visits"`,
		`func configOf(c *sdk.Call) config { return config{c.Settings()} }`,
		`// Shown is the setting shown. Whether /visits answers. func (x config) Shown() bool { return x.Settings.Value("shown").IsTrue() }`,
		`func (x config) Strict() sdk.Value { return x.Settings.Value("strict") }`,
		`func (x config) ApiKey() bool { return !x.Settings.Value("apiKey").IsNullish() }`,
		`func (x config) Paths() []string { return x.Settings.Value("paths").Texts() }`,
		`func (x config) Mail() configMail { return configMail{x.Settings.Object("mail")} }`,
		`func (x configMail) Every() int64 { return x.Settings.Value("every").Int(0) }`,
		`func (x config) Sites() []configSite { var all []configSite for of := range x.Settings.Objects("sites") { all = append(all, configSite{of}) } return all }`,
		`func (x config) Labels() sdk.Value`,
		`// configSite is a member of config.sites. type configSite struct{ sdk.Settings } // Name is the name of the member. func (x configSite) Name() string { return x.Settings.Key() }`,
		`// URL is the setting url. Where it is. func (x configSite) URL() string`,
		`func (x configSite) Secrets() []bool { var set []bool for item := range x.Settings.Value("secrets").Items() { set = append(set, !item.IsNullish()) } return set }`,
		`func (x configHook) MemberName() string { return x.Settings.Key() }`, `func (x configHook) Name() string { return x.Settings.Value("name").String() }`,
		`func (x listQuery) Limit() string { return x.Request.Query("limit").String() }`,
		`func (x forgetBody) Password() sdk.Value { return sdk.Copy("request.body.password") }`,
		`func (x forgetBody) Sure() bool { return !x.Request.Body("sure").IsFalse() }`,
		`func (x forgetBody) Quiet() bool { return x.Request.Body("quiet").IsTrue() }`,
		`func (x forgetBody) Most() int64 { return x.Request.Body("most").Int(10) }`,
		`func (x forgetBody) Order() string { return x.Request.Body("order").StringOr("newest") }`,
		`mailURLShared = "url-shared"`, `type urlSharedMail struct { Times int64 Until string URL string // required }`,
		`func (m urlSharedMail) Send(c *sdk.Call, to string) error { return c.Email().Send(to, mailURLShared, sdk.EmailSendOptions{ URL: m.URL, Data: []sdk.Field{ sdk.F("times", sdk.Int(m.Times)), sdk.F("until", sdk.String(m.Until)), }, }) }`,
		`messagePlain = "plain" messageVisitCode = "visit-code"`, `type visitCodeMessage struct { Code string // required N int64 URL string }`,
		`func (m visitCodeMessage) Send(c *sdk.Call, to string) error { return c.SMS().Send(to, messageVisitCode, sdk.SMSSendOptions{ Data: []sdk.Field{ sdk.F("code", sdk.String(m.Code)), sdk.F("n", sdk.Int(m.N)), sdk.F("url", sdk.String(m.URL)), }, }) }`,
		`func (m plainMessage) Send(c *sdk.Call, to string) error { return c.SMS().Send(to, messagePlain, sdk.SMSSendOptions{}) }`,
		`func (x forgetBody) All() sdk.Value { return x.Request.Body("all") }`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, code)
		}
	}
}

func TestRefusals(t *testing.T) {
	numbered := `{"id":"x","version":"1.0.0","abi":"1.0","handlers":[{"number":1,"kind":"hook","event":"request.after"}]}`
	if _, err := Go([]byte(numbered)); !errors.Is(err, ErrUnnamed) {
		t.Errorf("got %v", err)
	}
	invalid := strings.Replace(manifest, `"errors": ["VISITS_HIDDEN"]`, `"errors": ["VISITS_HIDEN"]`, 1)
	if _, err := Go([]byte(invalid)); err == nil || !strings.Contains(err.Error(), `handlers[0].errors: "VISITS_HIDEN" is not in the errors`) {
		t.Errorf("got %v", err)
	}
	lost := strings.Replace(manifest, `"url": {"$ref": "#/$defs/url"`, `"url": {"$ref": "#/$defs/uri"`, 1)
	if _, err := Go([]byte(lost)); err == nil || !strings.Contains(err.Error(), `config.sites.url: "#/$defs/uri" is not a definition`) {
		t.Errorf("got %v", err)
	}
}

func TestWriteAndCheck(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "manifest.json"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Check(folder); err == nil || !strings.Contains(err.Error(), "authhost plugin bind") {
		t.Errorf("without the file: %v", err)
	}
	for _, want := range []bool{true, false} {
		if changed, err := Write(folder); err != nil || changed != want {
			t.Errorf("changed %v, %v; want %v", changed, err, want)
		}
	}
	if err := Check(folder); err != nil {
		t.Error(err)
	}
}

// TestPlugins: the generated files of the plugins and examples are what their
// manifests say.
func TestPlugins(t *testing.T) {
	for _, pattern := range []string{"../../plugins/*/manifest.json", "../../wasm-examples/*/manifest.json"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := pluginapi.ParseManifest(text)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if goFiles, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.go")); len(goFiles) == 0 || m.Handlers[0].Name == "" {
				continue
			}
			if err := Check(filepath.Dir(path)); err != nil {
				t.Error(err)
			}
		}
	}
}
