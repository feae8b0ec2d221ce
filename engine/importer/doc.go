// Package importer moves the users of a Better Auth application into a tenant:
// users, accounts with their password hashes, sessions, open verifications,
// signing keys, and what the manifests of the tenant's plugins take over
// (pluginapi.Import). Ids, tokens and times stay, so cookies, links and tokens
// that are out there go on working if the tenant has the same secret.
//
// A run reads the source twice. The first pass checks every row and finds all
// problems, also those between rows, and what is there already; nothing is
// written if there is one. The second writes in batches, each of them a
// transaction of the store. Running again writes what is new or changed since,
// so a run that was cut off is resumed by running it again. What the tenant
// itself has changed since is left alone.
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
