// Package examples holds the example plugins as files. Those of [Languages] are
// whole projects, and what "authhost plugin new" begins with: it copies one
// under another name.
//
//	files, err := examples.Project("rust")
//	manifest, err := fs.ReadFile(files, "manifest.json") // "id": examples.Name("rust")
//
// Package workbench is its only user.
//
// Decisions and their reasons: docs/rationale/authoring.md.
package examples
