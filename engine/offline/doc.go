// Package offline is for commands that work on the data of a server which does
// not run: imports, restoring a backup, and looking after the files of the
// embedded store.
//
//	t, err := offline.Open(ctx, cfg, "main", offline.Options{BuiltIn: plugins.Module})
//	report, err := importer.Run(ctx, source, t.Target, importer.Options{})
//	err = t.Close()
//
// Decisions and their reasons: docs/rationale/operations.md.
package offline
