package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/authhost/authhost/internal/pgtest"
)

// database is a PostgreSQL behind a proxy that loses messages, each with its
// connection.
type database struct {
	server *pgtest.Server
	proxy  *pgtest.Proxy
	lossy  atomic.Bool
	lost   atomic.Int64
}

// newDatabase starts one; of so many messages one is lost while it is lossy.
func newDatabase(oneOf int) (*database, error) {
	server, err := pgtest.New()
	if err != nil {
		return nil, err
	}
	proxy, err := pgtest.NewProxy(server.URL())
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	d := &database{server: server, proxy: proxy}
	proxy.Decide(func(pgtest.Message) bool {
		if !d.lossy.Load() || rand.IntN(oneOf) > 0 {
			return true
		}
		d.lost.Add(1)
		return false
	})
	return d, nil
}

// section is the configuration of the store.
func (d *database) section() string {
	if d == nil {
		return ""
	}
	return fmt.Sprintf("store: {driver: postgres, postgres: {url: %q}}\n", d.proxy.URL(d.server.URL()))
}

// lose begins or ends the losses.
func (d *database) lose(on bool) {
	if d != nil {
		d.lossy.Store(on)
	}
}

func (d *database) losses() int64 {
	if d == nil {
		return 0
	}
	return d.lost.Load()
}

func (d *database) stop() error {
	if d == nil {
		return nil
	}
	return errors.Join(d.proxy.Close(), d.server.Stop())
}
