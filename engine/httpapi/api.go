package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/pluginapi"
)

// Defaults of Config.
const (
	DefaultMaxBodyBytes = 1 << 20
	DefaultMaxJSONDepth = 1000
	// DefaultMaxBodyElements is a hundred times what clients send.
	DefaultMaxBodyElements = 10_000
	DefaultRequestTimeout  = 30 * time.Second
	// DefaultIPv6Subnet is what one subscriber has at least, so more bits
	// would not identify anybody.
	DefaultIPv6Subnet = 64
)

// Metrics is told of every answered request.
type Metrics interface {
	Request(tenant, method, route string, status int, took time.Duration)
	// BodyRefused is told of a body for which there was no memory, and whose
	// bound was reached.
	BodyRefused(tenant, owner string)
	// Untrusted counts an origin that is not trusted, by the check that it failed.
	Untrusted(tenant, check string)
}

// Limiter bounds how often a client, known by its address or "", may call a
// path of a route. ok is false when the request is to be refused; retryAfter
// says for how long.
type Limiter interface {
	Allow(ctx context.Context, client, path, route string) (ok bool, retryAfter time.Duration, err error)
}

// Config says how one tenant is served. Zero members take the defaults.
type Config struct {
	Realm        *dispatch.Realm
	Plugins      *dispatch.Set
	Capabilities dispatch.Capabilities
	Views        *identity.Views
	// UserFields and SessionFields are the additional fields of those models, for
	// the OpenAPI document.
	UserFields, SessionFields []identity.Field
	Observer                  dispatch.Observer
	Limiter                   Limiter // nil: no rate limit
	Services                  ServiceKeys
	Tables                    *Tables // nil: this tenant has a route table of its own
	Metrics                   Metrics // nil: none
	// Recordable reports why nothing may happen for now that would have to be
	// recorded, nil if it may; nil: it always may.
	Recordable func(ctx context.Context) error
	Logger     *slog.Logger
	// BaseURLs are public URLs besides the realm's, with its path prefix. A
	// request to the host of one is answered with links below that one. "*" at
	// the start of a host stands for any subdomains.
	BaseURLs       []string
	TrustedOrigins []string
	TrustedProxies []netip.Prefix
	IPHeaders      []string
	IPv6Subnet     int // bits of IPv6 addresses that tell clients apart; default DefaultIPv6Subnet
	DisabledPaths  []string
	ErrorURL       string    // the tenant's own page for errors; "": ErrorPage is
	ErrorPage      ErrorPage // how the server's looks
	CORS           bool
	CORSHeaders    []string // that requests may carry beside those of the protocol
	DisableCSRF    bool
	DisableOrigin  bool
	MaxBodyBytes   int64
	MaxJSONDepth   int
	// MaxBodyElements bounds the values of a body: those of JSON at any depth,
	// or the fields of a form.
	MaxBodyElements int
	// Bodies is the memory that bodies under way may take, in bytes; it is shared
	// with other tenants. nil: no bound.
	Bodies *budget.Budget
	// Memory is what the host keeps for handlers of plugins, likewise.
	Memory         *budget.Budget
	RequestTimeout time.Duration
	Now            func() time.Time // default time.Now
	NewRequestID   func() string    // default: none
}

// API serves the endpoints of one tenant. It implements http.Handler.
type API struct {
	Config
	origins *origins
	naming  []string // request headers that name the origin of clients that are no browsers
	urls    publicURLs
	clients clientIP
	routes  []Route
	served  []*endpoint // in the order of their routes
	table   *table      // finds them
	handler http.Handler

	described []*endpoint // in the order of their declaration
	openAPI   func() document.Value
}

// Route is one served endpoint, for listings.
type Route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Plugin string `json:"plugin"` // "" for the engine's own
	// Server marks an endpoint that is for service keys alone.
	Server bool `json:"server,omitempty"`
}

// endpoint is everything that the pipeline needs to know of a route.
type endpoint struct {
	Route
	owner      *dispatch.Plugin // nil: the engine
	root       bool
	body       *pluginapi.Schema
	bodyless   bool // a request may have no body
	query      *pluginapi.Schema
	mediaTypes []string
	session    string
	formCSRF   bool
	crossSite  bool           // other sites may send browsers here, with cookies
	operation  document.Value // what the manifest says of it, for documents
	response   document.Value // schema of the body of an answer with status 200, likewise
	tag        string         // likewise; "": the engine
	errors     []pluginapi.ErrorAnswer
	run        func(ctx context.Context, ex *dispatch.Exchange) error
}

// New builds the router of a tenant. A plugin that claims a route of the
// engine's is an error that names both.
func New(c Config) (*API, error) {
	c = c.withDefaults()
	a := &API{Config: c}
	a.origins = newOrigins(sitesOf(append([]string{c.Realm.BaseURL}, c.BaseURLs...)), c.TrustedOrigins)
	a.naming = originHeaders(c.Plugins)
	a.urls = newPublicURLs(c.BaseURLs)
	a.clients = clientIP{proxies: c.TrustedProxies, headers: c.IPHeaders, ipv6Bits: c.IPv6Subnet}
	endpoints, err := a.endpoints()
	if err != nil {
		return nil, err
	}
	a.described = slices.Clone(endpoints)
	a.openAPI = sync.OnceValue(a.describe)
	slices.SortStableFunc(endpoints, func(x, y *endpoint) int { return strings.Compare(precedence(x), precedence(y)) })
	for _, e := range endpoints {
		path := c.Realm.BasePath + muxPath(e.Path)
		if e.root {
			path = muxPath(e.Path)
		}
		a.routes = append(a.routes, Route{Method: e.Method, Path: strings.TrimSuffix(path, "/"), Plugin: e.Plugin, Server: e.Server})
	}
	a.served, a.table = endpoints, c.Tables.of(endpoints)
	a.handler = a.disabled(a.cors(a.router()))
	return a, nil
}

func (c Config) withDefaults() Config {
	if c.MaxBodyBytes == 0 {
		c.MaxBodyBytes = DefaultMaxBodyBytes
	}
	if c.MaxJSONDepth == 0 {
		c.MaxJSONDepth = DefaultMaxJSONDepth
	}
	if c.MaxBodyElements == 0 {
		c.MaxBodyElements = DefaultMaxBodyElements
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = DefaultRequestTimeout
	}
	if c.IPv6Subnet == 0 {
		c.IPv6Subnet = DefaultIPv6Subnet
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.NewRequestID == nil {
		c.NewRequestID = func() string { return "" }
	}
	return c
}

// router is what mux makes of the table: one route without a pattern, which
// would be a regular expression for each endpoint of each tenant.
func (a *API) router() *mux.Router {
	r := mux.NewRouter().SkipClean(true).UseEncodedPath()
	r.NotFoundHandler = http.HandlerFunc(a.unknown)
	r.NewRoute().MatcherFunc(func(req *http.Request, match *mux.RouteMatch) bool {
		e, params, ok := a.locate(req.Method, req.URL.EscapedPath())
		if ok {
			match.Handler, match.Vars = a.serve(e), params
		}
		return ok
	})
	return r
}

// Routes lists what is served.
func (a *API) Routes() []Route { return a.routes }

// ServeHTTP answers one request of the tenant.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, joinLines(r)) }

// precedence orders routes, so that of two that a path matches the one with the
// name in it is tried before the one with a parameter there, whichever plugin
// comes first. Paths outside the base path come last.
func precedence(e *endpoint) string {
	var b strings.Builder
	if e.root {
		b.WriteByte('2')
	}
	for segment := range strings.SplitSeq(e.Path[1:], "/") {
		if strings.HasPrefix(segment, ":") {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

// muxPath turns "/reset-password/:token" into "/reset-password/{token}".
func muxPath(path string) string {
	if !strings.Contains(path, ":") {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			segments[i] = "{" + name + "}"
		}
	}
	return strings.Join(segments, "/")
}

// disabled answers the paths that the operator turned off.
func (a *API) disabled(next http.Handler) http.Handler {
	if len(a.DisabledPaths) == 0 {
		return next
	}
	off := map[string]bool{}
	for _, p := range a.DisabledPaths {
		off[a.Realm.BasePath+p] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if off[strings.TrimSuffix(r.URL.Path, "/")] {
			w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("Not Found"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
