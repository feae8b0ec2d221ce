package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

// inSnapshot runs f in a read-only transaction that sees one state.
func (t *tenant) inSnapshot(ctx context.Context, f func(tx pgx.Tx, now *snapshot) error) error {
	return t.runFor(ctx, 0, func(ctx context.Context, now *snapshot) error {
		opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
		return pgx.BeginTxFunc(ctx, t.store.pool, opts, func(tx pgx.Tx) error {
			var revision int64
			if err := tx.QueryRow(ctx, `SELECT revision FROM authhost_tenants WHERE tenant = $1`, t.id).Scan(&revision); err != nil {
				return err
			}
			if revision != now.revision {
				return errMoved
			}
			return f(tx, now)
		})
	})
}

// Check verifies that every record decodes, has its index entries, and refers
// to records that are there, and that there are no other entries. Pages and
// checksums are PostgreSQL's to check (pg_amcheck, data checksums).
func (t *tenant) Check(ctx context.Context) error {
	return t.inSnapshot(ctx, func(tx pgx.Tx, now *snapshot) error {
		expected := 0
		for _, declared := range now.catalog.Schema().Models {
			m, err := now.catalog.Model(declared.Name)
			if err != nil {
				return err
			}
			err = t.eachPage(ctx, tx, m.Name, func(records []*store.Record) error {
				n, err := t.checkPage(ctx, tx, m, records)
				expected += n
				return err
			})
			if err != nil {
				return err
			}
		}
		var found int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM authhost_entries WHERE tenant = $1`, t.id).Scan(&found); err != nil {
			return err
		}
		if found != expected {
			return t.corrupt("indexes", fmt.Errorf("%d entries; the records have %d", found, expected))
		}
		return nil
	})
}

// checkPage checks some records and returns how many entries they have.
func (t *tenant) checkPage(ctx context.Context, tx pgx.Tx, m *store.ModelInfo, records []*store.Record) (int, error) {
	var entries []plan.Entry
	var problems []error
	for _, r := range records {
		for _, ix := range m.Indexes {
			entries = append(entries, plan.EntryOf(m, ix, r))
		}
	}
	models, labels, keys, ids := entryArrays(entries)
	rows, err := tx.Query(ctx, `SELECT x.label, x.id FROM unnest($2::text[], $3::text[], $4::bytea[], $5::text[]) AS x(model, label, key, id)
		LEFT JOIN authhost_entries e ON e.tenant = $1 AND e.model = x.model AND e.label = x.label AND e.key = x.key AND e.id = x.id
		WHERE e.id IS NULL LIMIT 10`, t.id, models, labels, keys, ids)
	if err != nil {
		return 0, err
	}
	var label, id string
	_, err = pgx.ForEachRow(rows, []any{&label, &id}, func() error {
		problems = append(problems, t.corrupt(fmt.Sprintf("%s %q", m.Name, id), fmt.Errorf("no entry in index %q", label)))
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, ref := range m.References {
		missing, err := t.missing(ctx, tx, ref, records)
		if err != nil {
			return 0, err
		}
		problems = append(problems, missing...)
	}
	return len(entries), errors.Join(problems...)
}

// missing lists records that are referred to and not there.
func (t *tenant) missing(ctx context.Context, tx pgx.Tx, ref store.Reference, records []*store.Record) ([]error, error) {
	var targets []string
	for _, r := range records {
		if v := r.Get(ref.Field); !v.IsNullish() {
			targets = append(targets, v.Str())
		}
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT x.id FROM unnest($3::text[]) AS x(id)
		LEFT JOIN authhost_records r ON r.tenant = $1 AND r.model = $2 AND r.id = x.id WHERE r.id IS NULL LIMIT 10`, t.id, ref.To, targets)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, id := range ids {
		problems = append(problems, t.corrupt(fmt.Sprintf("%s %q", ref.To, id), fmt.Errorf("missing, and a %s refers to it", ref.Model)))
	}
	return problems, nil
}
