// Package capability performs the host calls of plugins, one file for each
// capability of the ABI. Functions is bound to one tenant when it is made: no
// argument of a guest can name another.
//
// The functions, their arguments and results are those of the contract in
// package pluginapi; ABI.md shows them to plugin authors. From it come the table
// that binds each function to a method of Functions, and the code that reads the
// method's arguments and refuses all others. What a plugin may call was decided
// when its module was loaded; what it may call it on (models, key uses,
// purposes) is checked here, against its manifest.
//
// Neighbours: dispatch runs the handlers and hands their calls over; identity,
// session, secret, keyring and mail do the work.
//
//	functions := capability.New(capability.Config{Tenant: "main", Identity: users, Secrets: secrets, Keys: ring})
//
// Decisions and their reasons: docs/rationale/plugins.md.
package capability
