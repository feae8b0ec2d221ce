// Package plugins holds the first-party plugins as built WebAssembly modules.
// Their sources are the folders beside this file, one package main each; the
// modules are made by "make plugins" and embedded from dist.
//
// The package compiles without them, so that a fresh clone builds; Module then
// says what to run. It imports the standard library only. The server is its
// only user: plugins never import it.
//
//	wasm, err := plugins.Module("email-password")
//
// Decisions and their reasons: docs/rationale/plugins.md.
package plugins
