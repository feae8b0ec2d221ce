package pluginapi

import (
	"encoding/json"
	"strings"
)

// Manifest describes a module to the engine. It is deterministic data: the
// custom section ManifestSection holds it as JSON. ABI.md explains each
// member with an example.
type Manifest struct {
	ID           string                      `json:"id"`      // [a-z0-9-]{1,40}, unique per tenant
	Version      string                      `json:"version"` // semantic version 2.0.0
	ABI          string                      `json:"abi"`     // "MAJOR.MINOR": the least that the module needs
	Name         string                      `json:"name,omitempty"`
	Description  string                      `json:"description,omitempty"`
	Capabilities []Capability                `json:"capabilities,omitempty"`
	Permissions  []Permission                `json:"permissions,omitempty"` // what of the document it sees and changes
	Handlers     []Handler                   `json:"handlers"`
	Models       map[string]Model            `json:"models,omitempty"` // models that the plugin owns
	Fields       map[string]map[string]Field `json:"fields,omitempty"` // fields added to core models, by model and name
	Cookies      []Cookie                    `json:"cookies,omitempty"`
	CORS         *CORS                       `json:"cors,omitempty"`
	OriginHeader *OriginHeader               `json:"originHeader,omitempty"` // in which clients that are no browsers name their origin
	Events       map[string]PluginEvent      `json:"events,omitempty"`       // that the plugin raises, by name
	Config       json.RawMessage             `json:"config,omitempty"`       // JSON Schema 2020-12 of the plugin's config
	Errors       map[string]ErrorAnswer      `json:"errors,omitempty"`       // what the handlers refuse with, by name
	Imports      map[string]Import           `json:"imports,omitempty"`      // what is taken over from other servers, by product
	Mails        map[string]Mail             `json:"mails,omitempty"`        // that the plugin sends, by name
	Messages     map[string]TextMessage      `json:"messages,omitempty"`     // likewise, to phones
}

// Capability asks for one named set of host calls. The parameters narrow what
// the operator is asked to grant; absent parameters ask for nothing of that
// sort.
type Capability struct {
	Name     string   `json:"name"`
	Read     []string `json:"read,omitempty"`     // storage, identity: models that may be read
	Write    []string `json:"write,omitempty"`    // storage, identity: models that may be written
	Keys     []string `json:"keys,omitempty"`     // keys: the key uses that may sign
	Purposes []string `json:"purposes,omitempty"` // crypto: the token and seal purposes
	Hosts    []string `json:"hosts,omitempty"`    // http: the hosts that may be called, see ABI.md
	Services []string `json:"services,omitempty"` // plugins: the services that may be called, each as FullName has it
	Reason   string   `json:"reason,omitempty"`   // shown to the operator
}

// Capability returns what the manifest asks for under a capability's name, and
// whether it asks for it at all.
func (m *Manifest) Capability(name string) (Capability, bool) {
	for _, c := range m.Capabilities {
		if c.Name == name {
			return c, true
		}
	}
	return Capability{}, false
}

// Scope describes the parameters and the reason of a request in words, for
// whoever grants it; "" if there are none.
func (c Capability) Scope() string {
	var parts []string
	for _, p := range []struct {
		label string
		names []string
	}{{"reads", c.Read}, {"writes", c.Write}, {"keys", c.Keys}, {"purposes", c.Purposes}, {"calls", c.Hosts}, {"calls", c.Services}} {
		if len(p.names) > 0 {
			parts = append(parts, p.label+" "+strings.Join(p.names, ", "))
		}
	}
	if c.Reason != "" {
		parts = append(parts, c.Reason)
	}
	return strings.Join(parts, "; ")
}

// Capabilities of this ABI version.
const (
	CapStorage      = "storage"
	CapIdentity     = "identity"
	CapSession      = "session"
	CapVerification = "verification"
	CapCrypto       = "crypto"
	CapKeys         = "keys"
	CapEmail        = "email"
	CapSMS          = "sms"
	CapRateLimit    = "ratelimit"
	CapRandom       = "random"
	CapAudit        = "audit"
	CapCookies      = "cookies"
	CapOpenAPI      = "openapi"
	CapHTTP         = "http"
	CapPlugins      = "plugins"
	CapSchedule     = "schedule"
	CapXML          = "xml"
)

// IdentityTokens stands, among the models of the capability "identity", for the
// tokens that providers gave for accounts.
const IdentityTokens = "tokens"

// CapabilityNames lists every capability of this ABI version.
func CapabilityNames() []string {
	return []string{CapStorage, CapIdentity, CapSession, CapVerification, CapCrypto, CapKeys, CapEmail, CapSMS, CapRateLimit, CapRandom, CapAudit, CapCookies, CapHTTP, CapOpenAPI, CapPlugins, CapSchedule, CapXML}
}

// AccessServer marks the endpoints that only servers with a service key reach.
const AccessServer = "server"

// Handler kinds.
const (
	KindEndpoint = "endpoint"
	KindHook     = "hook"
	KindService  = "service"
	KindSchedule = "schedule"
)

// Handler is one numbered entry of a plugin.
type Handler struct {
	// Name is that of the function that serves it. Several handlers may have one
	// function.
	Name string `json:"handler,omitempty"`
	// Number is the argument of authhost_call. Handlers with a name have none in
	// the manifest: it is the place, from 0, of the first handler with that name.
	Number int32   `json:"number,omitempty"`
	Kind   string  `json:"kind"` // one of the Kind constants
	Limits *Limits `json:"limits,omitempty"`
	// Dialects are those of the protocol in which the handler is there; none
	// means all.
	Dialects []string `json:"dialects,omitempty"`
	Failure  string   `json:"failure,omitempty"` // hooks: "deny" (default) or "skip"

	// Endpoints.
	Method   string          `json:"method,omitempty"`   // GET or POST
	Path     string          `json:"path,omitempty"`     // below the base path; ":name" matches one segment
	PathFrom string          `json:"pathFrom,omitempty"` // a member of the config that holds another path, if it is set
	Root     bool            `json:"root,omitempty"`     // the path is below the origin, not the base path
	Body     json.RawMessage `json:"body,omitempty"`     // JSON Schema subset, see ABI.md; checked before the guest runs
	// BodyOptional lets requests without a body through.
	BodyOptional bool `json:"bodyOptional,omitempty"`
	// RequiredUnless names members of the body that are required unless a
	// setting is true: the first of these members of the config that is set.
	RequiredUnless map[string][]string `json:"requiredUnless,omitempty"`

	Query      json.RawMessage `json:"query,omitempty"`
	MediaTypes []string        `json:"mediaTypes,omitempty"` // default application/json
	Session    string          `json:"session,omitempty"`    // "", "optional", "required" or "fresh"
	Access     string          `json:"access,omitempty"`     // "" or "server": for service keys alone, to everybody else 404
	CSRF       string          `json:"csrf,omitempty"`       // "form": fetch metadata is checked even without cookies; "none": nothing is
	RateLimit  *RateLimit      `json:"rateLimit,omitempty"`  // how often one client may call it, where the operator says nothing else
	Errors     []string        `json:"errors,omitempty"`     // names of the manifest's errors that it answers with
	Response   json.RawMessage `json:"response,omitempty"`   // JSON Schema of the body of an answer with status 200, for documents
	OpenAPI    json.RawMessage `json:"openapi,omitempty"`    // an OpenAPI 3.1 operation object
	// Answer says that it answers with text or bytes, where response.body is a
	// text; else its answers are JSON.
	Answer *Answer `json:"answer,omitempty"`

	// Hooks.
	Event  string   `json:"event,omitempty"`
	Match  *Match   `json:"match,omitempty"`
	Before []string `json:"before,omitempty"` // plugin ids that must run after this one
	After  []string `json:"after,omitempty"`  // plugin ids that must run before this one
	// Delivery is DeliverDurable for a hook on a committed record's event that
	// must not miss one.
	Delivery string `json:"delivery,omitempty"`
	// DeliverTo names a member of the config that is an object: the event is
	// delivered once for each of its members, in event.target.
	DeliverTo string `json:"deliverTo,omitempty"`

	// Services.
	Service string          `json:"service,omitempty"` // the name by which others call it
	Input   json.RawMessage `json:"input,omitempty"`   // JSON Schema subset of what it is called with; also of a schedule without cron
	Output  json.RawMessage `json:"output,omitempty"`  // and of what the caller gets

	// Schedules.
	Schedule string `json:"schedule,omitempty"` // the name by which the operator knows it
	Cron     string `json:"cron,omitempty"`     // when it runs: five fields, in UTC; "": at the appointments that the plugin makes
	CronFrom string `json:"cronFrom,omitempty"` // a member of the config that holds another expression, if it is set
}

// DeliverDurable: the event is written with the record, and the handler is
// called until it succeeds.
const DeliverDurable = "durable"

// Durable reports whether the handler's events are written with the records
// and delivered later.
func (h *Handler) Durable() bool { return h.Delivery == DeliverDurable }

// RateLimit bounds the calls of one client.
type RateLimit struct {
	Window int `json:"window"` // seconds
	Max    int `json:"max"`    // calls in a window
}

// Session requirements of an endpoint.
const (
	SessionOptional = "optional" // the session is resolved if there is one
	SessionRequired = "required" // 401 UNAUTHORIZED without one
	SessionFresh    = "fresh"    // and 403 SESSION_NOT_FRESH when older than freshAge
)

// Failure policies.
const (
	FailDeny = "deny"
	FailSkip = "skip"
)

// Match narrows a hook. Every given member must match; an empty Match
// matches all.
type Match struct {
	Paths []string `json:"paths,omitempty"` // exact, or a prefix that ends in "/*"
	// PathsFrom is a member of the config that is a list of further paths. If
	// there are none at all, nothing matches.
	PathsFrom string   `json:"pathsFrom,omitempty"`
	Methods   []string `json:"methods,omitempty"` // of Methods
	Phases    []string `json:"phases,omitempty"`  // event.phase is one of these
	Headers   []string `json:"headers,omitempty"` // the request has one of these headers
}

// Limits bound one handler call. Zero means the engine's default; the
// operator's limits win over the manifest's where they are lower.
type Limits struct {
	Fuel      uint64 `json:"fuel,omitempty"`      // executed-code budget
	MemoryKiB uint32 `json:"memoryKiB,omitempty"` // linear memory
	HostCalls uint32 `json:"hostCalls,omitempty"`
	WallMs    uint32 `json:"wallMs,omitempty"` // host calls included
}

// Model is a set of records that a plugin owns. The engine adds id.
type Model struct {
	Fields  map[string]Field `json:"fields"`
	Indexes []Index          `json:"indexes,omitempty"`
}

// Index is a secondary index over one or more fields.
type Index struct {
	Fields []string `json:"fields"`
	Unique bool     `json:"unique,omitempty"`
}

// Field is one column of a model.
type Field struct {
	Type     string `json:"type"` // string, number, boolean, date, json
	Required bool   `json:"required,omitempty"`
	Unique   bool   `json:"unique,omitempty"`
	Index    bool   `json:"index,omitempty"`
	// IgnoreCase makes the order of a string, and whether it is unique, a
	// matter of its letters without case; searches of it are quick.
	IgnoreCase bool            `json:"ignoreCase,omitempty"`
	References string          `json:"references,omitempty"` // model whose id this is; deleted with it
	Default    json.RawMessage `json:"default,omitempty"`
	Input      *bool           `json:"input,omitempty"`    // may clients set it; default true
	Returned   *bool           `json:"returned,omitempty"` // may clients see it; default true
}

// CORS names the headers that browsers of other origins may use with this
// plugin (Fetch, section 3.2). They add to the engine's in tenants that answer
// CORS.
type CORS struct {
	AllowHeaders  []string `json:"allowHeaders,omitempty"`  // that requests may carry
	ExposeHeaders []string `json:"exposeHeaders,omitempty"` // of answers that scripts may read
}

// Cookie is a cookie that the plugin sets, or a family of them: a name that
// ends in "*" stands for every name that begins so and goes on. The engine
// adds the tenant's prefix, the Secure attribute and, if asked, the signature.
type Cookie struct {
	Name     string `json:"name"`             // without prefix: "convex_jwt"
	MaxAge   int    `json:"maxAge,omitempty"` // seconds; 0: a session cookie
	Signed   bool   `json:"signed,omitempty"`
	Sealed   bool   `json:"sealed,omitempty"`   // an object that the host encrypts and binds to the client's session
	HTTPOnly *bool  `json:"httpOnly,omitempty"` // default true
	SameSite string `json:"sameSite,omitempty"` // default the tenant's, Lax
	Path     string `json:"path,omitempty"`     // default "/"
}

// CookieFamily ends the name of a cookie that stands for a family.
const CookieFamily = "*"

// Covers reports whether the declaration is that of the cookie with a name.
func (c *Cookie) Covers(name string) bool {
	if prefix, family := strings.CutSuffix(c.Name, CookieFamily); family {
		return len(name) > len(prefix) && strings.HasPrefix(name, prefix) && memberCookie.MatchString(name)
	}
	return c.Name == name
}
