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
	EventSessionCreated       = "session.created"
	EventSessionDeleted       = "session.deleted"
	EventMailSending          = "mail.sending"
	EventOriginTrusted        = "origin.trusted"
)

// Phases of EventResponseSession, in event.phase.
const (
	PhaseIssued    = "issued"    // a session was created and its cookie is being set
	PhaseRead      = "read"      // get-session answers with a session
	PhaseRefreshed = "refreshed" // get-session extended the session, or session.update changed it
	PhaseEnded     = "ended"     // the client is told that it has no session
)

// Observers lists the events whose handlers cannot change or veto anything;
// only they may declare the failure policy "skip" and mean it.
var observers = map[string]bool{
	EventUserCreated: true, EventUserUpdated: true, EventUserDeleted: true,
	EventSessionCreated: true, EventSessionDeleted: true,
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
		EventSessionCreated, EventSessionDeleted, EventMailSending, EventOriginTrusted,
	}
}

// MaySkip reports whether a hook on the event may declare the failure policy
// "skip". Hooks that give a verdict fail closed.
func MaySkip(event string) bool { return observers[event] }
