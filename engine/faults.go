package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"syscall"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/store/boltstore"
)

// What keeps a server from starting is told at the line of the configuration
// that asks for it, in one sentence, with what to do.

// dataFault says that the data folder, or a part of it, cannot be used.
func (e *Engine) dataFault(path string, err error) error {
	return e.config.Origin.Fault("/server/dataDir", fmt.Sprintf("data folder %s: %v", path, cause(err)),
		"give this user write access, or set server.dataDir to another folder")
}

// storeFault says why the store cannot be opened.
func (e *Engine) storeFault(err error) error {
	if e.config.Store.Driver == config.DriverPostgres {
		return e.config.Origin.Fault("/store/postgres/url", err.Error(), "check that the database runs and that the URL is right")
	}
	var locked *boltstore.LockedError
	if errors.As(err, &locked) {
		return e.config.Origin.Fault("/server/dataDir", fmt.Sprintf("data folder %s is in use by another process", e.config.Server.DataDir),
			"stop that process, or set server.dataDir to another folder")
	}
	return e.dataFault(filepath.Join(e.config.Server.DataDir, TenantsDir), err)
}

func listenFault(at config.Origin, pointer, what, addr string, err error) error {
	remedy := "choose another address"
	if errors.Is(err, syscall.EADDRINUSE) {
		remedy = "stop the program that listens there, or " + remedy
	}
	return at.Fault(pointer, fmt.Sprintf("%s: cannot listen on %s: %v", what, addr, cause(err)), remedy)
}

// tenantListenFault says why a listener of tenants cannot be opened.
func tenantListenFault(cfg *config.Config, addr string, err error) error {
	for _, t := range cfg.Tenants {
		if t.Listen == addr {
			return listenFault(t.Origin, "/listen", fmt.Sprintf("tenant %q", t.ID), addr, err)
		}
	}
	return listenFault(cfg.Origin, "/server/listen", "server.listen", addr, err)
}

// cause is an error of the file system or the network without the operation
// and the path or address, which its fault names already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
