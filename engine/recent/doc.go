// Package recent keeps what was made lately, within a bound.
//
//	c := recent.New[string, int](1000)
//	c.Put("a", 1)
//	v, ok := c.Get("a")
//
// Decisions and their reasons: docs/rationale/http.md.
package recent
