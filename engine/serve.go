package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Bounds of the HTTP servers.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
)

// Bound is an open listener.
type Bound struct {
	listener net.Listener
	handler  http.Handler
	Addr     string // the address, with the port that was found for port 0
	Admin    bool
}

// Listen opens every listener of the configuration, or none. The error names
// the address that cannot be had and the line that asks for it.
func (e *Engine) Listen() ([]Bound, error) {
	var bound []Bound
	for _, addr := range e.Listeners() {
		b, err := e.open(addr)
		if err != nil {
			return nil, errors.Join(err, closeAll(bound))
		}
		bound = append(bound, b)
	}
	if addr := e.config.Server.Admin; addr != "" {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, errors.Join(listenFault(e.config.Origin, "/server/admin", "server.admin", addr, err), closeAll(bound))
		}
		bound = append(bound, Bound{listener: l, handler: e.Admin(), Addr: l.Addr().String(), Admin: true})
	}
	e.keepFromPlugins(bound)
	return bound, nil
}

// keepFromPlugins has the addresses of the listeners refused to plugins, also
// where server.egress.allow lists them.
func (e *Engine) keepFromPlugins(bound []Bound) {
	own := make([]netip.AddrPort, 0, len(bound))
	for _, b := range bound {
		if a, err := netip.ParseAddrPort(b.Addr); err == nil { // no other kind of listener has an address that plugins could call
			own = append(own, a)
		}
	}
	e.egress.Refuse(own)
}

// open opens a listener of tenants.
func (e *Engine) open(addr string) (Bound, error) {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		return Bound{listener: l, handler: e.Handler(addr), Addr: l.Addr().String()}, nil
	}
	for _, t := range e.config.Tenants {
		if t.Listen == addr {
			return Bound{}, listenFault(t.Origin, "/listen", fmt.Sprintf("tenant %q", t.ID), addr, err)
		}
	}
	return Bound{}, listenFault(e.config.Origin, "/server/listen", "server.listen", addr, err)
}

func closeAll(bound []Bound) error {
	var errs []error
	for _, b := range bound {
		errs = append(errs, b.listener.Close())
	}
	return errors.Join(errs...)
}

// Serve answers requests on the listeners until ctx ends, then lets the
// requests under way finish for at most server.shutdownTimeout.
func (e *Engine) Serve(ctx context.Context, bound []Bound) error {
	failed := make(chan error, len(bound))
	servers := make([]*http.Server, len(bound))
	for i, b := range bound {
		servers[i] = &http.Server{
			Handler: b.handler, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout,
			ReadTimeout: e.config.Server.RequestTimeout.Std(), MaxHeaderBytes: maxHeaderBytes,
			ErrorLog: slog.NewLogLogger(e.logger.Handler(), slog.LevelWarn),
		}
		go func() { failed <- servers[i].Serve(b.listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.config.Server.ShutdownTimeout.Std())
	defer cancel()
	for _, s := range servers {
		if down := s.Shutdown(drain); down != nil {
			err = errors.Join(err, fmt.Errorf("requests were cut off: %w", down), s.Close())
		}
	}
	return err
}
