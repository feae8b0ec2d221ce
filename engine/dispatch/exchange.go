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
	// Session is what the request proves of a session, and what the answer
	// makes of it.
	Session ClientSession

	set      *Set
	caps     Capabilities
	views    Views
	observer Observer
	logger   *slog.Logger
	failure  error // the last failed handler's

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
	unitFault  error           // why the open unit of work must not be committed
	ownRequest bool            // Request's parts may be changed in place
	effects    effects
	pending    *Response // the step that the open unit of work has put before a session
	creating   creating  // the session that is being created
	observed   []observation
	durable    []outbox.Event // of the open unit of work
	cancelled  []string       // likewise: the appointments that it has taken back
	pinned     map[*Plugin]*pin
	callStack  []Entry
}

// creating is what hooks on session.creating are told of a session besides its
// record.
type creating struct {
	reason       string
	dontRemember bool
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
	ex := &Exchange{
		Realm: c.Realm, Request: r, Now: now,
		set: c.Set, caps: c.Capabilities, views: c.Views, observer: c.Observer, logger: c.Logger,
		memory: c.Memory.Open(c.Realm.ID, ""),
	}
	ex.Session = ClientSession{
		realm: c.Realm, views: c.Views, sealed: c.Set.sealed, now: now, answer: &ex.Response,
		credential: session.Credential{Cookie: r.Headers.Get("Cookie")},
	}
	return ex
}

// BaseURL is the public URL at which the client sees the tenant, without a
// trailing slash.
func (ex *Exchange) BaseURL() string { return cmp.Or(ex.Request.BaseURL, ex.Realm.BaseURL) }

// Set returns the tenant's plugins.
func (ex *Exchange) Set() *Set { return ex.set }

// Views returns the tenant's output rules.
func (ex *Exchange) Views() Views {
	if ex.Session.ServerCall() {
		return withoutToken{ex.views}
	}
	return ex.views
}

// WithReason runs f, and session.creating hooks that it raises see the reason as
// event.reason, and as event.rememberMe whether the session is to last.
func (ex *Exchange) WithReason(reason string, dontRemember bool, f func() error) error {
	defer func(before creating) { ex.creating = before }(ex.creating)
	ex.creating = creating{reason, dontRemember}
	return f()
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
	sess, user, err := ex.Session.Answered(ctx)
	if err != nil {
		return nil, err
	}
	if sess == nil {
		return &encoded{}, nil
	}
	if v := &ex.view; v.session != sess || v.user != user || v.server != ex.Session.ServerCall() {
		*v = view{session: sess, user: user, server: ex.Session.ServerCall(), encoded: encoded{value: document.Obj(document.NewObject(4).
			Set("session", ex.Views().Session(sess).Value()).
			Set("user", ex.Views().User(user).Value()).
			Set("fresh", document.Boolean(ex.Realm.Sessions.Fresh(sess, ex.Now))).
			Set("rememberMe", document.Boolean(!session.DontRemember(sess))))}}
	}
	return &ex.view.encoded, nil
}
