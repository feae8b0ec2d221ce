package testcache_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/authhost/authhost/internal/testcache"
)

func TestBound(t *testing.T) {
	t.Setenv(testcache.EnvDir, filepath.Join(t.TempDir(), "cache"))
	dir, err := testcache.Modules()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "module")
	if err := os.WriteFile(file, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		limit int64
		stays bool
	}{{1000, true}, {999, false}, {0, false}} {
		if err := testcache.Bound(step.limit); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(file); (err == nil) != step.stays {
			t.Errorf("bounded to %d bytes: %v; it stays: %v", step.limit, err, step.stays)
		}
	}
}
