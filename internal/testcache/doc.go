// Package testcache is a folder for what tests make once and use again, in this run
// and in later ones: compiled modules, and an empty PostgreSQL cluster. To remove it
// costs nothing but time. internal/gotest keeps it small.
//
//	dir, err := testcache.Modules()
//	...
//	o.CacheSecret = []byte(testcache.Secret)
//
// Decisions and their reasons: docs/rationale/code.md.
package testcache
