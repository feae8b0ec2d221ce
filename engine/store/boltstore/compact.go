package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// compactBatch bounds the bytes that are copied in one transaction.
const compactBatch = 8 << 20

// CompactDir rewrites every tenant's file in a folder without the pages that
// deleted records left behind, which bbolt keeps for new ones. No server may
// use the folder. Each copy is verified and synced before it takes the place of
// its file, so that a run that is cut off loses nothing. The sizes before and
// after, or what was wrong with a file, are told to report. It returns the
// number of files.
func CompactDir(ctx context.Context, dir string, report func(path string, before, after int64, err error)) (files int, err error) {
	if _, err := os.Stat(dir); err != nil {
		return 0, fmt.Errorf("boltstore: data folder: %w", err)
	}
	lock, err := lockDir(dir, defaultLockWait)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := removeTemp(dir); err != nil {
		return 0, err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "tenant-*.db"))
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return files, err
		}
		before, after, err := compactFile(ctx, path)
		report(path, before, after, err)
		files++
	}
	return files, nil
}

func compactFile(ctx context.Context, path string) (before, after int64, err error) {
	if err := CheckFile(ctx, path); err != nil {
		return 0, 0, err // a copy would hide what is wrong
	}
	if err := recoverFile(path); err != nil {
		return 0, 0, err
	}
	before, err = sizeOf(path)
	if err != nil {
		return 0, 0, err
	}
	copied, err := verifiedCopy(ctx, filepath.Dir(path), func(name string) error { return copyCompact(name, path) })
	if err != nil {
		return before, 0, err
	}
	if after, err = sizeOf(copied); err == nil {
		err = replaceFile(path, copied)
	}
	if err != nil {
		return before, 0, errors.Join(err, os.Remove(copied))
	}
	return before, after, guarded(path, func() error { return saveSums(path) })
}

// recoverFile lets a file that was verified take over what its journal has.
func recoverFile(path string) error {
	journal, _, err := loadJournal(path)
	if err != nil || journal == nil {
		return err
	}
	if err := journal.moveInto(path); err != nil {
		return err
	}
	return guarded(path, func() error { return saveSums(path) })
}

// verifiedCopy makes a file in a folder, which fill writes and syncs, and verifies
// it.
func verifiedCopy(ctx context.Context, dir string, fill func(name string) error) (name string, err error) {
	out, err := os.CreateTemp(dir, tempPattern)
	if err != nil {
		return "", err
	}
	name = out.Name()
	if err = out.Close(); err == nil {
		err = fill(name)
	}
	if err == nil {
		err = CheckFile(ctx, name)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(name))
	}
	return name, nil
}

// replaceFile puts a verified file in the place of another, or of none. The
// checksums of the other go first: with them, the new one would seem damaged.
func replaceFile(path, by string) error {
	if err := remove(sumsPath(path)); err != nil {
		return err
	}
	if err := os.Rename(by, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// copyCompact is copyBuckets for a file that nobody has open.
func copyCompact(to, from string) error {
	src, err := openDB(from, true, defaultLockWait, nil)
	if err != nil {
		return err
	}
	return errors.Join(copyBuckets(to, src), src.Close())
}

// copyBuckets copies all buckets; the copy is synced when it returns.
func copyBuckets(to string, src *bolt.DB) error {
	dst, err := openDB(to, false, defaultLockWait, nil)
	if err != nil {
		return err
	}
	err = guarded(src.Path(), func() error { return bolt.Compact(dst, src, compactBatch) })
	return errors.Join(err, dst.Sync(), dst.Close())
}

func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
