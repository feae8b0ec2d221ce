package pluginapi

import (
	"slices"
	"strings"
)

// DocumentPath is a field of the document, or fields of one form.
type DocumentPath struct {
	// Path has the names, of which NAME and FIELD stand for any.
	Path  string
	Below bool   // what is below it is meant, too
	Since string // the ABI version that has it first; "" is 1.0
	Kinds []Kind // what get gives where there is something; none: any
	Doc   string
	// Always says that every handler may set it, but for hooks on the events in
	// ButIn; Endpoints that those of endpoints may, Services those of services.
	// The hooks that may have it in
	// Event.Sets.
	Always, Endpoints, Services bool
	ButIn                       []string
	WriteOnly                   bool
}

// Kinds of fields.
var (
	textKind   = []Kind{KindString}
	boolKind   = []Kind{KindBool}
	numberKind = []Kind{KindNumber}
	jsonKind   = []Kind{KindJSON}
)

var documentPaths = []DocumentPath{
	{Path: "request.method", Kinds: textKind, Doc: "`GET`, `POST` …"},
	{Path: "request.path", Kinds: textKind, Doc: "below the tenant's base path: `/sign-in/email`"},
	{Path: "request.route", Kinds: textKind, Doc: "the endpoint's pattern: `/reset-password/:token`"},
	{Path: "request.url", Kinds: textKind, Doc: "path and query as they were received"},
	{Path: "request.params.NAME", Kinds: textKind, Doc: "a named segment of the path, decoded"},
	{
		Path: "request.query.NAME", Below: true, Kinds: []Kind{KindString, KindNumber, KindBool, KindJSON},
		Doc: "a parameter, decoded; an array if it is repeated. In an endpoint it is what the [schema](#schemas) of its query describes",
	},
	{Path: "request.headers.NAME", Kinds: textKind, Doc: "lower-case name; several lines are joined by `, `. Those that the host decides by cannot be set: cookie, host, origin, referer and the framing"},
	{Path: "request.body", Below: true, Doc: "the parsed body; checked, if the manifest has a schema for it"},
	{Path: "request.rawBody", Kinds: []Kind{KindBytes}, Doc: "the body as received"},
	{Path: "request.contentType", Kinds: textKind, Doc: "the media type, if any"},
	{
		Path: "request.cookies.NAME", Below: true, Kinds: []Kind{KindString, KindJSON},
		Doc: "by the name without the tenant's prefix; of a cookie declared as signed, the value whose signature was right; of the plugin's own [sealed](#sealed-cookies) cookie, its object",
	},
	{Path: "request.cookies", Kinds: jsonKind, Doc: "those that this plugin declares, by name"},
	{Path: "request.ip", Kinds: textKind, Doc: "the client's address as sessions record it, `\"\"` if unknown"},
	{Path: "request.userAgent", Kinds: textKind},
	{Path: "request.origin", Kinds: textKind},
	{Path: "request.serverCall", Kinds: boolKind, Doc: "true in a [server call](#server-calls)"},
	{Path: "request.serviceKey", Kinds: textKind, Doc: "the id of the request's service key; absent without one. The key itself is in no field"},

	{
		Path: "session.session.FIELD", Below: true,
		Doc: "the session of the request, as `/get-session` shows it: `id`, `token`, `userId`, `createdAt`, `expiresAt` … Absent without one. After one was issued in this call, that one",
	},
	{Path: "session.user.FIELD", Below: true, Doc: "its user, likewise: `id`, `email`, `emailVerified`, `name` …"},
	{Path: "session.fresh", Kinds: boolKind, Doc: "true if the session began within the tenant's freshAge"},
	{Path: "session.rememberMe", Kinds: boolKind, Doc: "true if the session outlasts the browser"},

	{
		Path: "config", Below: true,
		Doc: "the plugin's configuration in this tenant. Defaults of the manifest's schema are filled in at every depth. In place of a secret, a value that the schema declares as `\"writeOnly\": true`, there is only `true`",
	},

	{Path: "tenant.id", Kinds: textKind},
	{Path: "tenant.appName", Kinds: textKind},
	{Path: "tenant.baseURL", Kinds: textKind, Doc: "the public origin, without a slash at the end. Of a tenant with several, the one that the request came to"},
	{Path: "tenant.basePath", Kinds: textKind, Doc: "`/api/auth`"},
	{Path: "tenant.authURL", Kinds: textKind, Doc: "`tenant.baseURL` and `tenant.basePath` together"},
	{Path: "tenant.dialect", Kinds: textKind, Doc: "version of the Better Auth protocol in this tenant: `1.6` or `1.7`"},
	{Path: "tenant.issuer", Kinds: textKind, Doc: "the first public origin of the tenant, which is the same in every request: use it to name the tenant"},
	{Path: "tenant.errorURL", Kinds: textKind, Doc: "the page to which browsers are redirected with `?error=CODE` when a flow fails"},
	{Path: "tenant.development", Kinds: boolKind},

	{Path: "now.iso", Kinds: textKind, Doc: "the time of the request: `2026-01-02T03:04:05.678Z`"},
	{Path: "now.ms", Kinds: numberKind, Doc: "the same in milliseconds since 1970"},
	{Path: "now.unix", Kinds: numberKind, Doc: "in seconds"},

	{Path: "event.name", Kinds: textKind, Doc: "the event of the hook; absent in endpoints"},
	{Path: "event.phase", Kinds: textKind, Doc: "of `response.session` the phase, of `token.claims` the key use"},
	{Path: "event.reason", Kinds: textKind, Doc: "of session events: the `reason` of `session.create`, `adopt` or `end`; `sign-out` of a sign-out"},
	{Path: "event.rememberMe", Kinds: boolKind, Doc: "of `session.creating`: false if the session ends with the browser"},
	{Path: "event.plugin", Kinds: textKind, Doc: "of events within a unit of work, and of services: the plugin whose host call caused it; absent if the host did"},
	{Path: "event.id", Kinds: textKind, Doc: "of a [durable delivery](#durable-delivery): its id"},
	{Path: "event.time", Kinds: textKind, Doc: "likewise: the time of its commit; of a [schedule](#schedules): its due time"},
	{Path: "event.key", Since: "1.1", Kinds: textKind, Doc: "of an [appointment](#appointments): the key that the plugin gave it"},
	{Path: "event.target", Kinds: textKind, Doc: "of a durable delivery: the member of `deliverTo` that it is for"},
	{Path: "event.userId", Kinds: textKind, Doc: "likewise: the user of the event, whose events come in order; since 1.1, of the `response.session` of a sign-out: the user whose session it was, absent if there was none"},
	{Path: "event.attempt", Kinds: numberKind, Doc: "likewise, and of an appointment: the number of the attempt, from 1"},
	{Path: "event.version", Kinds: numberKind, Doc: "of a durable delivery: the record's version"},

	{Path: "record.FIELD", Below: true, Doc: "the record of the event, see [events](#hooks-and-events)"},
	{Path: "record.trusted", Kinds: boolKind, Doc: "of `origin.trusted`: true if the site is trusted"},
	{Path: "previous.FIELD", Below: true, Doc: "the record before an update"},
	{Path: "claims.NAME", Below: true, Doc: "of `token.claims`: the token so far"},

	{Path: "input", Since: "1.1", Below: true, Kinds: jsonKind, Doc: "of a [service](#services-and-events-of-plugins): the checked input of the call; of an [appointment](#appointments) the input that the plugin gave it"},
	{Path: "output", Since: "1.1", Below: true, Kinds: jsonKind, Services: true, Doc: "of a service: the result for its caller"},

	{Path: "response.status", Kinds: numberKind, Endpoints: true, Doc: "200 to 599; default 200, or 302 with a redirect"},
	{Path: "response.body", Below: true, Endpoints: true, Doc: "answered as JSON; empty if nothing is set"},
	{Path: "response.headers.NAME", Kinds: textKind, Endpoints: true, Doc: "setting appends; null removes. Not `set-cookie` and not the framing"},
	{
		Path: "response.redirect", Kinds: textKind, Endpoints: true,
		Doc: "302, or `response.status`, with this `Location` and no body. A target that is neither a path nor on a site that the tenant trusts is refused with 403 and the code `INVALID_REDIRECT_URL`, unless the plugin has the permission `redirects`; so is a header `location`",
	},
	{Path: "response.sessionToken", Kinds: textKind, Doc: "the signed session token that the answer's cookie hands to the client; absent if there is none. Needs the capability `session`"},
	{
		Path: "response.cookies.NAME", Endpoints: true, Services: true, WriteOnly: true,
		Doc: "a cookie of this plugin's manifest, on the answer to the request; from services since 1.1. A string sets it as declared, null expires it, `{\"value\", \"maxAge\"}` sets it for so many seconds; an object is the content of a [sealed](#sealed-cookies) one",
	},

	{Path: "args", Below: true, Kinds: jsonKind, Always: true, Doc: "the arguments of the next capability call"},
	{Path: "scratch", Below: true, Kinds: jsonKind, Always: true, Doc: "a place for values that are needed later in the same call: the host copies them, so they need not pass through the guest"},
	{Path: "result", Below: true, Doc: "the result of the last one"},
	{Path: "error.status", Kinds: numberKind, Always: true, ButIn: []string{EventRequestRefused}, Doc: "400 to 599; default 400"},
	{Path: "error.code", Kinds: textKind, Always: true},
	{Path: "error.message", Kinds: textKind, Always: true},
}

// DocumentPaths lists the fields of the document.
func DocumentPaths() []DocumentPath { return slices.Clone(documentPaths) }

// SetBy lists the events whose hooks may set a path.
func (p *DocumentPath) SetBy() []string {
	var names []string
	for i := range contractEvents {
		if e := &contractEvents[i]; slices.Contains(e.Sets, p.Path) {
			names = append(names, e.Name)
		}
	}
	return names
}

// PathSet is a set of fields of the document, made to be asked often.
type PathSet struct{ patterns []pathPattern }

type pathPattern struct {
	names []string // "" stands for any
	below bool
}

// Settable returns the fields that a hook on an event may set, an endpoint's
// handler if event is "", or that of a service or a schedule if it is KindService
// or KindSchedule. It is what the event allows; what else a plugin needs
// is told by its permissions.
func Settable(event string) *PathSet {
	set := new(PathSet)
	for i := range documentPaths {
		if p := &documentPaths[i]; p.Always && !slices.Contains(p.ButIn, event) {
			set.add(p)
		}
	}
	for i := range documentPaths {
		if p := &documentPaths[i]; event == "" && p.Endpoints || event == KindService && p.Services || slices.Contains(p.SetBy(), event) {
			set.add(p)
		}
	}
	return set
}

func (s *PathSet) add(p *DocumentPath) {
	names := strings.Split(p.Path, ".")
	for i, name := range names {
		if name == "NAME" || name == "FIELD" {
			names[i] = ""
		}
	}
	s.patterns = append(s.patterns, pathPattern{names, p.Below})
}

// Has reports whether a path, as ParsePath splits it, is of one of the fields.
func (s *PathSet) Has(path []string) bool {
	for i := range s.patterns {
		if s.patterns[i].covers(path) {
			return true
		}
	}
	return false
}

func (p *pathPattern) covers(path []string) bool {
	if len(path) < len(p.names) || len(path) > len(p.names) && !p.below {
		return false
	}
	for i, name := range p.names {
		if name != "" && name != path[i] {
			return false
		}
	}
	return true
}
