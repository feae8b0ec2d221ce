package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

// maxProblems bounds how many problems a check lists; the first ones tell.
const maxProblems = 20

// CheckFile verifies a store file that no server has open, without changing
// it, with what its journal has, if it was not closed: bbolt's pages, every
// checksum, that records and indexes agree in both directions, and that no record
// refers to a missing one. The error lists up to 20 problems and matches
// store.ErrCorrupt; it is a *LockedError while a server uses the file.
func CheckFile(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	db, err := openDB(path, true, defaultLockWait, nil)
	if err != nil {
		return err
	}
	return errors.Join(verify(ctx, db, path), db.Close())
}

// CheckDir verifies every tenant's file in a folder and tells the outcome of
// each to report. It returns the number of files; an error only when the
// folder cannot be read.
func CheckDir(ctx context.Context, dir string, report func(path string, err error)) (files int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("boltstore: data folder: %w", err)
	}
	for _, e := range entries {
		if ok, _ := filepath.Match("tenant-*.db", e.Name()); !ok || e.IsDir() {
			continue
		}
		files++
		path := filepath.Join(dir, e.Name())
		report(path, CheckFile(ctx, path))
	}
	return files, ctx.Err()
}

// Check verifies a copy of the file as it is now, so that nobody waits.
func (t *tenant) Check(ctx context.Context) error {
	copied, err := t.copy(ctx)
	if err != nil {
		return err
	}
	defer os.Remove(copied)
	return CheckFile(ctx, copied)
}

// verify runs every check on a file that nobody writes. The walk over our own
// data comes first: it is guarded against pages that bbolt's check, which runs
// in a goroutine of its own, would stumble over.
func verify(ctx context.Context, db *bolt.DB, path string) error {
	journal, _, err := loadJournal(path)
	if err != nil {
		return err
	}
	return guarded(path, func() error {
		return db.View(func(tx *bolt.Tx) error {
			c := checker{ctx: ctx, view: view{tx: tx, path: path}}
			if journal != nil {
				if err := journal.checkFile(tx, path); err != nil {
					return err
				}
				c.recent = journal.recent
			}
			if err := c.run(); err != nil {
				return err
			}
			for err := range tx.Check() {
				c.add(fmt.Errorf("%w: %s: %w", store.ErrCorrupt, path, err))
			}
			return errors.Join(c.problems...)
		})
	})
}

type checker struct {
	view
	ctx      context.Context
	problems []error
}

func (c *checker) add(err error) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, err)
	}
}

// run checks the data. It returns an error when going on makes no sense.
func (c *checker) run() error {
	if c.tx.Bucket(metaBucket.name) == nil {
		return c.checkEmpty()
	}
	if err := c.checkFormat(); err != nil {
		return err
	}
	schema, err := c.schema()
	if err != nil {
		return err
	}
	if c.layout, err = newLayout(schema); err != nil {
		return fmt.Errorf("%w: %s: schema: %w", store.ErrCorrupt, c.path, err)
	}
	for _, m := range c.layout.models() {
		if err := c.checkRecords(m); err != nil {
			return err
		}
		for _, ix := range m.Indexes {
			if err := c.checkIndex(m, ix); err != nil {
				return err
			}
		}
	}
	return c.ctx.Err()
}

// checkEmpty accepts a file that a process made and did not come to fill.
func (c *checker) checkEmpty() error {
	return c.tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
		return fmt.Errorf("%w: %s: bucket %q but no schema", store.ErrCorrupt, c.path, name)
	})
}

// checkRecords decodes every record and looks up its index entries and what it
// refers to.
func (c *checker) checkRecords(m *store.ModelInfo) error {
	b := c.layout.records[m.Name]
	return c.each(b, func(key, value []byte) {
		r, err := c.decode(b, key, string(key), value)
		if err != nil {
			c.add(err)
			return
		}
		for _, ix := range m.Indexes {
			c.checkEntry(plan.EntryOf(m, ix, r))
		}
		for _, ref := range m.References {
			if v := r.Get(ref.Field); !v.IsNullish() {
				if ok, _ := c.Exists(c.ctx, ref.To, v.Str()); !ok {
					c.add(corrupt(c.path, b, key, fmt.Errorf("%s refers to a missing %s", ref.Field, ref.To)))
				}
			}
		}
	})
}

func (c *checker) checkEntry(e plan.Entry) {
	b := c.layout.indexes[e.Index]
	value := c.get(b, e.Key)
	if value == nil {
		c.add(corrupt(c.path, b, e.Key, errNoEntry))
		return
	}
	id, err := c.entry(b, e.Key, value)
	if err == nil && id != e.ID {
		err = corrupt(c.path, b, e.Key, errNoEntry)
	}
	if err != nil {
		c.add(err)
	}
}

// checkIndex looks up the record of every entry, and that it belongs there.
func (c *checker) checkIndex(m *store.ModelInfo, ix *store.IndexInfo) error {
	b := c.layout.indexes[ix]
	return c.each(b, func(key, value []byte) {
		id, err := c.entry(b, key, value)
		if err != nil {
			c.add(err)
			return
		}
		r, err := c.record(m.Name, id)
		switch {
		case err != nil:
			c.add(err)
		case r == nil:
			c.add(corrupt(c.path, b, key, errNoRecord))
		case !bytes.Equal(plan.EntryOf(m, ix, r).Key, key):
			c.add(corrupt(c.path, b, key, errors.New("entry of another value")))
		}
	})
}

// each visits every key of a bucket.
func (c *checker) each(b bucket, visit func(key, value []byte)) error {
	if !c.has(b) {
		c.add(fmt.Errorf("%w: %s: no bucket %q", store.ErrCorrupt, c.path, b.name))
		return nil
	}
	cursor := c.ascend(b, nil)
	for key, value := cursor.next(); key != nil; key, value = cursor.next() {
		visit(key, value)
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
