// Package hosttest is one suite for every host of plugins: the engine, and
// package plugintest of the SDK. It makes the same calls of the capabilities in
// each and compares what comes of them with the contract in package pluginapi:
//
//	func TestContract(t *testing.T) { hosttest.Run(t, newWorld) }
//
// Every function of the contract has a case in the tables of this package, and
// every event something that raises it; the suite fails where one has none. What
// the contract says of arguments is tried for each of them: one that is unknown,
// missing, empty, of another type or out of bounds. So is what a manifest must
// ask for, and what each event lets its hooks set.
//
// A case sees its host as a handler does: it reads and writes the document,
// and calls. Each host has an adapter, a World, in a test of this package.
//
// Decisions and their reasons: docs/rationale/plugins.md.
package hosttest
