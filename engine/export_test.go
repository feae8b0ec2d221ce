package engine

import (
	"context"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/store"
)

// WithPasswords returns options whose engine has passwords hashed by p,
// whatever its tenants say; nil leaves it to them.
func (o Options) WithPasswords(p identity.Passwords) Options {
	o.passwords = p
	return o
}

// WithRuntime returns options whose engine loads modules into the runtime that make
// returns, and leaves it open; for nil the engine makes one of its own.
func (o Options) WithRuntime(make func(context.Context, sandbox.Config) (*sandbox.Runtime, error)) Options {
	o.runtime = make
	return o
}

// Watched returns options whose engine puts something before the stores of its
// tenants and before the host calls of plugins.
func (o Options) Watched(stores func(store.Tenant) store.Tenant, calls func(dispatch.Capabilities) dispatch.Capabilities) Options {
	o.watchStore, o.watchCalls = stores, calls
	return o
}
