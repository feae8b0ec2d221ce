package pluginapi

// The events that a hook can name. Each is described in ABI.md with the
// document fields that it offers and what a handler may set.
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
	PhaseIssued    = "issued"    // a session was created and its cookie is being set
	PhaseRead      = "read"      // get-session answers with a session
	PhaseRefreshed = "refreshed" // get-session extended the session, or session.update changed it
	PhaseEnded     = "ended"     // the client is told that it has no session
)

// recorded lists the events about records that were committed. Their handlers
// may ask for durable delivery.
var recorded = map[string]bool{
	EventUserCreated: true, EventUserUpdated: true, EventUserDeleted: true,
	EventAccountCreated: true, EventAccountUpdated: true, EventAccountDeleted: true,
	EventSessionCreated: true, EventSessionUpdated: true, EventSessionDeleted: true,
}

// answering lists the events about an answer that is on its way.
var answering = map[string]bool{
	EventResponseSession: true, EventRequestAfter: true, EventRequestRefused: true,
}

// Events lists every event of this ABI version.
func Events() []string {
	return []string{
		EventRequestBefore, EventRequestAfter, EventRequestRefused, EventResponseSession,
		EventUserCreating, EventUserUpdating, EventUserDeleting,
		EventAccountCreating, EventAccountUpdating, EventAccountDeleting,
		EventSessionCreating, EventSessionUpdating, EventSessionDeleting,
		EventVerificationCreating, EventTokenClaims,
		EventUserCreated, EventUserUpdated, EventUserDeleted,
		EventAccountCreated, EventAccountUpdated, EventAccountDeleted,
		EventSessionCreated, EventSessionUpdated, EventSessionDeleted, EventMailSending, EventOriginTrusted, EventPasswordPolicy, EventIdentityLinking,
	}
}

// MaySkip reports whether a hook on the event may declare the failure policy
// "skip": it cannot change or veto anything. Hooks that give a verdict fail
// closed.
func MaySkip(event string) bool { return recorded[event] || answering[event] }

// MayDeliver reports whether a hook on the event may ask for durable delivery.
func MayDeliver(event string) bool { return recorded[event] }
