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
	if _, err := recoverFile(path); err != nil {
		return 0, 0, err
	}
	if err := CheckFile(ctx, path); err != nil {
		return 0, 0, err // a copy would hide what is wrong
	}
	before, err = sizeOf(path)
	if err != nil {
		return 0, 0, err
	}
	out, err := os.CreateTemp(filepath.Dir(path), tempPattern)
	if err != nil {
		return before, 0, err
	}
	copied := out.Name()
	if err := out.Close(); err != nil {
		return before, 0, err
	}
	err = copyCompact(copied, path)
	if err == nil {
		err = CheckFile(ctx, copied)
	}
	if err == nil {
		after, err = sizeOf(copied)
	}
	if err == nil {
		err = os.Rename(copied, path)
	}
	if err != nil {
		return before, 0, errors.Join(err, os.Remove(copied))
	}
	return before, after, syncDir(filepath.Dir(path))
}

// copyCompact copies all buckets; the copy is synced when it returns.
func copyCompact(to, from string) error {
	src, err := openDB(from, true, defaultLockWait, nil)
	if err != nil {
		return err
	}
	dst, err := openDB(to, false, defaultLockWait, nil)
	if err != nil {
		return errors.Join(err, src.Close())
	}
	err = guarded(from, func() error { return bolt.Compact(dst, src, compactBatch) })
	return errors.Join(err, dst.Sync(), dst.Close(), src.Close())
}

func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
