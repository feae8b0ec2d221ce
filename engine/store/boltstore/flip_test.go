package boltstore

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// churnedStore is a store whose file has pages that were used before, beside those
// in use: what once was true is there, too.
func churnedStore(t *testing.T, random *rand.Rand) (dir string, want users) {
	t.Helper()
	dir, want = t.TempDir(), users{}
	tenant := openMain(t, dir)
	for range 60 {
		want.changeNotes(t, random, tenant, 200)
		if random.IntN(3) == 0 {
			flushed(t, tenant)
		}
	}
	return dir, want
}

// copyTenant copies the files of the tenant main into a folder of its own.
func copyTenant(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{"tenant-main.db", "tenant-main.sums", "tenant-main.journal"} {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// tell looks for everything that should be in a tenant. It returns an error if
// damage was found, and fails if an answer is wrong.
func (u users) tell(t *testing.T, tenant store.Tenant) error {
	t.Helper()
	n, err := tenant.Count(t.Context(), store.Query{Model: "user"})
	if err == nil && n != len(u) {
		t.Errorf("%d users; want %d", n, len(u))
	}
	for id, note := range u {
		r, found := tenant.Find(t.Context(), "user", "email", document.Text(id+"@example.com"))
		if found == nil && (r.ID != id || r.Str("note") != note) {
			t.Errorf("%s: %v", id, r)
		}
		_, got := tenant.Get(t.Context(), "user", id)
		for _, e := range []error{found, got} {
			if e != nil && !errors.Is(e, store.ErrCorrupt) {
				t.Errorf("%s: %v", id, e)
			}
		}
		err = errors.Join(err, found, got)
	}
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("Count: %v", err)
	}
	return err
}

// openDamaged opens the tenant main in a folder; the file is not verified ahead.
func openDamaged(t *testing.T, dir string) (*Store, store.Tenant, error) {
	t.Helper()
	s, err := Open(Config{Dir: dir, StartBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	s.idle = time.Hour
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("Open: %v", err)
	}
	return s, tenant, err
}

// tellFlipped is tell for a copy of the tenant in a folder, of which a bit of a file is
// flipped before it is opened.
func (u users) tellFlipped(t *testing.T, from, file string, bit int64) error {
	t.Helper()
	dir := copyTenant(t, from)
	flip(t, filepath.Join(dir, file), bit)
	s, tenant, err := openDamaged(t, dir)
	if err == nil {
		err = u.tell(t, tenant)
	}
	_ = s.Close() // of a damaged file it may fail
	return err
}

var flips = flag.Int("flips", 60, "how many bits the tests of damage flip in each file")

// howMany returns how many bits a test flips in a file.
func howMany() int { return rounds(*flips, *flips/4) }

// rounds is how often a test does something, with -short and without.
func rounds(whole, short int) int {
	if testing.Short() {
		return short
	}
	return whole
}

// bitsOf returns the number of bits of a file up to the last that is set.
func bitsOf(t *testing.T, path string) int64 {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(bytes.TrimRight(content, "\x00"))) * 8
}

// TestFlippedBits flips one bit of a file: at rest, after a proper end or a crash,
// and while it is in use. Whatever is answered is right, and what is there is never
// "not found".
func TestFlippedBits(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	dir, want := churnedStore(t, random)
	crashed := copyTenant(t, dir) // its journal has the last commits
	closed := copyTenant(t, dir)
	if s, _, err := openDamaged(t, closed); err != nil || s.Close() != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ dir, file string }{
		"closed":            {closed, "tenant-main.db"},
		"closed, checksums": {closed, "tenant-main.sums"},
		"crashed":           {crashed, "tenant-main.db"},
		"crashed, journal":  {crashed, "tenant-main.journal"},
	} {
		t.Run(name, func(t *testing.T) {
			runs, found := howMany(), 0
			bits := bitsOf(t, filepath.Join(test.dir, test.file))
			for range runs {
				at := random.Int64N(bits)
				t.Run(fmt.Sprint("bit ", at), func(t *testing.T) {
					if want.tellFlipped(t, test.dir, test.file, at) != nil {
						found++
					}
				})
			}
			t.Logf("%d of %d flipped bits were damage", found, runs)
		})
	}
}

// TestFlippedFreelist flips bits of the list of free pages. bbolt reads it before
// anything else; with a wrong one it would write over pages that are in use.
func TestFlippedFreelist(t *testing.T) {
	dir, _ := churnedStore(t, rand.New(rand.NewPCG(51, 52)))
	closed := copyTenant(t, dir)
	if s, _, err := openDamaged(t, closed); err != nil || s.Close() != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(closed, "tenant-main.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	h, _, err := readHeads(file)
	if err != nil {
		t.Fatal(err)
	}
	list := int64(h.freelist) * int64(h.pageSize) * 8
	for bit := range int64(64) {
		at := list + (pageHeader+bit/8)*8 + bit%8 // in the first number of the list
		t.Run(fmt.Sprint("bit ", bit), func(t *testing.T) {
			dir := copyTenant(t, closed)
			flip(t, filepath.Join(dir, "tenant-main.db"), at)
			s, _, err := openDamaged(t, dir)
			if err == nil {
				t.Error("the damage was not found")
			}
			_ = s.Close()
		})
	}
}

// TestFlippedMetaKeys flips a bit in each byte of the keys under which a crashed file
// says what it is: a key that is gone is damage, and no file of an older kind.
func TestFlippedMetaKeys(t *testing.T) {
	dir, want := churnedStore(t, rand.New(rand.NewPCG(61, 62)))
	crashed := copyTenant(t, dir)
	content, err := os.ReadFile(filepath.Join(crashed, "tenant-main.db"))
	if err != nil {
		t.Fatal(err)
	}
	step := rounds(1, 3) // bytes
	for _, key := range [][]byte{keyFormat, keyTenant, keySchema, keyJournal} {
		damaged := 0
		for at := range content {
			if !bytes.HasPrefix(content[at:], key) {
				continue
			}
			for i := 0; i < len(key); i += step {
				if want.tellFlipped(t, crashed, "tenant-main.db", int64(at+i)*8) != nil {
					damaged++
				}
			}
		}
		if damaged < (len(key)+step-1)/step { // elsewhere the key is in a page that nothing refers to any more
			t.Errorf("%d flipped bits in %q are damage", damaged, key)
		}
	}
}

// TestFlippedInUse flips bits under a tenant that is read and written: an answer is
// right or an error, and so it is after the next start.
func TestFlippedInUse(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 32))
	from, was := churnedStore(t, random)
	base := copyTenant(t, from)
	bits := bitsOf(t, filepath.Join(base, "tenant-main.db"))
	found := 0
	for range howMany() {
		at := random.Int64N(bits)
		t.Run(fmt.Sprint("bit ", at), func(t *testing.T) {
			dir := copyTenant(t, base)
			want := users{}
			for id, note := range was {
				want[id] = note
			}
			s, tenant, err := openDamaged(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			flip(t, filepath.Join(dir, "tenant-main.db"), at)
			insert := store.Op{Kind: store.Insert, Model: "user", ID: "new", Fields: document.NewObject(1).Set("email", document.Text("new@example.com"))}
			if err = tenant.Apply(t.Context(), []store.Op{insert}); err == nil {
				want["new"] = ""
				err = fileOf(tenant).takenOver(t.Context())
			}
			if told := want.tell(t, tenant); told != nil {
				err = told
			}
			_ = s.Close() // of a damaged file it may fail
			s, tenant, again := openDamaged(t, dir)
			if again == nil {
				again = want.tell(t, tenant)
			}
			_ = s.Close()
			if err != nil || again != nil {
				found++
			}
		})
	}
	t.Logf("%d flipped bits were damage", found)
}

// TestTruncated cuts files, at rest and in use: nothing is answered wrong.
func TestTruncated(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 42))
	dir, want := churnedStore(t, random)
	crashed := copyTenant(t, dir)
	closed := copyTenant(t, dir)
	if s, _, err := openDamaged(t, closed); err != nil || s.Close() != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		dir, file string
		inUse     bool
	}{
		"closed":            {closed, "tenant-main.db", false},
		"closed, checksums": {closed, "tenant-main.sums", false},
		"crashed":           {crashed, "tenant-main.db", false},
		"crashed, journal":  {crashed, "tenant-main.journal", false},
		"in use":            {closed, "tenant-main.db", true},
	} {
		t.Run(name, func(t *testing.T) {
			size, err := sizeOf(filepath.Join(test.dir, test.file))
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range []int64{0, 1, 100, 4096, 8192, size / 2, random.Int64N(size), random.Int64N(size), size - 1} {
				t.Run(fmt.Sprint("to ", to), func(t *testing.T) {
					dir := copyTenant(t, test.dir)
					path := filepath.Join(dir, test.file)
					var s *Store
					var tenant store.Tenant
					var err error
					if test.inUse {
						s, tenant, err = openDamaged(t, dir)
					}
					if cut := os.Truncate(path, to); cut != nil || err != nil {
						t.Fatal(cut, err)
					}
					if !test.inUse {
						s, tenant, err = openDamaged(t, dir)
					}
					if err == nil {
						err = want.tell(t, tenant)
					}
					if err == nil && to < size/8 && test.file != "tenant-main.sums" {
						t.Error("nothing was found")
					}
					_ = s.Close() // of a damaged file it may fail
				})
			}
		})
	}
}
