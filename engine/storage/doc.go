// Package storage opens what a configuration says of data: the data folder, the
// store in it or in PostgreSQL, and the secrets of tenants. The server and the
// offline commands do it alike; what keeps either from it is told at the line
// of the configuration that asks for it.
//
//	err := storage.Prepare(cfg)
//	s, err := storage.Open(ctx, cfg, storage.Options{Logger: logger})
//	secrets, err := storage.Secrets(cfg, &cfg.Tenants[0])
//
// Decisions and their reasons: docs/rationale/storage.md.
package storage
