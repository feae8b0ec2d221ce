// Package pluginapi is the contract between the authhost engine and its
// plugins: ABI version 1. The full text, for authors of any language, is
// ABI.md beside this file; this package gives the same numbers and the
// manifest to Go code on both sides. It imports the standard library only.
//
// Neighbours: engine/sandbox runs modules and passes kinds and statuses
// through unread; engine/dispatch and engine/capability give them meaning;
// sdk wraps them for guests written in Go.
//
//	packed, err := pluginapi.PackModule(wasm, manifestJSON) // what "authhost plugin pack" does
//	manifest, err := pluginapi.ManifestOf(packed)
//
// Decisions and their reasons: docs/rationale/plugins.md.
package pluginapi
