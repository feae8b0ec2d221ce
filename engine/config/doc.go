// Package config reads authhost.yaml into checked Go structs.
//
// It owns the shape of the file, defaults, ${NAME} and file:PATH references,
// and every check that needs nothing but the file: a Config that Parse
// returned is consistent, and each fault names file, line and column, what is
// wrong, and what to do. Checks that need modules, listeners or databases are
// the engine's; it reports them at the right line with Origin.Fault.
//
// Neighbours: engine consumes Config; engine/secret judges the strength of
// secrets; pluginapi has the names of capabilities. The YAML library stays
// behind this package.
//
//	c, err := config.Load("authhost.yaml")
//	if err != nil {
//		return err // authhost.yaml:3:5: unknown key "lisen"; did you mean "listen"?
//	}
//	for _, t := range c.Tenants {
//		fmt.Println(t.ID, t.BaseURL+t.BasePath)
//	}
//
// Decisions and their reasons: docs/rationale/operations.md.
package config
