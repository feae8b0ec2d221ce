package testcache

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
)

// Secret is the CacheSecret of engines whose compiled modules are in the folder. It
// is no secret: the folder is the user's alone, and no server reads it.
const Secret = "tests share compiled modules"

// EnvDir is the environment variable that names another folder.
const EnvDir = "AUTHHOST_TEST_CACHE"

// Dir returns the folder, and makes it if it is not there: authhost-tests in the
// user's cache folder, see os.UserCacheDir.
func Dir() (string, error) {
	dir := os.Getenv(EnvDir)
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(user, "authhost-tests")
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// Modules returns the part of the folder for compiled modules.
func Modules() (string, error) { return part("modules") }

// Clusters returns the part of the folder for PostgreSQL clusters.
func Clusters() (string, error) { return part("postgresql") }

func part(name string) (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// Limit is how large the folder may be before Bound empties it, in bytes. The
// built-in plugins take some 100 MB, and each change of one leaves the old one.
const Limit = 1 << 30

// Bound empties the folder if it is larger than limit bytes. No test may run.
func Bound(limit int64) error {
	dir, err := Dir()
	if err != nil {
		return err
	}
	var size int64
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if size > limit {
		return cmp.Or(err, os.RemoveAll(dir))
	}
	return err
}
