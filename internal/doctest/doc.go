// Package doctest holds no code, only tests: that the pages in docs say what
// the repository says. It makes the parts of those pages that come from the
// manifests of the plugins and from the conformance suite, follows their
// links, looks up the tests that they name, and checks their configurations.
//
//	go test ./internal/doctest -update   # after a change of a manifest
//
// Its neighbour archtest does the same for sources; the reference of the
// configuration file is made by engine/config.
//
// Decisions and their reasons: docs/rationale/code.md.
package doctest
