package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// disk is what the disk holds of a tenant.
type disk struct{ file, journal []byte }

// readDisk reads what the files of the tenant main hold.
func readDisk(t *testing.T, dir string) (d disk) {
	t.Helper()
	for name, to := range map[string]*[]byte{"tenant-main.db": &d.file, "tenant-main.journal": &d.journal} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		*to = b
	}
	return d
}

// put writes a disk into a folder of its own and returns the tenant's file.
func (d disk) put(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "tenant-main.db")
	if err := errors.Join(os.WriteFile(path, d.file, 0o600), os.WriteFile(journalPath(path), d.journal, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

// torn returns a file of which each page is either as it was synced or as it was
// written afterwards, as a power failure leaves it.
func torn(random *rand.Rand, synced, written []byte) []byte {
	const page = 4096
	out := bytes.Clone(written)
	for at := 0; at < len(out); at += page {
		if random.IntN(2) == 0 {
			clear(out[at : at+page])
			if at < len(synced) {
				copy(out[at:at+page], synced[at:])
			}
		}
	}
	return out
}

// users is what a store should hold: notes by the id of the user.
type users map[string]string

// longNote bounds the notes of users.
const longNote = 3000

// change inserts, updates or deletes some users at random, in one commit.
func (u users) change(t *testing.T, random *rand.Rand, tenant store.Tenant) {
	t.Helper()
	u.changeNotes(t, random, tenant, longNote)
}

func (u users) changeNotes(t *testing.T, random *rand.Rand, tenant store.Tenant, longest int) {
	t.Helper()
	var ops []store.Op
	for range 1 + random.IntN(4) {
		id := fmt.Sprintf("user%04d", random.IntN(400))
		note := strings.Repeat("x", random.IntN(longest))
		switch _, there := u[id]; {
		case !there:
			fields := document.NewObject(2).Set("email", document.Text(id+"@example.com")).Set("note", document.Text(note))
			ops = append(ops, store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: fields})
			u[id] = note
		case random.IntN(3) == 0:
			ops = append(ops, store.Op{Kind: store.Delete, Model: "user", ID: id})
			delete(u, id)
		default:
			ops = append(ops, store.Op{Kind: store.Update, Model: "user", ID: id, Fields: document.NewObject(1).Set("note", document.Text(note))})
			u[id] = note
		}
	}
	if err := tenant.Apply(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
}

// check opens the store in a folder, and finds what it should hold.
func (u users) check(t *testing.T, dir string) {
	t.Helper()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := tenant.Count(t.Context(), store.Query{Model: "user"}); n != len(u) || err != nil {
		t.Errorf("%d users, %v; want %d", n, err, len(u))
	}
	for id, note := range u {
		r, err := tenant.Find(t.Context(), "user", "email", document.Text(id+"@example.com"))
		if err != nil || r.ID != id || r.Str("note") != note {
			t.Errorf("%s: %v, %v", id, r, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := CheckFile(t.Context(), filepath.Join(dir, "tenant-main.db")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tenant-main.journal")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that was closed has a journal: %v", err)
	}
}

// checkpointed makes a checkpoint of a tenant's file as the commit goroutine
// does.
func checkpointed(t *testing.T, tenant store.Tenant) {
	t.Helper()
	f := fileOf(tenant)
	if err := f.submit(t.Context(), &request{alone: true, do: func(*writer) error { return f.checkpoint() }}); err != nil {
		t.Fatal(err)
	}
}

func fileOf(opened store.Tenant) *file { return opened.(*tenant).file }

// TestPowerFailure: of what was written since the last sync a power failure
// leaves any part. What was acknowledged is there all the same, also if the power
// fails again during recovery.
func TestPowerFailure(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 9))
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	want := users{}
	for range 5 {
		checkpointed(t, tenant)
		synced := readDisk(t, dir)
		for range 1 + random.IntN(30) {
			want.change(t, random, tenant)
		}
		written := readDisk(t, dir)
		if h, _, _ := decodeJournal(written.journal); h != headOf(t, synced.journal) {
			t.Fatal("the test wrote more than a round of the journal holds")
		}
		for range 4 {
			left := disk{file: torn(random, synced.file, written.file), journal: written.journal}
			path := left.put(t)
			if err := CheckFile(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			if got := readDisk(t, filepath.Dir(path)); !bytes.Equal(got.file, left.file) || !bytes.Equal(got.journal, left.journal) {
				t.Fatal("CheckFile changed a file")
			}
			want.check(t, filepath.Dir(path))

			path = left.put(t)
			if _, err := recoverFile(path); err != nil {
				t.Fatal(err)
			}
			recovered, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			again := disk{file: torn(random, padded(left.file, len(recovered)), recovered), journal: left.journal}
			want.check(t, filepath.Dir(again.put(t)))
		}
	}
}

func padded(b []byte, length int) []byte {
	return append(bytes.Clone(b), make([]byte, max(0, length-len(b)))...)
}

func headOf(t *testing.T, journal []byte) head {
	t.Helper()
	h, _, err := decodeJournal(journal)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestCutOffJournal: a power failure cuts off the last write of the journal,
// which nobody was told of. All before it is there.
func TestCutOffJournal(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	want := users{}
	for range 3 {
		want.change(t, random, tenant)
	}
	before := users{}
	for id, note := range want {
		before[id] = note
	}
	start := fileOf(tenant).journal.at * journalBlock
	want.change(t, random, tenant)
	whole := readDisk(t, dir)
	end := fileOf(tenant).journal.at * journalBlock

	t.Run("batch", func(t *testing.T) {
		for _, at := range []int{start, start + 7, start + batchHead + 5} {
			cut := disk{file: whole.file, journal: bytes.Clone(whole.journal)}
			clear(cut.journal[at:end])
			before.check(t, filepath.Dir(cut.put(t)))
		}
	})
	t.Run("head", func(t *testing.T) {
		h := headOf(t, whole.journal)
		next := head{round: h.round + 1, id: h.id, base: h.base}.encode()
		for _, length := range []int{0, 20, headBytes - 1} {
			cut := disk{file: whole.file, journal: bytes.Clone(whole.journal)}
			slot := cut.journal[int(next[16])%journalHeads*journalBlock:][:journalBlock]
			clear(slot)
			copy(slot, next[:length])
			want.check(t, filepath.Dir(cut.put(t)))
		}
	})
}

// TestDamagedJournal: damage that no power failure makes is told, and loses
// nothing.
func TestDamagedJournal(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		users{}.change(t, random, tenant)
	}
	sound := readDisk(t, dir)
	h := headOf(t, sound.journal)
	for name, test := range map[string]struct {
		damage func(b []byte) []byte
		want   string
	}{
		"both heads":          {func(b []byte) []byte { clear(b[:journalHeads*journalBlock]); return b }, errNoHead.Error()},
		"short":               {func(b []byte) []byte { return b[:100] }, errNoHead.Error()},
		"a batch":             {func(b []byte) []byte { b[(journalHeads+1)*journalBlock+50] ^= 1; return b }, errGap.Error()},
		"head of a new round": {func(b []byte) []byte { return appendBatch(b[:journalHeads*journalBlock], h.round+1, 0, nil) }, errGap.Error()},
		"of another file": {func(b []byte) []byte {
			other := h
			other.id[0]++
			other.round++
			copy(b[int(other.round)%journalHeads*journalBlock:], other.encode())
			return b[:journalHeads*journalBlock]
		}, "is the journal of another file"},
		"a change of no bucket": {func(b []byte) []byte {
			return appendBatch(b[:journalHeads*journalBlock], h.round, 0, appendPut(nil, []byte("r:nothing"), []byte("k"), []byte("v")))
		}, errDamaged.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			bad := disk{file: sound.file, journal: test.damage(bytes.Clone(sound.journal))}
			path := bad.put(t)
			s, err := Open(Config{Dir: filepath.Dir(path)})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Open(t.Context(), "main", damageSchema); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), journalPath(path)) {
				t.Errorf("%v; want %q and the journal's name", err, test.want)
			}
			if got := readDisk(t, filepath.Dir(path)); !bytes.Equal(got.file[:8192], bad.file[:8192]) || !bytes.Equal(got.journal, bad.journal) {
				t.Error("something was lost")
			}
		})
	}
}

// TestMappedAgain lets a file grow beyond what is mapped of it, many times, while
// it is read: nobody waits for the anchor, and all is there after a power failure.
func TestMappedAgain(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.ahead = 1 << 20
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if _, err := tenant.Count(t.Context(), store.Query{Model: "user"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	want := users{}
	for range 90 {
		want.changeNotes(t, random, tenant, 64<<10)
	}
	stop()
	readers.Wait()
	length, err := sizeOf(filepath.Join(dir, "tenant-main.db"))
	if err != nil || length < int64(4*s.ahead) {
		t.Fatalf("the file grew to %d bytes only, %v", length, err)
	}
	want.check(t, filepath.Dir(readDisk(t, dir).put(t)))
}

// TestLargeCommit writes more at once than the journal holds.
func TestLargeCommit(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	want := users{}
	random := rand.New(rand.NewPCG(1, 2))
	want.change(t, random, tenant)
	var ops []store.Op
	for i := range 40 {
		id, note := fmt.Sprintf("large%d", i), strings.Repeat("y", journalSize/20)
		fields := document.NewObject(2).Set("email", document.Text(id+"@example.com")).Set("note", document.Text(note[:500]))
		ops = append(ops, store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: fields.Set("note", document.Text(note))})
		want[id] = note
	}
	if err := tenant.Apply(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
	want.change(t, random, tenant)
	want.check(t, filepath.Dir(readDisk(t, dir).put(t)))
}

// TestJournalGoesWithItsFile: where a file goes, its journal goes, and a new file
// in the place of one that was taken away has nothing of it.
func TestJournalGoesWithItsFile(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	want := users{}
	for range 4 {
		want.change(t, random, tenant)
	}
	var backup bytes.Buffer
	if err := tenant.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	left := readDisk(t, dir)
	t.Run("rehearse", func(t *testing.T) {
		into := t.TempDir()
		from := filepath.Dir(left.put(t))
		if s, err := Open(Config{Dir: from}); err != nil || s.Close() != nil {
			t.Fatal(err) // makes the lock
		}
		if err := Rehearse(Config{Dir: from}, "main", into); err != nil {
			t.Fatal(err)
		}
		want.check(t, into)
	})
	t.Run("compact", func(t *testing.T) {
		path := left.put(t)
		_, err := CompactDir(t.Context(), filepath.Dir(path), func(path string, _, _ int64, err error) {
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		want.check(t, filepath.Dir(path))
	})
	t.Run("restore", func(t *testing.T) {
		path := left.put(t)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := Restore(t.Context(), filepath.Dir(path), "main", &backup); err != nil {
			t.Fatal(err)
		}
		want.check(t, filepath.Dir(path))
	})
	t.Run("new", func(t *testing.T) {
		path := left.put(t)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		users{}.check(t, filepath.Dir(path))
	})
}

// FuzzDecodeJournal: any bytes give a journal or an error.
func FuzzDecodeJournal(f *testing.F) {
	h := head{round: 3, base: base{pageSize: 4096}}
	whole := append(h.encode(), make([]byte, journalBlock)...)
	whole = appendBatch(whole, 3, 0, appendPut(nil, []byte("b"), []byte("k"), []byte("v")))
	f.Add(appendBatch(whole, 3, 1, appendDelete(nil, []byte("b"), []byte("k"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, batches, err := decodeJournal(b)
		if err != nil {
			return
		}
		db, err := bolt.Open(filepath.Join(t.TempDir(), "x.db"), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_ = db.Update(func(tx *bolt.Tx) error {
			if _, err := tx.CreateBucket([]byte("b")); err != nil {
				t.Fatal(err)
			}
			for _, changes := range batches {
				if err := replay(tx, changes); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
