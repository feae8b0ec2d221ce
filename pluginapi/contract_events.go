package pluginapi

import "slices"

// Event is something that happens in the host and that hooks are called for.
type Event struct {
	Name  string
	Since string // the ABI version that has it first; "" is 1.0
	When  string // in words, that go on after "is raised"
	// Sees are the parts of the document that its hooks have besides those that
	// every handler has. Record says what record is.
	Sees   []string
	Record string
	// Sets are the paths that its hooks may set besides those that every
	// handler may; each is the Path of a DocumentPath.
	Sets []string
	// May says what else its hooks may do, such as refuse.
	May string
	// Failures are the failure policies that its hooks may declare. Hooks that
	// give a verdict fail closed.
	Failures []string
	// Durable says that its hooks may ask for durable delivery.
	Durable bool
	Phases  []Phase // values of event.phase
}

// Phase is a value of event.phase.
type Phase struct {
	Name string
	Doc  string
}

// Names of events.
const (
	EventRequestBefore        = "request.before"
	EventRequestAfter         = "request.after"
	EventRequestRefused       = "request.refused"
	EventResponseSession      = "response.session"
	EventUserCreating         = "user.creating"
	EventUserUpdating         = "user.updating"
	EventUserDeleting         = "user.deleting"
	EventAccountCreating      = "account.creating"
	EventAccountUpdating      = "account.updating"
	EventAccountDeleting      = "account.deleting"
	EventSessionCreating      = "session.creating"
	EventSessionUpdating      = "session.updating"
	EventSessionDeleting      = "session.deleting"
	EventVerificationCreating = "verification.creating"
	EventTokenClaims          = "token.claims"
	EventUserCreated          = "user.created"
	EventUserUpdated          = "user.updated"
	EventUserDeleted          = "user.deleted"
	EventAccountCreated       = "account.created"
	EventAccountUpdated       = "account.updated"
	EventAccountDeleted       = "account.deleted"
	EventSessionCreated       = "session.created"
	EventSessionUpdated       = "session.updated"
	EventSessionDeleted       = "session.deleted"
	EventMailSending          = "mail.sending"
	EventOriginTrusted        = "origin.trusted"
	EventPasswordPolicy       = "password.policy"
	EventIdentityLinking      = "identity.linking"
)

// Phases of EventResponseSession, in event.phase.
const (
	PhaseIssued    = "issued"
	PhaseRead      = "read"
	PhaseRefreshed = "refreshed"
	PhaseEnded     = "ended"
)

// What several events have.
var (
	verdict  = []string{FailDeny}
	observer = []string{FailDeny, FailSkip}

	answerPaths = []string{"response.status", "response.body", "response.headers.NAME", "response.redirect", "response.cookies.NAME"}
	fieldPaths  = []string{"record.FIELD"}

	sessionPhases = []Phase{
		{PhaseIssued, "the client gets a session, by `session.create` or `session.adopt`, and its cookie goes out"},
		{PhaseRead, "`/get-session` answers with a session"},
		{PhaseRefreshed, "and has extended it, or `session.update` has changed it"},
		{PhaseEnded, "the client is told that it has none, by sign-out, by `session.end`, or by `/get-session` without a session, or has ended it itself by `/revoke-session` and its like"},
	}
)

var contractEvents = slices.Concat(
	requestEvents, modelEvents("user", "a user"), modelEvents("account", "an account"), modelEvents("session", "a session"), []Event{
		{
			Name: EventVerificationCreating, When: "within the unit of work that keeps a value under an identifier",
			Sees: []string{"record", "event.plugin"}, Record: "the new verification", Sets: fieldPaths, May: "refuse", Failures: verdict,
		},
		{
			Name: EventTokenClaims, When: "before the host signs a token with `keys.sign`",
			Sees: []string{"claims", "event.phase", "event.plugin"}, Sets: []string{"claims.NAME"}, May: "refuse", Failures: verdict,
		},
		{
			Name: EventIdentityLinking, When: "before an account at a provider is linked to a user who exists",
			Sees: []string{"record", "event.plugin"}, May: "refuse", Failures: verdict,
			Record: "`userId`, `userEmail`, `providerId`, `accountId`, `implicit` (nobody asked for it) and what the plugin says of the `profile`, such as `email`",
		},
		{
			Name: EventPasswordPolicy, When: "before a user gets a password: at sign-up, also with a taken address, and when a password is changed or reset",
			Sees: []string{"record", "event.plugin"}, Record: "`password`", May: "refuse, with a code of its own", Failures: verdict,
		},
		{
			Name: EventMailSending, When: "when a plugin sends a mail",
			Sees: []string{"record", "event.plugin"}, Record: "`to`, `template`, `subject`, `url`, `token`, `otp`, `data`, `languages`", Sets: fieldPaths, May: "refuse", Failures: verdict,
		},
		{
			Name: EventOriginTrusted, When: "when a request within its client's limit comes from, or wants to be sent to, a site that the tenant's configuration does not trust; once about each site, and about the one that it comes from perhaps before its body is read",
			Sees: []string{"record"}, Record: "`origin`, which is `scheme://host[:port]`, and `trusted`", Sets: []string{"record.trusted"},
			May: "trust the site by setting `record.trusted` to true; deny means that the host asks no other plugin", Failures: verdict,
		},
	})

var requestEvents = []Event{
	{
		Name: EventRequestBefore, When: "before the endpoint, for every request to the tenant",
		Sets: append([]string{"request.body", "request.query.NAME", "request.headers.NAME"}, answerPaths...),
		May:  "use `session.use` and `cookies.inject`, answer (respond), refuse", Failures: verdict,
	},
	{
		Name: EventRequestAfter, When: "when the endpoint has answered, and not with an error",
		Sees: []string{"response"}, Sets: answerPaths, May: "use `cookies.detach`", Failures: observer,
	},
	{
		Name: EventRequestRefused, When: "instead of `request.after`, when the answer is a client error: the endpoint, a hook or the host has refused",
		Sees: []string{"response", "error"}, Sets: []string{"response.headers.NAME", "response.cookies.NAME"}, Failures: observer,
		May: "use `cookies.detach`; change the words of the error, for example translate it, with `error.code` and `error.message`",
	},
	{
		Name: EventResponseSession, When: "before `request.after`, if the answer is about a session",
		Sees: []string{"response", "event.phase", "event.reason"}, Sets: answerPaths, May: "use `cookies.detach`", Failures: observer, Phases: sessionPhases,
	},
}

// modelEvents are the events about the records of a model of which hooks see
// everything: what is about to be written, and what was.
func modelEvents(model, one string) []Event {
	creating := Event{
		Name: model + ".creating", When: "within the unit of work that creates " + one,
		Sees: []string{"record", "event.plugin"}, Record: "the new " + model, Sets: fieldPaths, May: "refuse", Failures: verdict,
	}
	if model == "session" {
		creating.Sees = append(creating.Sees, "event.reason", "event.rememberMe")
		creating.Sets = slices.Concat(fieldPaths, answerPaths)
		creating.May = "put a [step before the session](#a-step-before-the-session) (respond), refuse"
	}
	after := func(verb, record string, sees ...string) Event {
		return Event{
			Name: model + "." + verb, When: "after the commit, once; or durably", Sees: sees, Record: record,
			May: "do everything that a handler may, in a unit of its own; nobody waits for an answer", Failures: observer, Durable: true,
		}
	}
	return []Event{
		creating,
		{
			Name: model + ".updating", When: "within the unit of work that changes " + one,
			Sees: []string{"record", "previous", "event.plugin"}, Record: "what changes", Sets: fieldPaths, May: "refuse", Failures: verdict,
		},
		{
			Name: model + ".deleting", When: "within the unit of work that deletes " + one,
			Sees: []string{"record", "event.plugin"}, Record: "the " + model, May: "refuse", Failures: verdict,
		},
		after("created", "the "+model, "record"),
		after("updated", "the "+model, "record", "previous"),
		after("deleted", "the "+model+" as it was", "record"),
	}
}

// ContractEvents lists every event of this ABI version.
func ContractEvents() []Event { return slices.Clone(contractEvents) }

// FindEvent returns an event by its name.
func FindEvent(name string) (*Event, bool) {
	i := slices.IndexFunc(contractEvents, func(e Event) bool { return e.Name == name })
	if i < 0 {
		return nil, false
	}
	return &contractEvents[i], true
}

// Events lists the names of every event of this ABI version.
func Events() []string {
	names := make([]string, len(contractEvents))
	for i := range contractEvents {
		names[i] = contractEvents[i].Name
	}
	return names
}

// MaySkip reports whether a hook on the event may declare the failure policy
// "skip": it cannot change or veto what the event is about.
func MaySkip(event string) bool {
	e, ok := FindEvent(event)
	return ok && slices.Contains(e.Failures, FailSkip)
}

// MayDeliver reports whether a hook on the event may ask for durable delivery.
func MayDeliver(event string) bool {
	e, ok := FindEvent(event)
	return ok && e.Durable
}
