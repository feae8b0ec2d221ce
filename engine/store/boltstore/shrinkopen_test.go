package boltstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// openSmall opens the tenant main in a folder, whose file is compacted however
// small it is.
func openSmall(t *testing.T, dir string) (*Store, store.Tenant) {
	t.Helper()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.shrinkFrom = 64 << 10
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	return s, tenant
}

// fill writes so many users whose ids begin with a prefix, and deletes them again
// when the file has them.
func fill(t *testing.T, tenant store.Tenant, prefix string, count int) {
	t.Helper()
	var insert, remove []store.Op
	for i := range count {
		id := fmt.Sprint(prefix, i)
		insert = append(insert, noted(id, 2000))
		remove = append(remove, store.Op{Kind: store.Delete, Model: "user", ID: id})
	}
	if err := tenant.Apply(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	flushed(t, tenant)
	if err := tenant.Apply(t.Context(), remove); err != nil {
		t.Fatal(err)
	}
}

// noted is a new user with a note of so many bytes.
func noted(id string, bytes int) store.Op {
	return store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(2).
		Set("email", document.Text(id+"@example.com")).Set("note", document.Text(strings.Repeat("x", bytes)))}
}

// shrunk has a tenant compacted, and reports whether its file is another now.
func shrunk(t *testing.T, dir string, tenant store.Tenant) bool {
	t.Helper()
	path := filepath.Join(dir, "tenant-main.db")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.(store.Shrinker).Shrink(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if another := !os.SameFile(before, after); another != (after.Size() < before.Size()) {
		t.Errorf("%d bytes before, %d after, another file: %v", before.Size(), after.Size(), another)
	}
	return after.Size() < before.Size()
}

// TestShrinkOpen: a file in use becomes smaller, again and again, has what it had and
// what is written meanwhile, and nobody who reads or writes notices.
func TestShrinkOpen(t *testing.T) {
	dir := t.TempDir()
	s, tenant := openSmall(t, dir)
	other, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	want := users{}
	for i := range 20 {
		id := fmt.Sprint("kept", i)
		if err := tenant.Apply(t.Context(), []store.Op{noted(id, i)}); err != nil {
			t.Fatal(err)
		}
		want[id] = strings.Repeat("x", i)
	}
	var busy sync.WaitGroup
	var done atomic.Bool
	wrote := make([]users, 4)
	for n := range wrote {
		wrote[n] = users{}
		busy.Go(func() {
			for i := 0; !done.Load(); i++ {
				id := fmt.Sprintf("busy%d-%d", n, i)
				if err := other.Apply(t.Context(), []store.Op{noted(id, 10)}); err != nil {
					t.Error(err)
					return
				}
				wrote[n][id] = strings.Repeat("x", 10)
			}
		})
		busy.Go(func() {
			for i := 0; !done.Load(); i++ {
				id := fmt.Sprint("kept", i%20)
				if r, err := tenant.Find(t.Context(), "user", "email", document.Text(id+"@example.com")); err != nil || r.ID != id {
					t.Errorf("%s: %v, %v", id, r, err)
					return
				}
				if _, err := other.List(t.Context(), store.Query{Model: "user", Limit: 50}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for round := range rounds(5, 2) {
		fill(t, tenant, fmt.Sprint("gone", round, "-"), 400)
		if !shrunk(t, dir, tenant) {
			t.Errorf("round %d: the file is as large as before", round)
		}
	}
	done.Store(true)
	busy.Wait()
	for _, u := range wrote {
		for id, note := range u {
			want[id] = note
		}
	}
	if err := want.tell(t, other); err != nil {
		t.Fatal(err)
	}
	if shrunk(t, dir, tenant) {
		t.Error("a file with nothing to give back was compacted")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want.check(t, dir)
}

// TestShrinkOpenRefused: what must not be compacted is left as it is, and serves on
// if it can.
func TestShrinkOpenRefused(t *testing.T) {
	dir := t.TempDir()
	s, tenant := openSmall(t, dir)
	fill(t, tenant, "gone", 400)
	if err := tenant.Apply(t.Context(), []store.Op{noted("ada", 10)}); err != nil {
		t.Fatal(err)
	}
	f := fileOf(tenant)
	want := users{"ada": strings.Repeat("x", 10)}
	t.Run("backup", func(t *testing.T) {
		f.copying.RLock()
		defer f.copying.RUnlock()
		if shrunk(t, dir, tenant) {
			t.Error("it was compacted")
		}
	})
	t.Run("given up", func(t *testing.T) {
		stopped, stop := context.WithCancel(t.Context())
		stop() // as on a full disk
		if err := tenant.(store.Shrinker).Shrink(stopped); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".tmp-*")); len(left) > 0 {
			t.Errorf("%v are left", left)
		}
		if err := want.tell(t, tenant); err != nil {
			t.Error(err)
		}
	})
	t.Run("moved", func(t *testing.T) {
		path := filepath.Join(dir, "tenant-main.db")
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		if err := tenant.(store.Shrinker).Shrink(t.Context()); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file took its place: %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := tenant.(store.Shrinker).Shrink(t.Context()); !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// TestShrinkOpenFails: a copy that cannot be opened in the place of the file ends
// the use of the tenant, and the next start has everything.
func TestShrinkOpenFails(t *testing.T) {
	dir := t.TempDir()
	s, tenant := openSmall(t, dir)
	fill(t, tenant, "gone", 400)
	if err := tenant.Apply(t.Context(), []store.Op{noted("ada", 10)}); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no more files can be opened")
	s.openOS = func(string, int, os.FileMode) (*os.File, error) { return nil, broken }
	for range 2 {
		if err := tenant.(store.Shrinker).Shrink(t.Context()); !errors.Is(err, ErrFailed) || !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
	_, err := tenant.Get(t.Context(), "user", "ada")
	if !errors.Is(err, broken) || !errors.Is(tenant.Apply(t.Context(), []store.Op{noted("eve", 1)}), broken) {
		t.Errorf("it is used on: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	users{"ada": strings.Repeat("x", 10)}.check(t, dir)
}

// TestShrinkOpenCutOff: the power fails at any step in which a copy takes the place
// of a file that was in use.
func TestShrinkOpenCutOff(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	dir := t.TempDir()
	_, tenant := openSmall(t, dir)
	want, path := users{}, filepath.Join(dir, "tenant-main.db")
	for range 50 {
		want.change(t, random, tenant)
	}
	fill(t, tenant, "gone", 200)
	want.change(t, random, tenant)
	f := fileOf(tenant)
	f.committing.Lock()
	defer f.committing.Unlock()
	cut := func(step string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(step, err)
		}
		at := copyTenant(t, dir)
		if err := os.WriteFile(filepath.Join(at, ".tmp-1"), []byte("a copy"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Log(step)
		want.check(t, at)
	}
	cut("nothing is done", nil)
	cut("the file has taken over", f.flush())
	copied, err := verifiedCopy(t.Context(), dir, func(name string) error { return copyBuckets(name, f.db) })
	cut("the copy is made", err)
	cut("the checksums are saved", f.sums.save(path))
	cut("the journal is gone", errors.Join(f.journal.close(), remove(journalPath(path))))
	f.journal = nil
	cut("the checksums are gone", remove(sumsPath(path)))
	cut("the copy has the name", os.Rename(copied, path))
	cut("the copy has checksums", saveSums(path))
}

// shrinkFolder tells a copy of the test binary to be the process that gets killed,
// and where its data is.
const shrinkFolder = "AUTHHOST_TEST_SHRINK_FOLDER"

// TestShrinkOpenKill kills a process that writes, and has its file compacted all the
// time, several times over the same file: what it acknowledged is there.
func TestShrinkOpenKill(t *testing.T) {
	if dir := os.Getenv(shrinkFolder); dir != "" {
		shrinkForever(t, dir)
		return
	}
	dir, want := t.TempDir(), users{}
	for range rounds(6, 2) {
		for _, id := range shrinkAndKill(t, dir, 1+rand.IntN(10)) {
			want[id] = "x"
		}
		if err := CheckFile(t.Context(), filepath.Join(dir, "tenant-main.db")); err != nil {
			t.Fatal(err)
		}
		s, tenant := openSmall(t, dir)
		for id := range want {
			if r, err := tenant.Get(t.Context(), "user", id); err != nil || r.Str("note") != "x" {
				t.Fatalf("%s was acknowledged and is gone: %v", id, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// shrinkAndKill runs the process until its file was compacted so often, and returns
// what it acknowledged.
func shrinkAndKill(t *testing.T, dir string, times int) (acknowledged []string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestShrinkOpenKill$", "-test.v")
	child.Env = append(os.Environ(), shrinkFolder+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	compacted := 0
	for compacted < times && lines.Scan() {
		what, rest, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "ok":
			acknowledged = append(acknowledged, rest)
		case "compacted":
			if compacted, err = strconv.Atoi(rest); err != nil {
				t.Fatal(err)
			}
		case "error":
			t.Error(rest)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	left, _ := io.ReadAll(out)
	_ = child.Wait() // killed
	if compacted < times {
		t.Fatalf("the process ended: %s", left)
	}
	return acknowledged
}

// shrinkForever writes, and has the file compacted.
func shrinkForever(t *testing.T, dir string) {
	_, tenant := openSmall(t, dir)
	fmt.Println() // end the line that the test framework began
	compacted := 0
	for i := 0; ; i++ {
		var writing sync.WaitGroup
		for n := range 3 {
			writing.Go(func() {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), i, n)
				if err := tenant.Apply(context.Background(), []store.Op{noted(id, 1)}); err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("ok " + id)
			})
		}
		fill(t, tenant, fmt.Sprint("gone", os.Getpid(), "-", i, "-"), 100)
		if shrunk(t, dir, tenant) {
			compacted++
			fmt.Println("compacted", compacted)
		}
		writing.Wait()
	}
}
