package session

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// Model is the store model of sessions.
const Model = "session"

// userModel is the store model that a session's userId refers to.
const userModel = "user"

// Defaults of Policy, as Better Auth has them.
const (
	DefaultExpiresIn = 7 * 24 * time.Hour
	DefaultUpdateAge = 24 * time.Hour
	DefaultFreshAge  = 24 * time.Hour
	// DontRememberLife is how long a session lives whose user asked not to be
	// remembered. It is never extended.
	DontRememberLife = 24 * time.Hour
)

// idLength and tokenLength count characters of secret.Alnum.
const (
	idLength    = 32
	tokenLength = 32
)

// Policy holds the lifetimes of a tenant's sessions. Zero durations mean the
// defaults; negative FreshAge turns the freshness check off.
type Policy struct {
	ExpiresIn      time.Duration // life of a session, and its cookie's Max-Age
	UpdateAge      time.Duration // a session older than this is extended when it is read
	FreshAge       time.Duration // how long a session counts as fresh
	DisableRefresh bool          // never extend
	DeferRefresh   bool          // GET get-session only reports needsRefresh; POST extends
}

func (p Policy) withDefaults() Policy {
	if p.ExpiresIn == 0 {
		p.ExpiresIn = DefaultExpiresIn
	}
	if p.UpdateAge == 0 {
		p.UpdateAge = DefaultUpdateAge
	}
	if p.FreshAge == 0 {
		p.FreshAge = DefaultFreshAge
	}
	return p
}

// Config is what a Manager needs. Store and Secrets are required.
type Config struct {
	Policy  Policy
	Cookies CookieConfig
	Secrets *secret.Secrets
	Store   store.Tenant
	// Defaults are the values of additional fields of new sessions; may be nil.
	Defaults *document.Object
	Cache    CacheConfig
	// Shared, if set, keeps the sessions instead of the store.
	Shared *SharedConfig
}

// Manager issues, finds and ends the sessions of one tenant. It is safe for
// concurrent use.
type Manager struct {
	policy   Policy
	cookies  CookieConfig
	secrets  *secret.Secrets
	store    store.Tenant
	keep     keeper
	defaults *document.Object
	cache    CacheConfig
}

// New returns a Manager.
func New(c Config) *Manager {
	c.Cache.Encoding = cmp.Or(c.Cache.Encoding, EncodingCompact)
	c.Cache.Version = cmp.Or(c.Cache.Version, DefaultCacheVersion)
	return &Manager{
		policy: c.Policy.withDefaults(), cookies: c.Cookies, secrets: c.Secrets, store: c.Store, keep: newKeeper(c),
		defaults: c.Defaults, cache: c.Cache,
	}
}

// Policy returns the lifetimes in force.
func (m *Manager) Policy() Policy { return m.policy }

// Cookies returns the cookie naming in force.
func (m *Manager) Cookies() CookieConfig { return m.cookies }

// Credential is what a request offers as proof of a session.
type Credential struct {
	Cookie string // the Cookie header
	// Token, if set, is used instead of the session cookie: a plain session
	// token, or a signed one ("token.signature").
	Token            string
	RequireSignature bool // Token must be signed
	// SessionID and UserID, if set, are used instead of both: somebody whom
	// the server trusts has named the session and whose it is.
	SessionID, UserID string
	// Virtual, if set, is used instead of all: a plugin, AssumedBy, has checked a
	// proof of its own and says whose request it is.
	Virtual   *store.Record
	AssumedBy string
}

// State tells what became of a credential.
type State uint8

// The states of a credential.
const (
	None    State = iota // no credential, or one whose signature is wrong
	Unknown              // well signed, but there is no such live session
	Live                 // there is a session and its user
)

// Current is the session of a request.
type Current struct {
	State              State
	Token              string // the session token, where the signature was right
	Session            *store.Record
	User               *store.Record
	DontRememberCookie bool // the client carries a valid dont_remember cookie
	Expired            bool // the row is there but past its time
}

// DontRemember reports whether the cookies of the session have no Max-Age: the
// session began so, or the client says so.
func (c Current) DontRemember() bool {
	return c.DontRememberCookie || c.Session != nil && DontRemember(c.Session)
}

// Valid reports whether there is a live session.
func (c Current) Valid() bool { return c.State == Live }

// Resolve finds the session that a credential proves. It never writes. An
// error means that the store failed, not that the credential is bad.
func (m *Manager) Resolve(ctx context.Context, cred Credential, now time.Time) (Current, error) {
	switch {
	case cred.Virtual != nil:
		return m.virtual(ctx, cred.Virtual)
	case cred.SessionID != "":
		return m.named(ctx, cred, now)
	}
	var cur Current
	for i, token := range m.tokens(cred) {
		found, err := m.Find(ctx, m.store, token, now)
		if err != nil {
			return Current{}, err
		}
		if i == 0 || found.Valid() {
			cur = found
		}
		if found.Valid() {
			break
		}
	}
	for _, raw := range sameName(cred.Cookie, m.cookies.Name(CookieDontRemember)) {
		value, good := m.secrets.Verify(raw)
		cur.DontRememberCookie = cur.DontRememberCookie || good && value == "true"
	}
	return cur, nil
}

// named finds the session that a credential names.
func (m *Manager) named(ctx context.Context, cred Credential, now time.Time) (Current, error) {
	tx := store.Begin(m.store)
	defer tx.Rollback()
	rec, err := m.ByID(ctx, tx, cred.SessionID, cred.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return Current{State: Unknown}, nil
	}
	if err != nil {
		return Current{}, err
	}
	return m.Find(ctx, m.store, rec.Str("token"), now)
}

// Reader is what Find reads from: a store, or a unit of work that is open.
type Reader interface {
	Get(ctx context.Context, model, id string) (*store.Record, error)
	Find(ctx context.Context, model, index string, key ...document.Value) (*store.Record, error)
}

// Find looks a session up by its token, with its user. Without a live session
// the state is Unknown.
func (m *Manager) Find(ctx context.Context, from Reader, token string, now time.Time) (Current, error) {
	cur := Current{State: Unknown, Token: token}
	rec, err := m.keep.find(ctx, from, token)
	if errors.Is(err, store.ErrNotFound) {
		return cur, nil
	}
	if err != nil {
		return Current{}, err
	}
	if expires, ok := rec.Time("expiresAt"); !ok || !expires.After(now) {
		cur.Session, cur.Expired = rec, true
		return cur, nil
	}
	user, err := from.Get(ctx, userModel, rec.Str("userId"))
	if errors.Is(err, store.ErrNotFound) {
		return cur, nil
	}
	if err != nil {
		return Current{}, err
	}
	cur.State, cur.Session, cur.User = Live, rec, user
	return cur, nil
}

// Acceptable reports whether a token may be tried as a credential: a plain
// one, unless it must be signed, or one whose signature is right.
func (m *Manager) Acceptable(token string, requireSignature bool) bool {
	if !strings.Contains(token, ".") {
		return !requireSignature
	}
	_, ok := m.secrets.Verify(token)
	return ok
}

// tokens returns the tokens that a credential offers and whose signatures are
// right, where they have to be. There may be several in a Cookie header, of which
// only one is of a live session.
func (m *Manager) tokens(cred Credential) (tokens []string) {
	if cred.Token != "" {
		if token, ok := m.secrets.Verify(cred.Token); ok {
			return []string{token}
		}
		if cred.RequireSignature {
			return nil
		}
		return []string{cred.Token}
	}
	for _, raw := range sameName(cred.Cookie, m.cookies.Name(CookieToken)) {
		if token, ok := m.secrets.Verify(raw); ok {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// Fresh reports whether a session counts as fresh.
func (m *Manager) Fresh(rec *store.Record, now time.Time) bool {
	if Virtual(rec) {
		return false // nobody has signed in
	}
	if m.policy.FreshAge < 0 {
		return true
	}
	created, ok := rec.Time("createdAt")
	return ok && now.Sub(created) < m.policy.FreshAge
}

// NeedsRefresh reports whether a session is due to be extended.
func (m *Manager) NeedsRefresh(cur Current, now time.Time) bool {
	if m.policy.DisableRefresh || cur.DontRememberCookie {
		return false
	}
	if DontRemember(cur.Session) || Bounded(cur.Session) {
		return false // and a client without cookies cannot say the former
	}
	expires, ok := cur.Session.Time("expiresAt")
	return ok && !expires.Add(m.policy.UpdateAge-m.policy.ExpiresIn).After(now)
}

// DontRemember reports whether rememberMe was false when a session began: its end
// never moves.
func DontRemember(rec *store.Record) bool { return rec.Fields.Get(fieldDontRemember).Bool() }

// CreateParams describe a session to be created.
type CreateParams struct {
	UserID       string
	IPAddress    string
	UserAgent    string
	DontRemember bool             // rememberMe was false
	Fields       *document.Object // additional fields, may be nil
	// Life is a lifetime of the session's own: it ends then, and is never
	// extended. 0 is that of the policy.
	Life time.Duration
	// Replaces is a session of the same user that this one takes the place of,
	// or nil. It takes over the additional fields that are not in Fields, and an
	// end of its own.
	Replaces *store.Record
	// Within is the impersonated session that it is begun in, or nil: the same
	// user acts in this one, and it ends no later.
	Within *store.Record
	// Actor is the id of the user who acts in it, if that is not its own. Then
	// Life is at most MaxImpersonation, and by default DefaultImpersonation.
	Actor string
}

// Create issues a session within a unit of work. The session.creating hooks
// may change its fields, but for those that say whose it is and what bounds it,
// or refuse.
func (m *Manager) Create(ctx context.Context, w store.Work, p CreateParams) (*store.Record, error) {
	end, own := m.end(p, w.Now)
	fields := m.newFields(p, end, w.Now)
	id := secret.RandomString(idLength, secret.Alnum)
	fields.Set("id", document.Text(id))
	bind(fields, own, p.DontRemember)
	impersonate(fields, p.actor())
	fixed := fixedOf(fields)
	if err := w.Hooks.Verdict(ctx, "session.creating", fields, nil); err != nil {
		return nil, err
	}
	fixed.restore(fields)
	rec, err := m.keep.insert(ctx, w.Tx, id, fields, w.Now)
	if err != nil {
		return nil, err
	}
	w.Hooks.Happened("session.created", rec, nil)
	return rec, nil
}

// newFields returns what a new session has besides its id, and besides what
// bounds it.
func (m *Manager) newFields(p CreateParams, end, now time.Time) *document.Object {
	fields := document.NewObject(9+p.Fields.Len()).
		Set("expiresAt", document.Time(end)).
		Set("token", document.Text(secret.RandomString(tokenLength, secret.Alnum))).
		Set("createdAt", document.Time(now)).
		Set("updatedAt", document.Time(now)).
		Set("ipAddress", document.Text(p.IPAddress)).
		Set("userAgent", document.Text(p.UserAgent)).
		Set("userId", document.Text(p.UserID))
	for _, more := range [...]*document.Object{p.Fields, p.carried(), m.defaults} {
		for name, v := range more.All() {
			if !fields.Has(name) {
				fields.Set(name, v.Clone())
			}
		}
	}
	return fields
}

// Refresh extends a session within a unit of work and returns it as stored.
func (m *Manager) Refresh(ctx context.Context, w store.Work, cur Current) (*store.Record, error) {
	set := document.NewObject(2).Set("expiresAt", document.Time(w.Now.Add(m.policy.ExpiresIn)))
	return m.Update(ctx, w, cur.Session, set)
}

// Update changes fields of a session within a unit of work and returns it as
// stored. updatedAt follows by itself. The session.updating hooks may change
// what is set, but for what says whose session it is, or refuse.
func (m *Manager) Update(ctx context.Context, w store.Work, rec *store.Record, set *document.Object) (*store.Record, error) {
	if err := storedOnly(rec); err != nil {
		return nil, err
	}
	set.Set("updatedAt", document.Time(w.Now))
	if err := w.Hooks.Verdict(ctx, "session.updating", set, rec.Fields); err != nil {
		return nil, err
	}
	for _, name := range fixedFields {
		set.Delete(name)
	}
	capEnd(set, rec.Fields)
	after, err := m.keep.update(ctx, w.Tx, rec, set, w.Now)
	if err == nil {
		w.Hooks.Happened("session.updated", after, rec.Fields)
	}
	return after, err
}

// Delete ends one session within a unit of work. A session that is already
// gone is no error.
func (m *Manager) Delete(ctx context.Context, w store.Work, rec *store.Record) error {
	if err := storedOnly(rec); err != nil {
		return err
	}
	if err := w.Hooks.Verdict(ctx, "session.deleting", rec.Fields, nil); err != nil {
		return err
	}
	if err := m.keep.delete(ctx, w.Tx, rec); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	w.Hooks.Happened("session.deleted", store.Gone(rec), nil)
	return nil
}

// ByID finds a session of a user by its id within a unit of work.
func (m *Manager) ByID(ctx context.Context, tx *store.Tx, id, userID string) (*store.Record, error) {
	all, err := m.keep.list(ctx, tx, userID)
	if err != nil {
		return nil, err
	}
	for _, rec := range all {
		if rec.ID == id {
			return rec, nil
		}
	}
	return nil, store.ErrNotFound
}

// ByToken finds a session by its token within a unit of work.
func (m *Manager) ByToken(ctx context.Context, tx *store.Tx, token string) (*store.Record, error) {
	return m.keep.find(ctx, tx, token)
}

// List returns a user's live sessions, oldest first.
func (m *Manager) List(ctx context.Context, tx *store.Tx, userID string, now time.Time) ([]*store.Record, error) {
	all, err := m.keep.list(ctx, tx, userID)
	if err != nil {
		return nil, err
	}
	live := all[:0]
	for _, rec := range all {
		if expires, ok := rec.Time("expiresAt"); ok && expires.After(now) {
			live = append(live, rec)
		}
	}
	return live, nil
}

// DeleteUser ends the sessions of a user, but for the one with the token
// except, and returns how many ended.
func (m *Manager) DeleteUser(ctx context.Context, w store.Work, userID, except string) (int, error) {
	all, err := m.keep.list(ctx, w.Tx, userID)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, rec := range all {
		if except != "" && rec.Str("token") == except {
			continue
		}
		if err := m.Delete(ctx, w, rec); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
