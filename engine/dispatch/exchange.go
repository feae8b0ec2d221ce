package dispatch

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Realm is what handlers may know of the tenant that they serve.
type Realm struct {
	ID          string
	AppName     string
	BaseURL     string // public URL without a trailing slash; has the path prefix, if there is one
	BasePath    string // "/api/auth"
	Dialect     string // one of pluginapi.Dialects; "" is pluginapi.Dialect16
	ErrorURL    string // where browsers are sent when something fails on the way; "": the engine's /error
	Development bool
	Sessions    *session.Manager
	Store       store.Tenant
	Outbox      Outbox // nil: nobody is told of durable events
}

// Outbox is told of durable events once they are committed, by their lanes.
type Outbox interface{ Committed(lanes []string) }

// AuthURL is the main public URL of the tenant's endpoints.
func (r *Realm) AuthURL() string { return r.BaseURL + r.BasePath }

// errorPage is where browsers of a base URL are sent with ?error=CODE when
// something fails on the way.
func (r *Realm) errorPage(base string) string {
	if r.ErrorURL != "" {
		return r.ErrorURL
	}
	return base + r.BasePath + "/error"
}

// Request is the request as handlers see it.
type Request struct {
	Method      string
	Path        string // below the base path
	Route       string // the pattern that matched
	URL         string // path and query as received
	Params      map[string]string
	Query       *document.Object
	Headers     http.Header
	Body        document.Value
	RawBody     []byte
	ContentType string
	BaseURL     string // the public URL that it came to; "" for the realm's
	IP          string // as sessions record it; "" when unknown
	UserAgent   string
	ID          string  // request id for logs
	Owner       *Plugin // whose endpoint it is for; nil: the engine's

	// Load reads the body when somebody first needs it, and returns the same each
	// time; nil: Body and RawBody are there, or there are none.
	Load func() (Body, error)
}

// Body is what Request.Load reads.
type Body struct {
	Value document.Value
	Raw   []byte
}

// Capabilities performs the host calls of plugins.
type Capabilities interface {
	Call(ctx context.Context, c *Call, capability, function string, args *document.Object) (document.Value, error)
}

// Views turns stored records into what clients may see. The objects must not be
// changed.
type Views interface {
	User(*store.Record) document.View
	Session(*store.Record) document.View
}

// Observer is told of every finished handler call.
type Observer interface {
	HandlerDone(ex *Exchange, entry Entry, done Done)
	// Committed is told of every record event, such as session.created, once
	// its unit of work is durable.
	Committed(ex *Exchange, event string, record *document.Object)
	// Large is told of a cookie or header that is nearly as large as clients
	// take, or larger: then it is not sent, and the plugin is refused.
	Large(ex *Exchange, plugin, what string, bytes, most int)
	// Stored is told of every unit of work that wrote something: how long its
	// commit took, and how it ended.
	Stored(took time.Duration, err error)
}

// Done is what became of a handler call.
type Done struct {
	Outcome string // one of the Outcome constants
	Result  pluginapi.Result
	Took    time.Duration
	Usage   sandbox.Usage // what the guest used; zero if it never ran
	Err     error         // why, for the log
}

// Exchange is one request on its way through the pipeline. It is used by one
// goroutine at a time.
type Exchange struct {
	Realm    *Realm
	Request  Request
	Response Response
	Now      time.Time

	set      *Set
	caps     Capabilities
	views    Views
	observer Observer
	logger   *slog.Logger
	failure  error // the last failed handler's

	credential session.Credential
	serviceKey string // id of the service key that the request came with
	resolved   bool
	current    session.Current
	view       view
	tenantView encoded
	bodyText   encoded       // see body
	loadFault  error         // why the body could not be read
	memory     *budget.Share // what the host keeps for handlers, of all requests
	kept       int           // bytes of that
	messages   int           // mails and text messages that were asked for

	open       bool            // a unit of work is
	tx         *store.Tx       // its writes and reads; nil as long as there are none
	refused    *apierror.Error // the answer, while hooks see it
	doomed     error           // why the open unit of work must not be committed
	ownRequest bool            // Request's parts may be changed in place
	effects    effects
	outcome    unitOutcome
	reason     string // why a session is being created
	forget     bool   // and whether the user is not to be remembered
	phase      string
	renewCopy  bool // the client is to get a new copy of its session
	observed   []observation
	durable    []outbox.Event // of the open unit of work
	cancelled  []string       // likewise: the appointments that it has taken back
	pinned     map[*Plugin]*pin
	callStack  []Entry
}

// unitOutcome is what a unit of work decided besides its writes; it is
// dropped when the work is rolled back.
type unitOutcome struct {
	issued  *issued // the client got a session
	ended   bool    // the client's session ended
	reason  string  // why, of either
	pending *Response
}

type issued struct {
	session, user *store.Record
	forget        bool
	replaces      *store.Record // the client's session before; nil unless this one took its place
}

// Config is what an Exchange needs besides the request.
type Config struct {
	Realm        *Realm
	Set          *Set
	Capabilities Capabilities
	Views        Views
	Observer     Observer     // may be nil
	Logger       *slog.Logger // takes the plugins' log lines; default: discarded
	// Memory is what the host may keep for the handlers of all requests, in
	// bytes; nil: no bound but MaxRequestMemory for each.
	Memory *budget.Budget
}

// NewExchange starts the way of a request.
func NewExchange(c Config, r Request, now time.Time) *Exchange {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Exchange{
		Realm: c.Realm, Request: r, Now: now,
		set: c.Set, caps: c.Capabilities, views: c.Views, observer: c.Observer, logger: c.Logger,
		memory:     c.Memory.Open(c.Realm.ID, ""),
		credential: session.Credential{Cookie: r.Headers.Get("Cookie")},
	}
}

// BaseURL is the public URL at which the client sees the tenant, without a
// trailing slash.
func (ex *Exchange) BaseURL() string { return cmp.Or(ex.Request.BaseURL, ex.Realm.BaseURL) }

// Set returns the tenant's plugins.
func (ex *Exchange) Set() *Set { return ex.set }

// Views returns the tenant's output rules.
func (ex *Exchange) Views() Views {
	if ex.ServerCall() {
		return withoutToken{ex.views}
	}
	return ex.views
}

// UseToken replaces the session cookie by a token as this request's
// credential, for instance one from an Authorization header. A request with a
// service key keeps what that key says, and one with a session that is not stored
// keeps that.
func (ex *Exchange) UseToken(token string, requireSignature bool) {
	if ex.proved() {
		return
	}
	ex.credential.Token, ex.credential.RequireSignature = token, requireSignature
	ex.resolved = false
}

// Current returns the session that the request proves, looked up once.
func (ex *Exchange) Current(ctx context.Context) (session.Current, error) {
	if ex.resolved {
		return ex.current, nil
	}
	cur, err := ex.Realm.Sessions.Resolve(ctx, ex.credential, ex.Now)
	if err != nil {
		return session.Current{}, err
	}
	ex.current, ex.resolved = cur, true
	return cur, nil
}

// ReplaceCurrent makes a stored change of the current session visible to the
// rest of the request.
func (ex *Exchange) ReplaceCurrent(sess, user *store.Record) {
	if sess != nil {
		ex.current.Session = sess
	}
	if user != nil {
		ex.current.User = user
	}
}

// Because runs f, and session.creating hooks that it raises see the reason as
// event.reason, and as event.rememberMe whether the session is to last.
func (ex *Exchange) Because(reason string, forget bool, f func() error) error {
	defer func(reason string, forget bool) { ex.reason, ex.forget = reason, forget }(ex.reason, ex.forget)
	ex.reason, ex.forget = reason, forget
	return f()
}

// Issue hands a session to the client: one that was just created, or one that
// it has proved to own otherwise. The reason is for response.session hooks.
func (ex *Exchange) Issue(sess, user *store.Record, forget bool, reason string) {
	ex.outcome.issued, ex.outcome.ended, ex.outcome.reason = &issued{session: sess, user: user, forget: forget}, false, reason
	for _, c := range ex.Realm.Sessions.SetLines(sess, forget, ex.Now) {
		ex.Response.SetCookie(c)
	}
}

// Replaced says that the session which was issued took the place of the
// client's: what is bound to that is bound to the new one.
func (ex *Exchange) Replaced(old *store.Record) {
	if i := ex.outcome.issued; i != nil {
		i.replaces = old
	}
}

// SendSession sends the cookies of the session that the client has again.
func (ex *Exchange) SendSession(cur session.Current) {
	ex.setCookies(ex.Realm.Sessions.SetLines(cur.Session, cur.EndsWithBrowser(), ex.Now))
}

// End takes the session away from the client. The reason is for
// response.session hooks.
func (ex *Exchange) End(reason string) {
	ex.outcome.issued, ex.outcome.ended, ex.outcome.reason = nil, true, reason
	ex.ExpireSession()
}

// ExpireSession takes the cookies of the session away from the client, and
// those that are bound to it.
func (ex *Exchange) ExpireSession() {
	ex.setCookies(ex.Realm.Sessions.ExpireLines())
	ex.setCookies(ex.Realm.Sessions.ExpireKept(ex.credential.Cookie))
	ex.dropBound()
}

// SetPhase tells the session event that the answer carries, for engine
// endpoints; plugin endpoints get theirs from Issue and End.
func (ex *Exchange) SetPhase(phase string) { ex.phase = phase }

// CheckCurrent looks whether the request's session has outlived what was done.
// If it has not, what hangs on it is told that it ended; its cookies stay with
// the client, which learns of it when it next looks.
func (ex *Exchange) CheckCurrent(ctx context.Context) error {
	ex.resolved = false
	cur, err := ex.Current(ctx)
	if err == nil && !cur.Valid() {
		ex.phase = pluginapi.PhaseEnded
	}
	return err
}

// Answered returns the session that the answer is about and its user: the one
// just issued, else the current one; nil for none.
func (ex *Exchange) Answered(ctx context.Context) (sess, user *store.Record, err error) {
	switch {
	case ex.outcome.issued != nil:
		return ex.outcome.issued.session, ex.outcome.issued.user, nil
	case ex.outcome.ended:
		return nil, nil, nil
	}
	cur, err := ex.Current(ctx)
	if err != nil || !cur.Valid() {
		return nil, nil, err
	}
	return cur.Session, cur.User, nil
}

// view is the session that the answer is about, as handlers see it, and what it
// was made of.
type view struct {
	session, user *store.Record
	server        bool
	encoded               // {session, user, fresh, rememberMe}
	tokenless     encoded // the same without the session's token; once somebody asked for it
}

// sessionView returns what Answered does as handlers see it; an absent value for
// none. It is built anew only when there is another.
func (ex *Exchange) sessionView(ctx context.Context) (*encoded, error) {
	sess, user, err := ex.Answered(ctx)
	if err != nil {
		return nil, err
	}
	if sess == nil {
		return &encoded{}, nil
	}
	if v := &ex.view; v.session != sess || v.user != user || v.server != ex.ServerCall() {
		*v = view{session: sess, user: user, server: ex.ServerCall(), encoded: encoded{value: document.Obj(document.NewObject(4).
			Set("session", ex.Views().Session(sess).Value()).
			Set("user", ex.Views().User(user).Value()).
			Set("fresh", document.Boolean(ex.Realm.Sessions.Fresh(sess, ex.Now))).
			Set("rememberMe", document.Boolean(!session.Forgotten(sess))))}}
	}
	return &ex.view.encoded, nil
}
