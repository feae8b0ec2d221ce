// Package backup writes copies of the records of tenants while a server uses
// them. Package offline reads one back.
//
//	w := &backup.Writer{Dir: "/var/backups/authhost", Embedded: true, Now: time.Now, Logger: logger}
//	written, err := w.Write(ctx, []backup.Tenant{{ID: "main", Store: data}}, true)
//
// Decisions and their reasons: docs/rationale/operations.md.
package backup
