// Package wasmtest builds small WebAssembly binaries for tests, valid ones
// and hostile ones. It checks nothing.
//
//	var b wasmtest.Builder
//	entry := b.Func("i>i", "", wasmtest.I32(0))
//	b.Memory(1, -1)
//	b.Export("authhost_call", entry)
//	wasm := b.Bytes()
//
// Decisions and their reasons: docs/rationale/sandbox.md.
package wasmtest
