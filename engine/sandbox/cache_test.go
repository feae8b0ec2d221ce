package sandbox_test

import (
	"context"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

var cacheSecret = []byte("a secret that is kept elsewhere")

// saying is a module whose handler returns a number.
func saying(n int32) []byte { return newGuest().handler(w.I32(n)).Bytes() }

// says loads the module of saying(n) with a cache and calls it. fromCache is
// whether its code was found there.
func says(t *testing.T, cfg sandbox.Config, n int32) (fromCache bool) {
	t.Helper()
	cfg.Capabilities = []string{"echo"}
	rt, err := sandbox.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rt.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	m, err := rt.Load(t.Context(), saying(n), sandbox.LoadOptions{})
	if err != nil {
		t.Fatalf("the module does not load: %v", err)
	}
	defer m.Close()
	if got, _, err := run(t, m, &fakeHost{}, sandbox.Limits{}); err != nil || got != n {
		t.Fatalf("the module of %d says %d, %v", n, got, err)
	}
	return m.Info().FromCache
}

// filesBelow lists the files of a cache: records and entries.
func filesBelow(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(data), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// damages is how often each file of the cache is damaged in each way.
const damages = 60

// TestDamagedCache: whatever bit of an entry or record is flipped, and wherever
// it is cut, the module loads, is the same, and is found in the cache the next
// time.
func TestDamagedCache(t *testing.T) {
	cfg := sandbox.Config{CacheDir: filepath.Join(t.TempDir(), "cache"), CacheSecret: cacheSecret}
	if says(t, cfg, 7) || !says(t, cfg, 7) {
		t.Fatal("the second load is not from the cache")
	}
	files := filesBelow(t, cfg.CacheDir)
	if len(files) != 2 {
		t.Fatalf("the cache has %v, want an entry and its record", files)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, path := range files {
		flips := damages
		if testing.Short() {
			flips /= 5
		}
		for i := range flips {
			rewrite(t, path, func(data []byte) []byte { data[r.IntN(len(data))] ^= 1 << r.IntN(8); return data })
			if says(t, cfg, 7) && !strings.HasSuffix(path, ".record") { // JSON may differ and say the same
				t.Fatalf("%s with a flipped bit was loaded (flip %d)", filepath.Base(path), i)
			}
			if !says(t, cfg, 7) {
				t.Fatal("it was not put into the cache again")
			}
			rewrite(t, path, func(data []byte) []byte { return data[:r.IntN(len(data))] })
			if says(t, cfg, 7) {
				t.Fatalf("%s that was cut was loaded (cut %d)", filepath.Base(path), i)
			}
		}
		for name, damage := range map[string]func() error{
			"empty":    func() error { return os.Truncate(path, 0) },
			"gone":     func() error { return os.Remove(path) },
			"a folder": func() error { return os.Remove(path) },
			"longer":   func() error { return os.WriteFile(path, []byte(strings.Repeat("x", 100_000)), 0o600) },
		} {
			if err := damage(); err != nil {
				t.Fatal(err)
			}
			if name == "a folder" {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if says(t, cfg, 7) {
				t.Errorf("%s that is %s was loaded", filepath.Base(path), name)
			}
			if !says(t, cfg, 7) {
				t.Errorf("%s that was %s was not made again", filepath.Base(path), name)
			}
		}
	}
}

// TestCraftedEntries: code that this server did not compile for a module does
// not run as that module, however well-formed it is.
func TestCraftedEntries(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	cfg := sandbox.Config{CacheDir: dir, CacheSecret: cacheSecret}
	says(t, cfg, 1)
	first := filesBelow(t, dir)
	says(t, cfg, 2)
	var entries, records [2]string // of 1 and 2
	for _, path := range filesBelow(t, dir) {
		i := 1
		if slices.Contains(first, path) {
			i = 0
		}
		if strings.HasSuffix(path, ".record") {
			records[i] = path
		} else {
			entries[i] = path
		}
	}
	copyTo := func(from, to string) {
		t.Helper()
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	copyTo(entries[1], entries[0])
	if says(t, cfg, 1) {
		t.Error("the entry of another module was loaded")
	}
	copyTo(entries[1], entries[0])
	copyTo(records[1], records[0])
	if says(t, cfg, 1) {
		t.Error("the entry of another module was loaded with its record")
	}

	// The same, made by somebody who does not know the secret.
	theirs := sandbox.Config{CacheDir: filepath.Join(t.TempDir(), "cache"), CacheSecret: []byte("another secret, not that one")}
	says(t, theirs, 2)
	for _, path := range filesBelow(t, theirs.CacheDir) {
		if strings.HasSuffix(path, ".record") {
			copyTo(path, records[0])
		} else {
			copyTo(path, entries[0])
		}
	}
	if says(t, cfg, 1) {
		t.Error("an entry of another server was loaded")
	}
	if says(t, sandbox.Config{CacheDir: dir, CacheSecret: []byte("a third secret that is new")}, 1) {
		t.Error("another secret opened the cache")
	}
	for range 2 { // nothing that the first one kept is found by the second, either
		if says(t, sandbox.Config{CacheDir: dir}, 1) {
			t.Error("without a secret something was found")
		}
	}
}

// TestOutcomeIsAuthentic: what is remembered of a module that did not compile
// is not believed from anybody else.
func TestOutcomeIsAuthentic(t *testing.T) {
	calls := 0
	cfg := sandbox.Config{CacheDir: filepath.Join(t.TempDir(), "cache"), CacheSecret: cacheSecret, Compiler: func(context.Context, io.Reader) error {
		calls++
		return &sandbox.CompilerError{Message: "too much"}
	}}
	refused := func() {
		t.Helper()
		if _, err := newRuntime(t, cfg).Load(t.Context(), saying(1), sandbox.LoadOptions{}); err == nil || !strings.Contains(err.Error(), "too much") {
			t.Fatal(err)
		}
	}
	refused()
	refused()
	if calls != 1 {
		t.Errorf("compiled %d times, want the first outcome to be remembered", calls)
	}
	for _, path := range filesBelow(t, cfg.CacheDir) {
		rewrite(t, path, func(data []byte) []byte { return []byte(strings.Replace(string(data), "too much", "too long", 1)) })
	}
	refused()
	if calls != 2 {
		t.Errorf("compiled %d times, want a changed outcome to be forgotten", calls)
	}
}
