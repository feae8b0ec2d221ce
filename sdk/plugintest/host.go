package plugintest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// Start is the time at which a Host's clock stands at first.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// BaseURL and BasePath are those of the Host's tenant.
const (
	BaseURL  = "https://app.example.com"
	BasePath = "/api/auth"
)

// Object is a JSON object.
type Object = map[string]any

// Mail is a message that a handler sent, as its recipient gets it. HTML is ""
// if it has a text alone.
type Mail struct {
	To, Template, Subject, URL, Token, OTP string
	Data                                   Object
	Text, HTML                             string
}

// TextMessage is a text message that a handler sent to a phone, as its recipient
// gets it. Kind is its name in the manifest.
type TextMessage struct {
	To, Kind, Text string
	Data           Object
}

// Config says what a Host is made of. Manifest is required.
type Config struct {
	Manifest []byte // the plugin's manifest.json
	Config   string // the plugin's configuration as JSON; defaults are filled in
	AppName  string // default "App"
	Dialect  string // of the protocol; default pluginapi.Dialect16
	// Development is what tenant.development says.
	Development bool
}

// Host is an in-memory host for one plugin. It is not safe for concurrent
// use.
type Host struct {
	t            testing.TB
	manifest     *pluginapi.Manifest
	may          pluginapi.PermissionSet
	models       map[string]pluginapi.Model
	tenant       Object
	config       any // as the plugin may read it
	secrets      any // the same with its secrets
	server       func(HTTPRequest) HTTPResponse
	txt          func(name string) []string
	requests     []HTTPRequest
	now          time.Time
	overrides    map[string]Function
	services     map[string]Service   // of other plugins, by full name
	running      []*pluginapi.Handler // handlers that run, outermost first
	allowInvalid bool
	sequence     int
	current      string // token of the session that requests carry
	keeps        string // of the one that clients keep while its user acts as another
	state        state
	stored       map[string][]Object // records before the open unit of work
	kept         []func()            // redoes what takes effect at once, after the rest was undone
	exchange     *exchange
	call         *call // the handler that runs
	depth        int
	last         *call // the one that Read looks at
}

// state is what units of work change.
type state struct {
	Records  map[string][]Object // by model, oldest first
	Windows  map[string]window   // of rate limits
	Mails    []Mail
	Messages []TextMessage
	Audit    []Object
	Raised   []Raised
	// Appointments are those to come, as they were made.
	Appointments []Appointment
	// AddressChanges counts how often users have changed their address.
	AddressChanges map[string]int
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
	dialect := cmp.Or(c.Dialect, pluginapi.Dialect16)
	m = m.For(dialect)
	schema := decode(t, string(m.Config))
	secrets := withDefaults(decode(t, cmp.Or(c.Config, "{}")), schema)
	h := &Host{
		t: t, manifest: m, may: permissions(m), models: models(m), now: Start,
		tenant: Object{
			"id": "main", "appName": cmp.Or(c.AppName, "App"), "baseURL": BaseURL, "basePath": BasePath,
			"authURL": BaseURL + BasePath, "issuer": BaseURL, "errorURL": BaseURL + BasePath + "/error", "dialect": dialect, "development": c.Development,
		},
		config:    withoutSecrets(secrets, object(schema), schema),
		secrets:   secrets,
		overrides: map[string]Function{},
		services:  map[string]Service{},
		state:     state{Records: map[string][]Object{}, Windows: map[string]window{}},
	}
	h.UseSession("")
	h.last = h.call
	return h
}

// On replaces a host call, for instance "identity.createUser".
func (h *Host) On(call string, f Function) { h.overrides[call] = f }

// AllowInvalid lets handlers make calls that a plugin should never make: with
// other arguments than the contract says, or without having asked for them in
// the manifest. They are refused as in the engine; without AllowInvalid they
// fail the test as well.
func (h *Host) AllowInvalid() { h.allowInvalid = true }

// Advance moves the clock.
func (h *Host) Advance(d time.Duration) { h.now = h.now.Add(d) }

// Mails returns the mails that were sent, oldest first; decoys are not.
func (h *Host) Mails() []Mail { return h.state.Mails }

// LastMail returns the newest message; it fails the test if there is none.
func (h *Host) LastMail() Mail {
	h.t.Helper()
	if len(h.state.Mails) == 0 {
		h.t.Fatal("plugintest: no mail was sent")
	}
	return h.state.Mails[len(h.state.Mails)-1]
}

// Messages returns the text messages that were sent to phones, oldest first;
// decoys are not.
func (h *Host) Messages() []TextMessage { return h.state.Messages }

// LastMessage returns the newest text message; it fails the test if there is
// none.
func (h *Host) LastMessage() TextMessage {
	h.t.Helper()
	if len(h.state.Messages) == 0 {
		h.t.Fatal("plugintest: no text message was sent")
	}
	return h.state.Messages[len(h.state.Messages)-1]
}

// add stores a record that a test gives.
func (h *Host) add(model string, fields Object) (r Object) {
	h.t.Helper()
	if err := try(func() { r = h.insert(model, clone(fields)) }); err != nil {
		h.t.Fatalf("plugintest: %s %s: %v", model, marshal(fields), err)
	}
	return r
}

// AddUser creates a user with a password ("" for none) and returns its id. No
// hook is called.
func (h *Host) AddUser(email, password string) string {
	h.t.Helper()
	id := text(h.add("user", h.draft(Object{"email": email, "name": email}, nil))["id"])
	if password != "" {
		h.AddAccount(id, Object{"providerId": sdk.ProviderCredential, "password": password})
	}
	return id
}

// AddAccount links a user to a provider. Fields are those of the account
// record: providerId, accountId, scope …
func (h *Host) AddAccount(userID string, fields Object) {
	h.t.Helper()
	account := h.stamped(Object{"userId": userID, "accountId": userID})
	maps.Copy(account, fields)
	h.add("account", account)
}

// User returns the record of a user, nil if there is none.
func (h *Host) User(id string) Object { return find(h.Users(), "id", id) }

// Accounts returns all accounts with their secrets, oldest first.
func (h *Host) Accounts() []Object { return h.state.Records["account"] }

// Users returns all users, oldest first.
func (h *Host) Users() []Object { return h.state.Records["user"] }

// SetUser changes fields of a user.
func (h *Host) SetUser(id string, set Object) { maps.Copy(h.User(id), object(clone(set))) }

// RemoveUser deletes a user and what refers to it, as the plugin's records do. No
// hook is called.
func (h *Host) RemoveUser(id string) { h.remove("user", h.User(id)) }

// Password returns a user's password, "" if there is none.
func (h *Host) Password(userID string) string {
	return text(find(where(h.Accounts(), "userId", userID), "providerId", sdk.ProviderCredential)["password"])
}

// SignIn makes the following requests carry a new session of a user and
// returns its token.
func (h *Host) SignIn(userID string) string {
	h.UseSession(h.AddSession(userID))
	return h.current
}

// SignOut makes the following requests carry no session.
func (h *Host) SignOut() { h.UseSession("") }

// UseSession makes the following requests, and code that a test calls with
// sdk.NewCall, carry the session with a token.
func (h *Host) UseSession(token string) {
	h.current = token
	if h.depth == 0 {
		h.begin(Request{Path: "/"}, "/", Object{})
		h.call = h.newCall(Event{})
	}
}

// KeepSession makes the following requests carry a further session, that of the
// user who acts in the other one, as clients do while they impersonate; "" none.
func (h *Host) KeepSession(token string) { h.keeps = token }

// AddSession creates a session of a user that requests do not carry, and
// returns its token.
func (h *Host) AddSession(userID string) string {
	return text(h.add("session", h.newSession(userID, false, 0))["token"])
}

// CurrentSession returns the session that requests carry, nil if none.
func (h *Host) CurrentSession() Object { return find(h.state.Records["session"], "token", h.current) }

// SessionsOf returns the sessions of a user, oldest first.
func (h *Host) SessionsOf(userID string) []Object {
	return where(h.state.Records["session"], "userId", userID)
}

// Injected returns what the last call added to the request's cookies.
func (h *Host) Injected() string { return h.exchange.injected }

// Verifications returns the values, by identifier.
func (h *Host) Verifications() map[string]string {
	out := map[string]string{}
	for _, v := range h.state.Records["verification"] {
		out[text(v["identifier"])] = text(v["value"])
	}
	return out
}

// Records returns the records of a model of the plugin.
func (h *Host) Records(model string) []Object { return h.state.Records[model] }

// Audit returns the audit events that were recorded: action, userId, details.
func (h *Host) Audit() []Object { return h.state.Audit }

// id returns a new text of n characters that is predictable and unique.
func (h *Host) id(kind string, n int) string {
	h.sequence++
	s := fmt.Sprintf("%s%d", kind, h.sequence)
	return s + strings.Repeat("x", max(n-len(s), 0))
}

// keep makes a change that stays even if the handler denies.
func (h *Host) keep(change func()) {
	change()
	h.kept = append(h.kept, change)
}

// attempt undoes what work did if that is refused, but for what was to be
// kept.
func (h *Host) attempt(work func() *refusal) *refusal {
	before, kept := clone(h.state), len(h.kept)
	refused := work()
	if refused == nil {
		return nil
	}
	h.state = before
	for _, again := range h.kept[kept:] {
		again()
	}
	return refused
}

// timeLayout is the form of dates in records.
const timeLayout = "2006-01-02T15:04:05.000Z"

func iso(t time.Time) string { return t.UTC().Format(timeLayout) }

// stamped adds the times of a new record.
func (h *Host) stamped(fields Object) Object {
	fields["createdAt"], fields["updatedAt"] = iso(h.now), iso(h.now)
	return fields
}

func decode(t testing.TB, source string) any {
	t.Helper()
	if source == "" {
		return nil
	}
	v, err := parse[any]([]byte(source))
	if err != nil {
		t.Fatalf("plugintest: %s in %s", err, source)
	}
	return v
}

// parse decodes JSON; numbers in an any are json.Number.
func parse[T any](source []byte) (v T, err error) {
	dec := json.NewDecoder(bytes.NewReader(source))
	dec.UseNumber()
	if err = dec.Decode(&v); err == nil {
		if _, end := dec.Token(); end != io.EOF {
			err = errors.New("text after the JSON")
		}
	}
	return v, err
}

func marshal(v any) []byte {
	source, err := json.Marshal(v)
	if err != nil {
		panic(err) // the values here came from JSON or are made of its types
	}
	return source
}

// clone copies a value by way of JSON.
func clone[T any](v T) T {
	copied, err := parse[T](marshal(v))
	if err != nil {
		panic(err) // as above
	}
	return copied
}

// among reports whether a list, or a single text, has a text.
func among(list any, s string) bool {
	items, _ := list.([]any)
	return s != "" && list == any(s) || slices.Contains(items, any(s))
}
