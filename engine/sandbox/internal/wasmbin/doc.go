// Package wasmbin reads the WebAssembly binary format as an adversary wrote
// it: every count is checked against the bytes that remain before anything is
// allocated for it. Nothing here runs code.
//
//	m, err := wasmbin.Parse(wasm, wasmbin.DefaultAdmission())
package wasmbin
