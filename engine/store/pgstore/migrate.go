package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// migrations are the steps that make the tables, in order. A step that was
// released is never changed; a new one is added.
//
// Text that is compared or ordered has the collation "C": bytewise, as keys
// are.
var migrations = [][]string{
	{
		`CREATE TABLE authhost_tenants (
			tenant   text COLLATE "C" NOT NULL PRIMARY KEY,
			revision bigint NOT NULL,
			schema   text NOT NULL
		)`,
		`CREATE TABLE authhost_records (
			tenant  text COLLATE "C" NOT NULL,
			model   text COLLATE "C" NOT NULL,
			id      text COLLATE "C" NOT NULL,
			version bigint NOT NULL,
			fields  text NOT NULL,
			PRIMARY KEY (tenant, model, id)
		)`,
		`CREATE TABLE authhost_entries (
			tenant text COLLATE "C" NOT NULL,
			model  text COLLATE "C" NOT NULL,
			label  text COLLATE "C" NOT NULL,
			key    bytea NOT NULL,
			id     text COLLATE "C" NOT NULL,
			PRIMARY KEY (tenant, model, label, key)
		)`,
		// The tokens of recent commits; see resolve.
		`CREATE TABLE authhost_commits (
			tenant text COLLATE "C" NOT NULL,
			at     bigint NOT NULL,
			token  bytea NOT NULL,
			PRIMARY KEY (tenant, at, token)
		)`,
	},
	// Whether the token was written to find out that its commit is lost.
	{`ALTER TABLE authhost_commits ADD COLUMN lost boolean NOT NULL DEFAULT false`},
}

const createMigrations = `CREATE TABLE IF NOT EXISTS authhost_migrations (
	version    bigint NOT NULL PRIMARY KEY,
	applied_at timestamptz NOT NULL DEFAULT now()
)`

// migrate brings the tables to this version. Nodes that start together wait
// for each other at the row of a step: who inserts it runs the step.
func (s *Store) migrate(ctx context.Context) error {
	if err := s.retry(ctx, 0, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, createMigrations)
		return err
	}); err != nil {
		return err
	}
	for i, statements := range migrations {
		step := func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, `INSERT INTO authhost_migrations (version) VALUES ($1) ON CONFLICT DO NOTHING`, i+1)
			if err != nil || tag.RowsAffected() == 0 {
				return err
			}
			for _, sql := range statements {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		}
		if err := s.retry(ctx, 0, func(ctx context.Context) error { return pgx.BeginFunc(ctx, s.pool, step) }); err != nil {
			return err
		}
	}
	var newest int
	if err := s.pool.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM authhost_migrations`).Scan(&newest); err != nil {
		return err
	}
	if newest > len(migrations) {
		return fmt.Errorf("the tables have version %d and this authhost knows %d: use the newer release", newest, len(migrations))
	}
	return nil
}
