package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/config"
)

// Bounds of the HTTP servers.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
)

// Listener is an open listener.
type Listener struct {
	listener net.Listener
	handler  http.Handler
	Addr     string // the address, with the port that was found for port 0
	Admin    bool
}

// Listen opens every listener of the configuration, or none. The error names
// the address that cannot be had and the line that asks for it.
func (e *Engine) Listen() ([]Listener, error) {
	var listeners []Listener
	for _, addr := range e.Listeners() {
		l, err := e.open(addr)
		if err != nil {
			return nil, errors.Join(err, closeAll(listeners))
		}
		listeners = append(listeners, l)
	}
	if addr := e.config.Server.Admin; addr != "" {
		l, err := e.listen(addr)
		if err != nil {
			return nil, errors.Join(listenFault(e.config.Origin, "/server/admin", "server.admin", addr, err), closeAll(listeners))
		}
		listeners = append(listeners, Listener{listener: l, handler: e.Admin(), Addr: l.Addr().String(), Admin: true})
	}
	if err := e.leftOver(); err != nil {
		return nil, errors.Join(err, closeAll(listeners))
	}
	e.keepFromPlugins(listeners)
	return listeners, nil
}

// keepFromPlugins has the addresses of the listeners refused to plugins, also
// where server.egress.allow lists them.
func (e *Engine) keepFromPlugins(listeners []Listener) {
	own := make([]netip.AddrPort, 0, len(listeners))
	for _, l := range listeners {
		if a, err := netip.ParseAddrPort(l.Addr); err == nil { // no other kind of listener has an address that plugins could call
			own = append(own, a)
		}
	}
	e.egress.Refuse(own)
}

// open opens a listener of tenants.
func (e *Engine) open(addr string) (Listener, error) {
	l, err := e.listen(addr)
	if err == nil {
		return Listener{listener: l, handler: e.Handler(addr), Addr: l.Addr().String()}, nil
	}
	return Listener{}, tenantListenFault(e.config, addr, err)
}

// CheckListeners opens every listener that a configuration names and closes it
// again, so that an address which cannot be had is told before plugins are
// compiled. Those that were passed are open already.
func CheckListeners(cfg *config.Config, passed []net.Listener) error {
	tryListen := func(addr string) error {
		if slices.ContainsFunc(passed, func(l net.Listener) bool { return sameAddress(addr, l.Addr().String()) }) {
			return nil
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		return l.Close()
	}
	for _, t := range cfg.Tenants {
		addr := cmp.Or(t.Listen, cfg.Server.Listen)
		if err := tryListen(addr); err != nil {
			return tenantListenFault(cfg, addr, err)
		}
	}
	if addr := cfg.Server.Admin; addr != "" {
		if err := tryListen(addr); err != nil {
			return listenFault(cfg.Origin, "/server/admin", "server.admin", addr, err)
		}
	}
	return nil
}

func closeAll(listeners []Listener) error {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.listener.Close())
	}
	return errors.Join(errs...)
}

// listen opens a listener, or takes the one that was passed for the address.
func (e *Engine) listen(addr string) (net.Listener, error) {
	for i, l := range e.options.Listeners {
		if l != nil && sameAddress(addr, l.Addr().String()) {
			e.options.Listeners[i] = nil
			return l, nil
		}
	}
	return net.Listen("tcp", addr)
}

// sameAddress reports whether a listener at have is what addr asks for. No host
// asks for all addresses.
func sameAddress(addr, have string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	at, err := netip.ParseAddrPort(have)
	if err != nil || strconv.Itoa(int(at.Port())) != port {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "" && at.Addr().IsUnspecified() || err == nil && ip.Unmap() == at.Addr().Unmap()
}

// leftOver returns an error for the listeners that were passed and that nothing
// asks for.
func (e *Engine) leftOver() error {
	for _, l := range e.options.Listeners {
		if l != nil {
			return fmt.Errorf("the service manager passes a socket for %s, which no listener of the configuration has", l.Addr())
		}
	}
	return nil
}

// Serve answers requests on the listeners until ctx ends. Then it stops in
// steps, so that no client meets a connection that was cut: for
// server.drainTime it is not ready any more and closes each connection after
// the next answer; then the listeners of tenants close, the requests under way
// finish, and connections close that nobody has used for as long, all that
// within server.shutdownTimeout; the admin listener goes last.
func (e *Engine) Serve(ctx context.Context, listeners []Listener) error {
	failed := make(chan error, len(listeners))
	var tenants, admin []*http.Server
	var open sync.WaitGroup // listeners of tenants
	conns := &connections{since: map[net.Conn]time.Time{}}
	for _, l := range listeners {
		s := &http.Server{
			Handler: e.closing(l.handler), ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout,
			ReadTimeout: e.config.Server.RequestTimeout.Std(), MaxHeaderBytes: maxHeaderBytes,
			ErrorLog: slog.NewLogLogger(e.logger.Handler(), slog.LevelWarn),
		}
		serve := func() { failed <- s.Serve(l.listener) }
		if l.Admin {
			admin = append(admin, s)
			go serve()
		} else {
			s.ConnState = conns.note
			tenants = append(tenants, s)
			open.Go(serve)
		}
	}
	var err error
	select {
	case <-ctx.Done():
		e.draining.Store(true)
		err = wait(failed, e.config.Server.DrainTime.Std())
	case err = <-failed:
	}
	e.draining.Store(true)
	for _, l := range listeners {
		if !l.Admin {
			_ = l.listener.Close() // its server may have done it
		}
	}
	open.Wait()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.config.Server.ShutdownTimeout.Std())
	defer cancel()
	conns.rest(stop, e.config.Server.DrainTime.Std())
	err = errors.Join(err, shutdown(stop, tenants))
	return errors.Join(err, shutdown(stop, admin))
}

// connections knows which connections are in use.
type connections struct {
	mu    sync.Mutex
	since map[net.Conn]time.Time // when the last answer ended; zero while there is a request
}

// note is told of the states of connections.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew, http.StateIdle:
		c.since[conn] = time.Now()
	case http.StateActive:
		c.since[conn] = time.Time{}
	default:
		delete(c.since, conn)
	}
}

// resting reports whether nobody has used a connection for a time.
func (c *connections) resting(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, since := range c.since {
		if since.IsZero() || time.Since(since) < d {
			return false
		}
	}
	return true
}

// restPoll is how often rest looks.
const restPoll = 10 * time.Millisecond

// rest waits until nobody has used a connection for a time, or ctx ends.
func (c *connections) rest(ctx context.Context, d time.Duration) {
	tick := time.NewTicker(restPoll)
	defer tick.Stop()
	for !c.resting(d) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// wait waits for a time, or for a server that fails.
func wait(failed <-chan error, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case err := <-failed:
		return err
	case <-timer.C:
		return nil
	}
}

// shutdown closes listeners, all at once, and waits for their requests.
func shutdown(ctx context.Context, servers []*http.Server) error {
	errs := make([]error, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() {
			if err := s.Shutdown(ctx); err != nil {
				errs[i] = errors.Join(fmt.Errorf("requests were cut off: %w", err), s.Close())
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// closing has clients close their connections once the server drains: one that
// the server closes may be about to bring a request.
func (e *Engine) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
