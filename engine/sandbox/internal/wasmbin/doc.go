// Package wasmbin reads the WebAssembly binary format as an adversary wrote
// it, and rewrites modules so that they meter themselves. Nothing here runs
// code.
//
//	m, err := wasmbin.Parse(binary, wasmbin.DefaultAdmission())
//	metered, err := wasmbin.Rewrite(m, wasmbin.RewriteOptions{})
//
// Rewrite also replaces what the compiler gets wrong, see selects.go.
//
// Parse checks every count against the bytes that remain before anything is
// allocated for it, and refuses what Admission does not allow. Rewrite adds
// globals, a function, locals and types, all at the ends of their index
// spaces, so that no index of the guest changes; it refuses code that names
// something past those ends, which would be the counters. Validation beyond
// that is left to the compiler, which sees the rewritten module only.
//
// The format is that of the WebAssembly core specification 2.0 without
// threads, tail calls, exceptions and garbage collection.
//
// Decisions and their reasons: docs/rationale/sandbox.md.
package wasmbin
