package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
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
	Addr     string // the configured address
	Admin    bool
}

// Listen opens every listener of the configuration. A port that is taken is
// an error that names it.
func (e *Engine) Listen() ([]Bound, error) {
	var bound []Bound
	open := func(addr, key string, h http.Handler, admin bool) error {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("cannot listen on %s: %w; stop the other program or set %s to another address", addr, err, key)
		}
		bound = append(bound, Bound{listener: l, handler: h, Addr: l.Addr().String(), Admin: admin})
		return nil
	}
	err := func() error {
		for _, addr := range e.Listeners() {
			if err := open(addr, "server.listen or the tenant's listen", e.Handler(addr), false); err != nil {
				return err
			}
		}
		if addr := e.config.Server.Admin; addr != "" {
			return open(addr, "server.admin", e.Admin(), true)
		}
		return nil
	}()
	if err != nil {
		for _, b := range bound {
			err = errors.Join(err, b.listener.Close())
		}
		return nil, err
	}
	return bound, nil
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
