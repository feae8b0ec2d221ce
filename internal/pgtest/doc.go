// Package pgtest starts a throwaway PostgreSQL for tests, from the binaries
// that Debian's package postgresql-15 installs (any version from 14 on will
// do). The server listens on a unix socket in a temporary folder only; it and the folder
// go with the process that started it, even when that one is killed.
//
//	func TestConformance(t *testing.T) {
//		url := pgtest.Start(t) // skips when PostgreSQL is not installed
//		...
//	}
//
// Tests in other languages use the command:
//
//	go run ./internal/pgtest/cmd   # prints the URL; stops when stdin ends
//
// Decisions and their reasons: docs/rationale/code.md.
package pgtest
