// Package pgsource reads the tables of an application from PostgreSQL for an
// import: in one read-only transaction, so that all rows are of one moment, and
// row by row, so that memory does not grow with a table.
//
// Rows come as the JSON that PostgreSQL makes of them, so that every type has
// the form that exported files have, too.
//
// Neighbours: engine/importer says what becomes of the rows;
// engine/store/pgstore, which shares nothing with this package but the driver,
// is where a tenant's own records may be.
//
//	source, err := pgsource.Open(ctx, pgsource.Config{URL: "postgres://app@db/app"})
//	defer source.Close(ctx)
//
// Decisions and their reasons: docs/rationale/import.md.
package pgsource
