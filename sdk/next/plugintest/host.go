package plugintest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/pluginapi"
	sdk "github.com/authhost/authhost/sdk/next"
)

// Start is the time at which a Host's clock stands at first.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// BaseURL and BasePath are those of the Host's tenant.
const (
	BaseURL  = "https://app.example.com"
	BasePath = "/api/auth"
)

// providerCredential is the provider of accounts that have a password.
const providerCredential = "credential"

// timeLayout is the form of dates in records.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Object is a JSON object.
type Object = map[string]any

// Mail is a message that a handler sent.
type Mail struct {
	To, Template, Subject, URL, Token, OTP string
	Data                                   Object
}

// Config says what a Host is made of. Manifest is required.
type Config struct {
	Manifest []byte // the plugin's manifest.json
	Config   string // the plugin's configuration as JSON; defaults are filled in
	AppName  string // default "App"
	Dialect  string // of the protocol; default pluginapi.Dialect16
}

// Host is an in-memory host for one plugin. It is not safe for concurrent
// use.
type Host struct {
	t         testing.TB
	manifest  *pluginapi.Manifest
	tenant    Object
	config    any // as the plugin may read it
	secrets   any // the same with its secrets
	server    func(HTTPRequest) HTTPResponse
	requests  []HTTPRequest
	now       time.Time
	overrides map[string]Function
	// allowInvalid is set by a test whose plugin makes wrong calls.
	allowInvalid bool
	sequence     int
	current      string // token of the session that requests carry
	// What the capability cookies works with: the answer's Set-Cookie values,
	// and what was added to the request's cookies.
	setCookies []string
	injected   string
	state      state
	kept       []func() // redoes what takes effect at once, after the rest was undone
	doc        document
}

// state is what units of work change.
type state struct {
	Users, Accounts, Sessions []Object
	Verifications             []Object
	Records                   map[string][]Object
	Tokens                    map[string]Object
	Hits                      map[string]int
	Mails                     []Mail
	Audit                     []Object
}

// Function stands in for a host call: it gets the arguments and returns a
// status and the result.
type Function func(args Object) (sdk.Status, any)

// New returns a Host for the plugin with the given manifest. It fails the
// test if the manifest is not valid.
func New(t testing.TB, c Config) *Host {
	t.Helper()
	m, err := pluginapi.ParseManifest(c.Manifest)
	if err == nil {
		err = m.Validate()
	}
	if err != nil {
		t.Fatal(err)
	}
	if c.AppName == "" {
		c.AppName = "App"
	}
	if c.Config == "" {
		c.Config = "{}"
	}
	if c.Dialect == "" {
		c.Dialect = pluginapi.Dialect16
	}
	m = m.For(c.Dialect)
	schema := decode(t, string(m.Config))
	root, _ := schema.(Object)
	secrets := withDefaults(decode(t, c.Config), schema)
	h := &Host{
		t: t, manifest: m, now: Start,
		tenant: Object{
			"id": "main", "appName": c.AppName, "baseURL": BaseURL, "basePath": BasePath,
			"authURL": BaseURL + BasePath, "issuer": BaseURL, "errorURL": BaseURL + BasePath + "/error", "dialect": c.Dialect, "development": false,
		},
		config:    withoutSecrets(secrets, root, schema),
		secrets:   secrets,
		overrides: map[string]Function{},
		state:     state{Records: map[string][]Object{}, Tokens: map[string]Object{}, Hits: map[string]int{}},
	}
	h.begin("", "") // for code that is no handler, called with sdk.NewCall
	return h
}

// On replaces a host call, for instance "identity.createUser".
func (h *Host) On(call string, f Function) { h.overrides[call] = f }

// AllowInvalid lets handlers make calls whose arguments are not what the
// contract says, such as those that a client chose. They are still Invalid;
// without AllowInvalid they fail the test as well.
func (h *Host) AllowInvalid() { h.allowInvalid = true }

// Advance moves the clock.
func (h *Host) Advance(d time.Duration) { h.now = h.now.Add(d) }

// Mails returns the messages that were sent, oldest first.
func (h *Host) Mails() []Mail { return h.state.Mails }

// LastMail returns the newest message; it fails the test if there is none.
func (h *Host) LastMail() Mail {
	h.t.Helper()
	if len(h.state.Mails) == 0 {
		h.t.Fatal("plugintest: no mail was sent")
	}
	return h.state.Mails[len(h.state.Mails)-1]
}

// AddUser creates a user with a password ("" for none) and returns its id.
func (h *Host) AddUser(email, password string) string {
	user := h.newUser(Object{"email": email, "name": email})
	h.state.Users = append(h.state.Users, user)
	if password != "" {
		h.setPassword(text(user["id"]), password)
	}
	return text(user["id"])
}

// AddAccount links a user to a provider. Fields are those of the account
// record: providerId, accountId, scope …
func (h *Host) AddAccount(userID string, fields Object) {
	maps.Copy(h.addAccount(userID, text(fields["providerId"]), ""), fields)
}

// User returns the record of a user, nil if there is none.
func (h *Host) User(id string) Object { return find(h.state.Users, "id", id) }

// Accounts returns all accounts with their secrets, oldest first.
func (h *Host) Accounts() []Object { return h.state.Accounts }

// Users returns all users, oldest first.
func (h *Host) Users() []Object { return h.state.Users }

// SetUser changes fields of a user.
func (h *Host) SetUser(id string, set Object) { maps.Copy(h.User(id), set) }

// Password returns a user's password, "" if there is none.
func (h *Host) Password(userID string) string {
	return text(h.account(userID, providerCredential)["password"])
}

// SignIn makes the following requests carry a new session of a user and
// returns its token.
func (h *Host) SignIn(userID string) string {
	h.current = text(h.newSession(userID, true)["token"])
	return h.current
}

// SignOut makes the following requests carry no session.
func (h *Host) SignOut() { h.current = "" }

// Injected returns what the last call added to the request's cookies.
func (h *Host) Injected() string { return h.injected }

// AddSession creates a session of a user that requests do not carry, and
// returns its token.
func (h *Host) AddSession(userID string) string { return text(h.newSession(userID, true)["token"]) }

// SessionsOf returns the sessions of a user, oldest first.
func (h *Host) SessionsOf(userID string) []Object {
	return slices.DeleteFunc(slices.Clone(h.state.Sessions), func(s Object) bool { return s["userId"] != userID })
}

// Verifications returns the live values, by identifier.
func (h *Host) Verifications() map[string]string {
	out := map[string]string{}
	for _, v := range h.state.Verifications {
		out[text(v["identifier"])] = text(v["value"])
	}
	return out
}

// Records returns the records of a model of the plugin.
func (h *Host) Records(model string) []Object { return h.state.Records[model] }

// Audit returns the audit events that were recorded: action, userId, details.
func (h *Host) Audit() []Object { return h.state.Audit }

// Claims returns the claims of a token that crypto.signToken or keys.sign
// gave, nil for any other.
func (h *Host) Claims(token string) Object {
	claims, _ := h.state.Tokens[token]["claims"].(Object)
	return claims
}

// id returns a new text of n characters that is predictable and unique.
func (h *Host) id(kind string, n int) string {
	h.sequence++
	s := fmt.Sprintf("%s%d", kind, h.sequence)
	if len(s) < n {
		s += strings.Repeat("x", n-len(s))
	}
	return s
}

// keep makes a change that stays even if the handler denies.
func (h *Host) keep(change func()) {
	change()
	h.kept = append(h.kept, change)
}

func (h *Host) iso(t time.Time) string { return t.UTC().Format(timeLayout) }

// snapshot copies the state, so that a refused unit of work can be undone.
func (h *Host) snapshot() state {
	text, err := json.Marshal(h.state)
	if err != nil {
		h.t.Fatal(err)
	}
	var copied state
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	if err := dec.Decode(&copied); err != nil {
		h.t.Fatal(err)
	}
	return copied
}

func decode(t testing.TB, source string) any {
	t.Helper()
	if source == "" {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(source))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("plugintest: %s in %s", err, source)
	}
	return v
}

// withDefaults fills the defaults of a JSON Schema into a value, at every
// depth.
func withDefaults(v, schema any) any {
	s, _ := schema.(Object)
	if v == nil && s["default"] != nil {
		v = s["default"]
	}
	properties, _ := s["properties"].(Object)
	if v == nil && properties != nil {
		v = Object{}
	}
	object, ok := v.(Object)
	if !ok {
		return v
	}
	out := maps.Clone(object)
	for name, sub := range properties {
		if filled := withDefaults(object[name], sub); filled != nil {
			out[name] = filled
		}
	}
	return out
}

func find(list []Object, name string, value any) Object {
	for _, o := range list {
		if o[name] == value {
			return o
		}
	}
	return nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
