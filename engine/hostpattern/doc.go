// Package hostpattern says which hosts a pattern stands for: those of public
// URLs and of tenants, as they stand in the Host header.
//
//	p, err := hostpattern.Parse("preview-*.example.com")
//	p.Matches("preview-7.example.com") // true
//
// "*" stands for one or more characters of a label, "?" for one. As the first
// label, "*" stands for all subdomains, at any depth. As a port, "*" stands for
// any; it must be there. At least the last two labels of a name have no
// wildcard, but for "localhost", which needs one.
//
// Decisions and their reasons: docs/rationale/http.md.
package hostpattern
