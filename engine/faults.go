package engine

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/authhost/authhost/engine/config"
)

// What keeps a server from starting is told at the line of the configuration
// that asks for it, in one sentence, with what to do.

func listenFault(at config.Origin, pointer, what, addr string, err error) error {
	remedy := "choose another address"
	if errors.Is(err, syscall.EADDRINUSE) {
		remedy = "stop the program that listens there, or " + remedy
	}
	return at.Fault(pointer, fmt.Sprintf("%s: cannot listen on %s: %v", what, addr, config.Cause(err)), remedy)
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
