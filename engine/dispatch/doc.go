// Package dispatch decides which plugin handlers run for a request or an
// event, in which order and with which failure policy, and runs them.
//
// A Plugin is a module with its configuration and grants in one tenant; a Set
// holds the plugins of a tenant, ordered once when it is built. An Exchange is
// one request on its way through the pipeline; it owns the unit of work and
// the document that handlers read and write through the ABI (pluginapi).
//
// dispatch knows what events and documents mean; engine/sandbox, which runs
// the WebAssembly code, does not. What a capability call does is
// engine/capability's, reached through the Capabilities interface.
//
//	set, err := dispatch.NewSet(plugins)
//	ex := dispatch.NewExchange(dispatch.Config{Realm: realm, Set: set, …}, request, now)
//	defer ex.Close()
//	err = ex.RunEndpoint(ctx, set.Endpoints()[0])
//
// Decisions and their reasons: docs/rationale/work.md.
package dispatch
