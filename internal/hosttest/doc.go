// Package hosttest is one suite for every host of plugins: the engine, and
// package plugintest of the SDK. It makes the same calls of the capabilities in
// each and compares what comes of them with the contract in package pluginapi:
//
//	func TestContract(t *testing.T) {
//		hosttest.Run(t, newWorld)
//		hosttest.RunArguments(t, newWorld)
//	}
//
// The tables of this package have a case for each function. What the contract
// says of arguments is tried for each of them: one that is unknown, missing,
// empty, of another type or out of bounds.
//
// A case sees its host as a handler does: it reads and writes the document,
// and calls. Each host has an adapter, a World, in a test of this package.
package hosttest
