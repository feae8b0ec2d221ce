package pgstore

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

// backupFormat is the version of the lines that Backup writes.
const backupFormat = 1

// line is one line of a backup: a head, a record or the tail.
type line struct {
	// Head
	Format int           `json:"format,omitempty"`
	Tenant string        `json:"tenant,omitempty"`
	Schema *store.Schema `json:"schema,omitempty"`
	// Record
	Model   string          `json:"model,omitempty"`
	ID      string          `json:"id,omitempty"`
	Version int64           `json:"version,omitempty"`
	Fields  json.RawMessage `json:"fields,omitempty"`
	// Tail
	Records *int `json:"records,omitempty"`
}

// Backup writes the tenant as lines of JSON, in one state.
func (t *tenant) Backup(ctx context.Context, w io.Writer) error {
	started := false
	return t.inSnapshot(ctx, func(tx pgx.Tx, now *snapshot) error {
		if started {
			return errors.New("pgstore: the database ended a backup that had begun")
		}
		started = true
		out := bufio.NewWriter(w)
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		schema := now.catalog.Schema()
		if err := enc.Encode(line{Format: backupFormat, Tenant: t.id, Schema: &schema}); err != nil {
			return err
		}
		count := 0
		for _, m := range schema.Models {
			err := t.eachPage(ctx, tx, m.Name, func(records []*store.Record) error {
				for _, r := range records {
					count++
					err := enc.Encode(line{Model: m.Name, ID: r.ID, Version: int64(r.Version), Fields: json.RawMessage(fieldsText(r))})
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if err := enc.Encode(line{Records: &count}); err != nil {
			return err
		}
		return out.Flush()
	})
}

// Restore reads a backup into the tenant id, which must not exist. All of it
// is restored or nothing.
func (s *Store) Restore(ctx context.Context, id store.TenantID, backup io.Reader) error {
	if err := id.Validate(); err != nil {
		return err
	}
	dec := json.NewDecoder(backup)
	var head line
	if err := dec.Decode(&head); err != nil {
		return fmt.Errorf("pgstore: reading the backup: %w", err)
	}
	switch {
	case head.Format != backupFormat || head.Schema == nil:
		return fmt.Errorf("pgstore: no backup of format %d", backupFormat)
	case head.Tenant != string(id):
		return fmt.Errorf("pgstore: the backup is of tenant %q, not %q", head.Tenant, id)
	}
	t := s.handle(id)
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var exists bool
		if err := tx.QueryRow(ctx, tenantExistsSQL, t.id).Scan(&exists); err != nil {
			return err
		}
		if exists {
			return fmt.Errorf("pgstore: tenant %q is already there", id)
		}
		if err := t.grow(ctx, tx, *head.Schema); err != nil {
			return err
		}
		return t.restoreRecords(ctx, tx, *head.Schema, dec)
	})
	return s.describe(ctx, err)
}

func (t *tenant) restoreRecords(ctx context.Context, tx pgx.Tx, schema store.Schema, dec *json.Decoder) error {
	catalog, err := store.NewCatalog(schema)
	if err != nil {
		return err
	}
	w := &writer{tenant: t, ctx: ctx, tx: tx}
	var changes []plan.Change
	flush := func() error {
		var entries []plan.Entry
		for _, c := range changes {
			for _, ix := range c.Model.Indexes {
				entries = append(entries, plan.EntryOf(c.Model, ix, c.After))
			}
		}
		batch := &pgx.Batch{}
		w.queueChanges(batch, changes)
		changes = changes[:0]
		return errors.Join(tx.SendBatch(ctx, batch).Close(), t.addEntries(ctx, tx, entries))
	}
	for count := 0; ; count++ {
		var l line
		if err := dec.Decode(&l); err != nil {
			return fmt.Errorf("pgstore: the backup ends early: %w", err)
		}
		if l.Records != nil {
			if *l.Records != count {
				return fmt.Errorf("pgstore: the backup has %d records; it says %d", count, *l.Records)
			}
			return flush()
		}
		m, err := catalog.Model(l.Model)
		if err != nil {
			return err
		}
		r, err := t.record(l.Model, l.ID, l.Version, string(l.Fields))
		if err != nil {
			return err
		}
		if changes = append(changes, plan.Change{Model: m, ID: l.ID, After: r}); len(changes) == growPage {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}
