package workbench

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/bench"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// The tenant in which handlers are called. It is in development: mails and text
// messages are kept in memory, and requests are not counted.
const (
	tenantID = "main"
	baseURL  = "https://app.example.com"
	basePath = "/api/auth"
)

// Bench is an engine with one plugin, all of whose wishes are granted, in one
// tenant with an empty store. It is for one goroutine.
type Bench struct {
	module   *Module
	manifest *pluginapi.Manifest // as it is in the tenant's dialect
	engine   *engine.Engine
	tenant   *bench.Bench
	dir      string // of the store; goes with the Bench

	cookies  jar // of the client
	mails    int // how many were sent before this call
	messages int // likewise

	mu      sync.Mutex // the engine has goroutines of its own
	now     time.Time  // zero: the time that it is
	handled []engine.Handled
	log     []Line
}

// Open readies a module. settings is the plugin's configuration as JSON; empty
// is {}. Close the Bench to be rid of what it stored.
func Open(ctx context.Context, m *Module, settings json.RawMessage, o Options) (*Bench, error) {
	shop, err := newShop(m, o)
	if err != nil {
		return nil, err
	}
	b, err := shop.open(ctx, settings, o.With)
	if err != nil {
		return nil, errors.Join(err, shop.close())
	}
	b.dir = shop.dir // goes with its only bench
	return b, nil
}

// shop is where benches are for one module: the folder that they share, with
// the machine code.
type shop struct {
	module  *Module
	options Options
	dir     string
	secret  []byte // of the compilation cache, which the benches share
	count   int
}

func newShop(m *Module, o Options) (*shop, error) {
	if !slices.Contains(pluginapi.Dialects(), o.dialect()) {
		return nil, fmt.Errorf("there is no dialect %q; there are %s", o.Dialect, strings.Join(pluginapi.Dialects(), " and "))
	}
	dir, err := os.MkdirTemp("", "authhost-bench-")
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // never fails
	return &shop{module: m, options: o, dir: dir, secret: secret}, err
}

func (s *shop) close() error { return os.RemoveAll(s.dir) }

type mapping = map[string]any

func orEmpty(settings json.RawMessage) json.RawMessage {
	if len(settings) == 0 {
		return json.RawMessage("{}")
	}
	return settings
}

// open makes a bench with a store of its own.
func (s *shop) open(ctx context.Context, settings json.RawMessage, with []With) (*Bench, error) {
	if err := strict(orEmpty(settings), 1, &mapping{}); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	s.count++
	var plugins []mapping
	for _, w := range with {
		plugins = append(plugins, mapping{"id": w.ID, "config": orEmpty(w.Config)})
	}
	plugins = append(plugins, mapping{"id": s.module.Manifest.ID, "module": s.module.Path, "grants": grants.Everything(s.module.Manifest), "config": orEmpty(settings)})
	dir := filepath.Join(s.dir, strconv.Itoa(s.count))
	text, err := json.Marshal(mapping{
		"server": mapping{
			"listen": "127.0.0.1:0", "admin": "", "development": true,
			"dataDir": dir, "cacheDir": filepath.Join(s.dir, "cache"),
		},
		"tenants": []mapping{{
			"id": tenantID, "appName": "App", "baseURL": baseURL, "basePath": basePath, "dialect": s.options.dialect(),
			"plugins": plugins,
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	cfg, err := config.Parse("settings", text, s.options.Env)
	if err != nil {
		return nil, withoutPlace(err)
	}
	b := &Bench{module: s.module, manifest: s.module.Manifest.For(s.options.dialect()), dir: dir, cookies: jar{}}
	b.engine, err = engine.New(ctx, cfg, engine.Options{
		BuiltIn: s.options.BuiltIn, Version: s.options.Version, Compiler: s.options.Compiler, CacheSecret: s.secret, Logger: slog.New(lines{b}), Now: b.clock, Handled: b.note,
	})
	if err != nil {
		return nil, withoutPlace(err)
	}
	if b.tenant, err = b.engine.Bench(tenantID); err != nil {
		return nil, errors.Join(err, b.Close(ctx))
	}
	return b, nil
}

// Close ends the engine and deletes what it stored, also when ctx has ended.
func (b *Bench) Close(ctx context.Context) error {
	return errors.Join(b.engine.Close(context.WithoutCancel(ctx)), os.RemoveAll(b.dir))
}

func (b *Bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now.IsZero() {
		return time.Now()
	}
	return b.now
}

func (b *Bench) note(h engine.Handled) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handled = append(b.handled, h)
}

// Call calls one handler: "METHOD /path" is an endpoint, with everything that
// the server does around it; the name of an event, or the number of a handler,
// is a hook, which is called alone. What earlier calls stored is there, and the
// client has the session of an earlier input, or the cookies that endpoints have
// set.
func (b *Bench) Call(ctx context.Context, handler string, in *Input) (*Outcome, error) {
	if in == nil {
		in = &Input{}
	}
	if err := b.prepare(ctx, in); err != nil {
		return nil, err
	}
	method, path, endpoint := strings.Cut(strings.TrimSpace(handler), " ")
	if endpoint {
		return b.request(ctx, method, strings.TrimSpace(path), in)
	}
	hook, err := b.hook(handler)
	if err != nil {
		return nil, err
	}
	return b.fire(ctx, hook, in)
}

// prepare sets the clock, and stores what the input says is there.
func (b *Bench) prepare(ctx context.Context, in *Input) error {
	now, err := in.now()
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.now, b.handled, b.log = now, nil, nil
	b.mu.Unlock()
	b.mails, b.messages = len(b.tenant.Mails()), len(b.tenant.Messages())
	if err := b.addUsers(ctx, in); err != nil {
		return err
	}
	for model, records := range in.Storage {
		if _, own := b.manifest.Models[model]; !own {
			return fmt.Errorf("input: storage: the manifest has no model %q", model)
		}
		for _, text := range records {
			record, err := object("storage."+model, text)
			if err == nil {
				err = b.tenant.Insert(ctx, model, record)
			}
			if err != nil {
				return fmt.Errorf("input: storage: %w", b.explained(err))
			}
		}
	}
	return nil
}

// addUsers stores the users of an input, and signs the one of its session in.
func (b *Bench) addUsers(ctx context.Context, in *Input) error {
	for _, text := range in.Users {
		user, err := object("users", text)
		if err == nil {
			err = b.tenant.AddUser(ctx, user)
		}
		if err != nil {
			return fmt.Errorf("input: users: %w", err)
		}
	}
	if in.Session == nil {
		return nil
	}
	user, err := object("session.user", in.Session.User)
	if err != nil {
		return err
	}
	session, err := object("session.session", in.Session.Session)
	if err != nil {
		return err
	}
	cookie, err := b.tenant.SignIn(ctx, user, session)
	if err != nil {
		return fmt.Errorf("input: session: %w", err)
	}
	b.cookies = proof(cookie)
	return nil
}

// explained says what a record refers to that is not there, which the store
// reports as a conflict.
func (b *Bench) explained(err error) error {
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) {
		return err
	}
	f := b.manifest.Models[conflict.Model].Fields[conflict.Index]
	if f.References == "" || f.Unique {
		return err
	}
	remedy := "put it before this record"
	if f.References == identity.User {
		remedy = `give it to "users", or "session", with this id`
	}
	return fmt.Errorf("%s.%s refers to a %s that is not there; %s", conflict.Model, conflict.Index, f.References, remedy)
}

// named reports whether a handler goes by a name: its own, or its number.
func named(h pluginapi.Handler, name string) bool {
	return name == h.Name || strconv.Itoa(int(h.Number)) == name
}

// hook finds a hook by its event, name or number.
func (b *Bench) hook(name string) (pluginapi.Handler, error) {
	m := b.manifest
	var found []pluginapi.Handler
	for _, h := range m.Handlers {
		switch {
		case h.Kind == pluginapi.KindHook && (h.Event == name || named(h, name)):
			found = append(found, h)
		case named(h, name):
			return h, notAlone(h, name)
		}
	}
	switch len(found) {
	case 0:
		names := make([]string, len(m.Handlers))
		for i, h := range m.Handlers {
			names[i] = strconv.Quote(on(h))
		}
		return pluginapi.Handler{}, fmt.Errorf("the plugin has no hook on %q; it has %s", name, strings.Join(names, ", "))
	case 1:
		return found[0], nil
	}
	numbers := make([]string, len(found))
	for i, h := range found {
		numbers[i] = cmp.Or(h.Name, strconv.Itoa(int(h.Number)))
	}
	return pluginapi.Handler{}, fmt.Errorf("the plugin has several hooks on %q; name one: %s", name, strings.Join(numbers, ", "))
}

// notAlone says how to call a handler that is no hook.
func notAlone(h pluginapi.Handler, name string) error {
	switch h.Kind {
	case pluginapi.KindService:
		return fmt.Errorf("handler %s is a service, which is not called from here; in Go, a test calls it with CallService of sdk/plugintest", name)
	case pluginapi.KindSchedule:
		return fmt.Errorf("handler %s is a schedule, which is not called from here; in Go, a test runs it with RunSchedule of sdk/plugintest", name)
	}
	return fmt.Errorf("handler %s is an endpoint; call it as %q", name, on(h))
}

// fire calls a hook.
func (b *Bench) fire(ctx context.Context, h pluginapi.Handler, in *Input) (*Outcome, error) {
	event, err := in.firing(h.Event, h.Durable(), b.clock())
	if err != nil {
		return nil, err
	}
	request, err := in.request(b.cookies.header())
	if err != nil {
		return nil, err
	}
	answer, err := in.answer()
	if err != nil {
		return nil, err
	}
	fired, response, err := b.tenant.Fire(ctx, bench.Hook{Plugin: b.manifest.ID, Number: h.Number, Request: request, Response: answer, Event: event})
	out := &Outcome{Call: h.Event}
	if fired.Record != nil {
		out.Record = json.RawMessage(appendObject(fired.Record))
	}
	if fired.Claims != nil {
		out.Claims = json.RawMessage(appendObject(fired.Claims))
	}
	var denied *dispatch.Denied
	if errors.As(err, &denied) {
		out.Error = &Refusal{denied.Answer.Status, denied.Answer.Code, denied.Answer.Message}
	}
	out.Response = responseOf(response)
	return out, b.finish(ctx, out, h.Number)
}

// request sends a request to the tenant.
func (b *Bench) request(ctx context.Context, method, path string, in *Input) (*Outcome, error) {
	if in.Response != nil {
		return nil, errors.New("input: response is for hooks; an endpoint makes its own")
	}
	q := Request{}
	if in.Request != nil {
		q = *in.Request
	}
	if q.Method != "" || q.Path != "" {
		return nil, errors.New("input: request: method and path are those of the call")
	}
	prefix := basePath
	if b.atRoot(method, path) {
		prefix = ""
	}
	if _, err := url.ParseRequestURI(path); err != nil || !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("%q is no path; write it as in the manifest, with values for its parameters, and a query if you want", path)
	}
	r, err := http.NewRequestWithContext(ctx, method, baseURL+prefix+path, bytes.NewReader(q.rawBody()))
	if err != nil {
		return nil, err
	}
	r.Header, r.RequestURI = q.header(b.cookies.header()), prefix+path
	if r.Header.Get("Origin") == "" {
		r.Header.Set("Origin", baseURL)
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", cmp.Or(q.UserAgent, clientAgent))
	}
	r.RemoteAddr = net.JoinHostPort(cmp.Or(q.IP, clientIP), "1")
	w := &recorder{header: http.Header{}}
	b.tenant.ServeHTTP(w, r)
	b.cookies.keep(w.header)
	out := &Outcome{Call: method + " " + path, Response: w.response(b.tenant.CookiePrefix())}
	return out, b.finish(ctx, out, b.served(method))
}

// atRoot tells whether an endpoint of the plugin is below the origin.
func (b *Bench) atRoot(method, path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return slices.ContainsFunc(b.manifest.Handlers, func(h pluginapi.Handler) bool {
		return h.Root && h.Method == method && matches(h.Path, path)
	})
}

// matches reports whether a path is one of an endpoint's.
func matches(pattern, path string) bool {
	return slices.EqualFunc(strings.Split(pattern, "/"), strings.Split(path, "/"), func(want, got string) bool {
		return want == got || strings.HasPrefix(want, ":") && got != ""
	})
}

// noHandler is the number of no handler.
const noHandler = -1

// served is the number of the endpoint that has answered.
func (b *Bench) served(method string) int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.handled {
		if h.Plugin == b.manifest.ID && h.Handler.Kind == pluginapi.KindEndpoint && h.Handler.Method == method {
			return h.Handler.Number
		}
	}
	return noHandler
}

// finish adds to an outcome what the call left behind. number is the handler
// whose result is the call's.
func (b *Bench) finish(ctx context.Context, out *Outcome, number int32) error {
	b.mu.Lock()
	out.Log = b.log
	for _, h := range b.handled {
		used := usedBy(h)
		if h.Plugin == b.manifest.ID && h.Handler.Number == number {
			out.Handler, out.Result, out.Failure = &h.Handler.Number, used.Result, used.Failure
		}
		if h.Plugin != b.manifest.ID {
			used.Plugin = h.Plugin
		}
		out.Handlers = append(out.Handlers, used)
	}
	b.mu.Unlock()
	for _, m := range b.tenant.Mails()[b.mails:] {
		out.Mails = append(out.Mails, Mail{To: m.To, Template: m.Template, Subject: m.Subject, URL: m.URL, Token: m.Token, OTP: m.OTP})
	}
	for _, m := range b.tenant.Messages()[b.messages:] {
		out.Messages = append(out.Messages, TextMessage{To: m.To, Kind: m.Kind, Message: m.Text})
	}
	for model := range b.manifest.Models {
		records, err := b.tenant.Records(ctx, model)
		if err != nil {
			return err
		}
		for _, r := range records {
			if out.Storage == nil {
				out.Storage = map[string][]json.RawMessage{}
			}
			out.Storage[model] = append(out.Storage[model], appendObject(r.Fields))
		}
	}
	return nil
}
