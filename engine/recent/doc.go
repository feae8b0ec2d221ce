// Package recent is a bounded cache that keeps the latest entries.
//
//	c := recent.New[string, int](1000)
//	c.Put("a", 1)
//	v, ok := c.Get("a")
//
// Decisions and their reasons: docs/rationale/http.md.
package recent
