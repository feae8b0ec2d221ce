// Package wasmtest builds small plugin modules for tests: real WebAssembly
// with a manifest, made of steps that call the host. It owns the binary
// encoding of those guests and nothing else; internal/realmtest loads and runs
// them, and engine/sandbox has a builder of its own for hostile binaries.
//
//	guest := wasmtest.New(manifest)
//	guest.Handler(1,
//		wasmtest.Call("identity", "findUser", `{"email":"ada@example.com"}`),
//		wasmtest.Report("response.body.status"),
//		wasmtest.Copy("response.body.user", "result"),
//	)
//	wasm, err := guest.Module()
//
// Decisions and their reasons: docs/rationale/code.md.
package wasmtest
