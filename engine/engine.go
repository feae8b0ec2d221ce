package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authhost/authhost/engine/admin"
	"github.com/authhost/authhost/engine/backup"
	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/private"
	"github.com/authhost/authhost/engine/redis"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/storage"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/telemetry"
	"github.com/authhost/authhost/engine/workers"
	"github.com/authhost/authhost/pluginapi"
)

// Options are what New needs besides the configuration.
type Options struct {
	// BuiltIn returns the module of a built-in plugin; nil means that there
	// are none.
	BuiltIn func(id string) ([]byte, error)
	// Version names this build; compiled modules of another one are not used.
	Version string
	// Logger takes everything that the engine logs; default: discarded.
	Logger *slog.Logger
	// Progress, if set, is told of each module while it is made ready.
	Progress func(Progress)
	// Handled, if set, is told of each call of a plugin's handler that has
	// ended.
	Handled func(Handled)
	// SlowHandler is the time from which a handler call is worth a line in
	// the log; default DefaultSlowHandler.
	SlowHandler time.Duration
	// Compiler compiles modules in a process of its own, see sandbox.Config;
	// nil compiles them in this one.
	Compiler func(ctx context.Context, job io.Reader) error
	// Listeners are open sockets to be used for the addresses of the
	// configuration that they have. One that none has is an error of Listen.
	Listeners []net.Listener
	// CacheSecret authenticates compiled modules, see sandbox.Config; nil is
	// one that is kept in the data folder.
	CacheSecret []byte
	// OnFailure is called when stored data can no longer be written safely:
	// the process should end at once, and start again.
	OnFailure func(error)
	// Now is the clock; default time.Now.
	Now func() time.Time

	passwords identity.Passwords // for benchmarks: what hashes, instead of what the tenants say
	// For tests that count work: what stands before the stores of tenants, and
	// before the host calls of their plugins.
	watchStore func(store.Tenant) store.Tenant
	watchCalls func(dispatch.Capabilities) dispatch.Capabilities
	// For tests with many engines: makes the runtime, which outlives the engine,
	// or nil where the engine is to make its own.
	runtime func(context.Context, sandbox.Config) (*sandbox.Runtime, error)
}

// Progress is one step of making a module ready.
type Progress struct {
	Plugin string
	Stage  string // a stage of sandbox.Load
}

// Handled is a call of a plugin's handler that has ended.
type Handled struct {
	Tenant, Plugin string
	Handler        pluginapi.Handler
	dispatch.Done
}

// Engine is a running server without its sockets: handlers for each listener.
// It is safe for concurrent use.
type Engine struct {
	config     *config.Config
	options    Options
	logger     *slog.Logger
	metrics    *telemetry.Metrics
	sandbox    *sandbox.Runtime
	store      store.Store
	audit      *auditLog
	messages   messages
	gate       *secret.Gate
	bodies     *budget.Budget // memory of request bodies
	memory     *budget.Budget // memory that the host keeps for handlers
	egress     *egress.Transport
	redis      *redis.Client // nil without redis.url
	adminToken string
	counters   counters
	closers    []func(context.Context) error
	workers    *workers.Group
	backups    backup.Writer

	draining atomic.Bool // Serve is about to end

	current  atomic.Pointer[generation]
	swap     sync.Mutex  // held while current changes
	previous *generation // of before the last Reload
}

// New opens everything that a configuration names. When it fails, nothing is
// left open, and the error says what is wrong, where, and what to do.
func New(ctx context.Context, cfg *config.Config, o Options) (_ *Engine, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SlowHandler == 0 {
		o.SlowHandler = DefaultSlowHandler
	}
	e := &Engine{config: cfg, options: o, metrics: telemetry.New(telemetry.Config{Version: o.Version}), counters: counters{now: o.Now}}
	lines, flush := sampleLines(o.Logger.Handler())
	e.logger = slog.New(lines)
	e.onClose(func(context.Context) error { flush(); return nil })
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close(context.WithoutCancel(ctx)))
		}
	}()
	for _, step := range []func(context.Context) error{
		e.openData, e.openAdminToken, e.openAudit, e.openMail, e.openSMS, e.openEgress, e.openSandbox, e.openStore, e.openRedis, e.openTenants,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// openData makes the data folder ready.
func (e *Engine) openData(context.Context) error { return storage.Prepare(e.config) }

// openAdminToken reads the token of the admin listener, or makes it with the
// first start.
func (e *Engine) openAdminToken(context.Context) (err error) {
	e.adminToken, err = private.Secret(filepath.Join(e.config.Server.DataDir, admin.TokenFile))
	if err != nil {
		return e.config.Origin.Fault("/server/dataDir", "admin token "+err.Error(), "")
	}
	return nil
}

func (e *Engine) openSandbox(ctx context.Context) error {
	cache := e.config.Server.CacheDir
	if cache == "" {
		cache = filepath.Join(e.config.Server.DataDir, "cache")
	}
	if fault, remedy := private.Folder(cache); fault != "" {
		return e.config.Origin.Fault("/server/cacheDir", fault+", and what is in it runs as part of the server", remedy)
	}
	authentic, err := e.cacheSecret()
	if err != nil {
		return e.config.Origin.Fault("/server/dataDir", err.Error(), "")
	}
	limits := e.config.Limits
	rt, err := e.newRuntime(ctx, sandbox.Config{
		CacheDir: cache, CacheKey: e.options.Version, CacheSecret: authentic,
		Namespace: pluginapi.Namespace, Entry: pluginapi.ExportCall, Capabilities: pluginapi.CapabilityNames(),
		MemoryPages: limits.MemoryKiB / pageKiB, MaxInstances: limits.Instances,
		Limits: sandboxLimits(limits), Compiler: e.options.Compiler,
	})
	if err != nil {
		return e.config.Origin.Fault("/server/cacheDir", fmt.Sprintf("compilation cache %s: %v", cache, config.Cause(err)), "set server.cacheDir to a folder that this user may write to")
	}
	e.sandbox = rt
	e.metrics.WatchInstances(map[string]func() uint64{
		"fresh":   func() uint64 { return rt.Stats().Fresh },
		"clone":   func() uint64 { return rt.Stats().Clones },
		"reset":   func() uint64 { return rt.Stats().Resets },
		"discard": func() uint64 { return rt.Stats().Discards },
		"fault":   func() uint64 { return rt.Stats().Faults },
	})
	return nil
}

func (e *Engine) newRuntime(ctx context.Context, c sandbox.Config) (*sandbox.Runtime, error) {
	if e.options.runtime != nil {
		if rt, err := e.options.runtime(ctx, c); rt != nil || err != nil {
			return rt, err
		}
	}
	rt, err := sandbox.New(ctx, c)
	if err == nil {
		e.onClose(rt.Close)
	}
	return rt, err
}

// cacheSecretFile is the file of the data folder with the secret that entries of
// the compilation cache are authenticated with.
const cacheSecretFile = "cache-secret"

func (e *Engine) cacheSecret() ([]byte, error) {
	if e.options.CacheSecret != nil {
		return e.options.CacheSecret, nil
	}
	s, err := private.Secret(filepath.Join(e.config.Server.DataDir, cacheSecretFile))
	return []byte(s), err
}

// pageKiB is the size of a page of WebAssembly memory.
const pageKiB = 64

func sandboxLimits(l config.Limits) sandbox.Limits {
	return sandbox.Limits{
		Fuel: l.Fuel, MemoryPages: l.MemoryKiB / pageKiB, HostCalls: l.HostCalls,
		Wall: time.Duration(l.WallMs) * time.Millisecond,
	}
}

func (e *Engine) openStore(ctx context.Context) (err error) {
	e.store, err = storage.Open(ctx, e.config, storage.Options{Logger: e.logger, OnFailure: e.options.OnFailure, OnDamage: e.foundDamage})
	if err != nil {
		return err
	}
	if s, ok := e.store.(*boltstore.Store); ok {
		e.metrics.WatchScrub(s.Scrubbed)
	}
	e.metrics.WatchStore(func() bool { return e.storeHealth().Err == nil })
	e.onClose(func(context.Context) error { return e.store.Close() })
	e.backups = backup.Writer{Dir: e.config.Server.BackupDir, Embedded: e.config.Store.Driver != config.DriverPostgres, Now: e.options.Now, Logger: e.logger}
	return nil
}

// openRedis makes the client. A server that does not answer yet is worth a
// warning: what needs it says so when it is used.
func (e *Engine) openRedis(ctx context.Context) error {
	r := e.config.Redis
	if r.URL == "" {
		return nil
	}
	var err error
	if e.redis, err = redis.Open(redis.Config{URL: r.URL.Reveal(), Mode: r.Mode, Prefix: r.Prefix, Timeout: r.Timeout.Std()}); err != nil {
		return e.config.Origin.Fault("/redis/url", "redis.url cannot be read in mode "+r.Mode, config.RedisURLs[r.Mode])
	}
	e.onClose(func(context.Context) error { return e.redis.Close() })
	if err := e.redis.Ping(ctx); err != nil {
		e.logger.Warn("Redis does not answer", "error", err, "remedy", "check that it runs and that redis.url is right")
	}
	return nil
}

func (e *Engine) openEgress(context.Context) error {
	s := e.config.Server
	e.egress = egress.New(egress.Config{
		Policy:    egress.Policy{Allow: s.Egress.Allow, Plain: s.Development},
		UserAgent: "authhost/" + e.options.Version,
	})
	e.onClose(func(context.Context) error { e.egress.Close(); return nil })
	return nil
}

func (e *Engine) openTenants(ctx context.Context) error {
	h := e.config.Server.PasswordHashing
	concurrent := h.MaxConcurrent
	if concurrent == 0 {
		concurrent = runtime.NumCPU()
	}
	waiting := h.MaxWaiting
	if waiting == 0 {
		waiting = 32 * concurrent
	}
	e.gate = secret.NewGate(concurrent, waiting)
	e.metrics.WatchHashing(e.gate.Running, e.gate.Waiting)
	e.bodies = budget.New(bodyLimits(e.config.Server))
	e.memory = budget.New(budget.Limits{Total: handlerMemory, Tenant: handlerMemory / 2})
	e.metrics.WatchBodies(func() int { return int(e.bodies.Used()) })
	e.workers = e.newWorkers()
	g, err := e.newGeneration(ctx, e.config)
	if err != nil {
		return err
	}
	e.current.Store(g)
	e.onClose(func(ctx context.Context) error {
		return errors.Join(e.current.Load().close(ctx), e.previous.close(ctx))
	})
	e.onClose(func(context.Context) error { return e.workers.Close() })
	return errors.Join(e.workFor(ctx, g), e.callRoll(g))
}

func (e *Engine) newWorkers() *workers.Group {
	holder := "" // no other process has the embedded store
	if e.config.Store.Driver == config.DriverPostgres {
		holder = secret.RandomString(idLength, secret.Alnum)
	}
	return workers.New(workers.Config{
		Store: e.store, Holder: holder, Logger: e.logger, Metrics: e.metrics, Now: e.options.Now,
		Served: func(tenant string) (*workers.Tenant, func()) {
			g := e.enter()
			if r := g.realm(tenant); r != nil {
				return r.work, g.leave
			}
			return nil, g.leave
		},
		Record: (&observer{engine: e}).record,
	})
}

func (e *Engine) onClose(f func(context.Context) error) { e.closers = append(e.closers, f) }

// Close releases everything, in the reverse order of opening. Requests must
// have ended.
func (e *Engine) Close(ctx context.Context) error {
	var errs []error
	for i := len(e.closers) - 1; i >= 0; i-- {
		errs = append(errs, e.closers[i](ctx))
	}
	e.closers = nil
	return errors.Join(errs...)
}

// Listeners returns the addresses that tenants want to be served on.
func (e *Engine) Listeners() []string { return e.current.Load().registry.Listeners() }

// Handler serves the tenants of one listener.
func (e *Engine) Handler(listen string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := e.enter()
		defer g.leave()
		closeAfterChunks(w, r)
		t, rest, ok := g.registry.Resolve(listen, r.Host, r.URL.Path)
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if t.PathPrefix != "" {
			r = cutPrefix(r, t.PathPrefix, rest)
		}
		t.Handler.ServeHTTP(w, r)
	})
}

// closeAfterChunks closes the connection after a request whose body came in
// chunks. If it had a Content-Length, too, that must be (RFC 9112, section 6.1),
// because a proxy may have believed the other; net/http does not tell.
func closeAfterChunks(w http.ResponseWriter, r *http.Request) {
	if len(r.TransferEncoding) > 0 {
		w.Header().Set("Connection", "close")
	}
}

// cutPrefix returns the request as if it had come without the path prefix.
func cutPrefix(r *http.Request, prefix, rest string) *http.Request {
	out := r.Clone(r.Context())
	out.URL.Path = rest
	if raw := r.URL.RawPath; raw != "" {
		if len(raw) < len(prefix) || raw[:len(prefix)] != prefix {
			out.URL.Path, out.URL.RawPath = "/", "" // an encoded prefix names nobody
			return out
		}
		out.URL.RawPath = raw[len(prefix):]
	}
	return out
}
