// Package bind makes the Go code of a plugin that its manifest already says:
// the registration of handlers by name, the errors, the names of cookies,
// mails, text messages, models, purposes and key uses, typed access to the
// configuration, the bodies and the queries, and a type for each mail and text
// message. The command "authhost plugin bind" writes it beside the manifest.
//
//	code, err := bind.Go(manifest) // the text of manifest_gen.go
//
// Decisions and their reasons: docs/rationale/authoring.md.
package bind
