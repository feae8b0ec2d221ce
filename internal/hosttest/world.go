package hosttest

import (
	"net/http"
	"testing"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

// Host is what a handler has of its host.
type Host interface {
	// Get reads a field of the document.
	Get(path string) (pluginapi.Kind, []byte)
	// Set writes one.
	Set(path string, kind pluginapi.Kind, value []byte) pluginapi.Status
	// Call performs a capability call with the arguments in the JSON text in, or
	// with those at args if that is empty, and returns the result as JSON text.
	Call(capability, function string, in []byte) (pluginapi.Status, []byte)
}

// Handler is the code of all handlers of the plugin. event is what a hook is
// called for, "" the endpoint, pluginapi.KindService the service,
// pluginapi.KindSchedule an appointment.
type Handler func(event string, h Host) pluginapi.Result

// EventOf returns what a handler is called for, as Handler has it.
func EventOf(h Host) string {
	if kind, _ := h.Get("event.key"); kind != pluginapi.KindAbsent {
		return pluginapi.KindSchedule
	}
	if kind, _ := h.Get("input"); kind != pluginapi.KindAbsent {
		return pluginapi.KindService
	}
	_, event := h.Get("event.name")
	return string(event)
}

// Request is a request to the plugin's endpoint, POST /guest.
type Request struct {
	Session string // the token of the session that it proves; "" for none
	Kept    string // the token of the session that its client keeps of who acts in the other; "" for none
	Body    string // JSON
	Origin  string // of a site that it comes from and that is not trusted; "" for none
}

// World is a host with one plugin, that of Manifest, in one tenant without
// users.
type World interface {
	// Serve takes a request through the plugin's handlers: origin.trusted if it
	// comes from a site that is not, request.before, the endpoint, response.session
	// if it applies, request.after or request.refused, and what their calls raise
	// in between and afterwards. What a handler wrote is kept if it continues.
	Serve(t testing.TB, r Request, h Handler)
	// RunDue runs the plugin's appointments that are due, the earliest first.
	RunDue(t testing.TB, h Handler)
	// Advance moves the clock, which stands still otherwise.
	Advance(d time.Duration)
	// OtherToken returns a JWT of another server's: the host takes it for signed
	// by a key that is published at the URL in the configuration, with JWKSPath.
	OtherToken(t testing.TB, claims map[string]any) string
}

// Maker starts a host whose plugin has a manifest and the configuration
// Settings(url). Requests to url, and below, reach other, but for JWKSPath. Names
// have the records that TXT gives.
type Maker func(t testing.TB, m *pluginapi.Manifest, other http.Handler) World

// JWKSPath is where the other server publishes its keys.
const JWKSPath = "/jwks"

// PluginID is the id of the plugin.
const PluginID = "guest"

// cookie is the name of a cookie of the plugin's.
const cookie = "plain"

// The service of the plugin's, which it may call itself, and the events that it
// raises: one whose hooks give a verdict, one whose hooks are told.
const (
	serviceName = "echo"
	eventBefore = "note.adding"
	eventAfter  = "note.added"
)

// The schedule for which the plugin makes appointments, and one that runs by cron.
const (
	appointedName = "remind"
	cronName      = "sweep"
)

// EndpointPath is the path of its endpoint.
const EndpointPath = "/" + PluginID

// Manifest returns the manifest of the plugin that makes the calls. It asks for
// everything.
func Manifest() *pluginapi.Manifest {
	no := false
	m := &pluginapi.Manifest{
		ID: PluginID, Version: "1.0.0", ABI: pluginapi.Version(),
		Models: map[string]pluginapi.Model{"note": {
			Fields: map[string]pluginapi.Field{
				"name": {Type: "string", Unique: true}, "group": {Type: "string", Index: true}, "count": {Type: "number"},
				"title": {Type: "string", Index: true, IgnoreCase: true},
			},
		}, "unlisted": {Fields: map[string]pluginapi.Field{"name": {Type: "string"}}}},
		Fields: map[string]map[string]pluginapi.Field{
			"user":    {"nickname": {Type: "string"}, "rank": {Type: "string", Input: &no}},
			"session": {"theme": {Type: "string"}},
		},
		Mails: map[string]pluginapi.Mail{"verify-email": {
			Subject: "Verify", Body: []pluginapi.MailBlock{{Text: "{{.name}}"}, {Link: "url"}, {Code: "otp"}, {Note: "{{.n}} {{.until}}"}},
			Variables: map[string]pluginapi.MailVariable{
				"url": {Type: pluginapi.MailURL, Required: true}, "otp": {Type: pluginapi.MailCode}, "token": {Type: pluginapi.MailString},
				"name": {Type: pluginapi.MailString}, "n": {Type: pluginapi.MailNumber}, "until": {Type: pluginapi.MailDate},
			},
		}},
		Messages: map[string]pluginapi.TextMessage{"code": {
			Text:      "{{.code}} for {{.app}}{{if .name}}, {{.name}}{{end}}",
			Variables: map[string]pluginapi.MailVariable{"code": {Type: pluginapi.MailCode, Required: true}, "name": {Type: pluginapi.MailString}, "n": {Type: pluginapi.MailNumber}},
		}, "empty": {Text: "{{.name}}", Variables: map[string]pluginapi.MailVariable{"name": {Type: pluginapi.MailString}}}},
		Cookies: []pluginapi.Cookie{{Name: cookie, MaxAge: 60}},
		Config:  []byte(`{"type":"object","properties":{"other":{"type":"string"},"jefe":{"type":"string","writeOnly":true},"signingSecret":{"type":"string","writeOnly":true},"privateKey":{"type":"string","writeOnly":true}}}`),
		Handlers: []pluginapi.Handler{
			{Number: 0, Kind: pluginapi.KindEndpoint, Method: "POST", Path: EndpointPath},
		},
	}
	for i, event := range pluginapi.Events() {
		m.Handlers = append(m.Handlers, pluginapi.Handler{Number: int32(i + 1), Kind: pluginapi.KindHook, Event: event})
	}
	m.Events = map[string]pluginapi.PluginEvent{
		eventBefore: {Record: []byte(`{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}`)},
		eventAfter:  {When: pluginapi.WhenAfter},
	}
	for _, event := range []string{eventAfter, eventBefore} {
		m.Handlers = append(m.Handlers, pluginapi.Handler{Number: int32(len(m.Handlers)), Kind: pluginapi.KindHook, Event: pluginapi.FullName(PluginID, event)})
	}
	m.Handlers = append(m.Handlers, pluginapi.Handler{
		Number: int32(len(m.Handlers)), Kind: pluginapi.KindService, Service: serviceName,
		Input:  []byte(`{"type":"object","properties":{"text":{"type":"string","minLength":1}},"required":["text"]}`),
		Output: []byte(`{"type":"object","properties":{"text":{"type":"string"}}}`),
	})
	m.Handlers = append(m.Handlers, pluginapi.Handler{
		Number: int32(len(m.Handlers)), Kind: pluginapi.KindSchedule, Schedule: appointedName,
		Input: []byte(`{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}`),
	}, pluginapi.Handler{
		Number: int32(len(m.Handlers) + 1), Kind: pluginapi.KindSchedule, Schedule: cronName, Cron: "0 0 1 1 *",
	})
	for _, name := range pluginapi.CapabilityNames() {
		c := pluginapi.Capability{Name: name}
		switch name {
		case pluginapi.CapIdentity:
			c.Write = []string{"user", "account", pluginapi.IdentityTokens}
		case pluginapi.CapStorage:
			c.Write = []string{"note"}
		case pluginapi.CapCrypto:
			c.Purposes = []string{"test", "other"}
		case pluginapi.CapKeys:
			c.Keys = []string{"test"}
		case pluginapi.CapHTTP:
			c.Hosts = []string{pluginapi.ConfigHost + "other", "txt.example", "*.txt.example"}
		case pluginapi.CapPlugins:
			c.Services = []string{pluginapi.FullName(PluginID, serviceName)}
		}
		m.Capabilities = append(m.Capabilities, c)
	}
	for _, p := range pluginapi.Permissions() {
		asked := pluginapi.Permission{Name: p.Name}
		if p.Set == pluginapi.PermFields {
			asked.Read = []string{"user.*", "session.*", "account.*", "verification.*"}
			asked.Write = asked.Read
		}
		m.Permissions = append(m.Permissions, asked)
	}
	return m
}

// Settings returns the plugin's configuration as JSON. url is where the other
// servers are.
func Settings(url string) string {
	return `{"other":"` + url + `","jefe":"Jefe","signingSecret":"whsec_SmVmZQ==","privateKey":` + string(text(xmlPairs().good.key)) + `}`
}
