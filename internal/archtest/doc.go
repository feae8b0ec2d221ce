// Package archtest holds no code, only tests: the architecture of the
// repository as something that fails.
//
// imports_test.go says who may import whom, each rule with its reason, and
// sources_test.go what every source file looks like. The rules are data at the
// top of those files; load_test.go reads the repository.
//
// A new package must be put into a layer, and a new dependency needs an owner:
//
//	go test ./internal/archtest
//
// names both until they have one. To allow an import that a rule forbids,
// change the rule, and with it the reason that stands beside it.
//
// Decisions and their reasons: docs/rationale/code.md.
package archtest
