// Package importer moves the users of a Better Auth application into a tenant:
// users, accounts with their password hashes, sessions, open verifications,
// signing keys, and what the manifests of the tenant's plugins take over
// (pluginapi.Import). Ids, tokens and times stay the same, so existing cookies, links
// and tokens remain valid if the tenant has the same secret.
//
// A run reads the source twice. The first pass checks every row and finds all
// problems, also those between rows and with existing records; if there is one,
// nothing is written. The second pass writes in batches, each of them a
// transaction of the store. Another run writes new and changed rows, so an
// interrupted run is resumed by running it again. It does not touch records that
// the tenant itself has changed since.
//
// Memory does not grow with the size of records: of each row, the checks keep
// a hash of its id and of its unique values.
//
// Neighbours: pgsource reads PostgreSQL; Files, here, reads exported files.
// Records are written to a store.Tenant and keys to a keyring.Storage; the
// engine opens both. Plugins' hooks are not called.
//
//	source, err := importer.Files("export/")
//	report, err := importer.Run(ctx, source, target, importer.Options{DryRun: true})
//
// Decisions and their reasons: docs/rationale/import.md.
package importer
