package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	if info.Size() == 0 {
		return damaged(path, errEmpty)
	}
	db, err := openDB(path, true, defaultLockWait, nil) // for its lock
	if err != nil {
		return err
	}
	err = guarded(path, func() error {
		pages, err := newMapping(path)
		if err != nil {
			return err
		}
		defer pages.close() //nolint:errcheck // it was only read
		return verify(ctx, path, pages)
	})
	return errors.Join(err, db.Close())
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

// verify runs every check on a file that nobody writes: first how its pages hang
// together, which ends whatever they say, then what is in them. bbolt's own check
// would run in a goroutine where a panic ends the process. verify panics with a
// damage.
func verify(ctx context.Context, path string, pages *mapping) error {
	h, whole, err := readHeads(pages.file)
	if err != nil {
		return damaged(path, err)
	}
	journal, _, err := loadJournal(path)
	if err != nil {
		return err
	}
	if journal == nil && whole < 2 {
		return damaged(path, errOneHead)
	}
	t := &tree{bytes: pages, head: h}
	t.sums = *newSums(t).pages.Load()
	if err := checkSums(path, t); err != nil {
		return err
	}
	c := checker{ctx: ctx, view: view{pages: t, path: path}}
	if journal != nil {
		if err := journal.checkFile(c.view); err != nil {
			return err
		}
		c.recent = journal.recent
	}
	if err := c.run(); err != nil {
		return err
	}
	return errors.Join(c.problems...)
}

// checkSums compares the pages with the checksums beside a file, if those are of
// its newest state.
func checkSums(path string, t *tree) error {
	kept, err := loadSums(path)
	switch {
	case errors.Is(err, errSums), err == nil && kept == nil, err == nil && kept.known.Load() < t.head.txid:
		return nil
	case err != nil:
		return err
	case kept.known.Load() > t.head.txid:
		return damaged(path, errOldHead)
	}
	for id, sum := range *kept.pages.Load() {
		if sum != 0 && (id >= len(t.sums) || t.sums[id] != sum) {
			panic(pageDamage(uint64(id), errPageSum))
		}
	}
	return nil
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
	if !c.has(metaBucket) {
		return damaged(c.path, errNoSchema)
	}
	if err := c.checkFormat(); err != nil {
		return err
	}
	if _, err := c.meta(keyTenant); err != nil {
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
