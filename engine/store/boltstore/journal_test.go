package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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

// torn returns a file as a power failure leaves it in the middle of a commit of
// bbolt: each page is as it was or as it was written, and the two with the root
// are as they were.
func torn(random *rand.Rand, was, written []byte) []byte {
	const page = 4096
	out := bytes.Clone(written)
	for at := 0; at < len(out); at += page {
		if at < 2*page || random.IntN(2) == 0 {
			clear(out[at : at+page])
			if at < len(was) {
				copy(out[at:at+page], was[at:])
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

// flushed lets a tenant's file take over what is recent.
func flushed(t *testing.T, tenant store.Tenant) {
	t.Helper()
	if err := fileOf(tenant).takenOver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func fileOf(opened store.Tenant) *file { return opened.(*tenant).file }

// openMain opens the tenant main in a folder, whose file takes over only when the
// journal is full.
func openMain(t *testing.T, dir string) store.Tenant {
	t.Helper()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.idle = time.Hour
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// TestPowerFailure: what was acknowledged is there after a power failure at any
// moment: before the file takes over what the journal has, in the middle of that,
// and before the journal begins anew.
func TestPowerFailure(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 9))
	dir := t.TempDir()
	tenant := openMain(t, dir)
	want := users{}
	for range rounds(8, 3) {
		for range 1 + random.IntN(30) {
			want.change(t, random, tenant)
		}
		before := readDisk(t, dir)
		flushed(t, tenant)
		after := readDisk(t, dir)
		if headOf(t, before.journal).round+1 != headOf(t, after.journal).round {
			t.Fatal("the file took over at another time than the test believes")
		}
		left := []disk{before, {after.file, before.journal}, after}
		for range 3 {
			left = append(left, disk{torn(random, before.file, after.file), before.journal})
		}
		for _, d := range left {
			path := d.put(t)
			if err := CheckFile(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			if got := readDisk(t, filepath.Dir(path)); !bytes.Equal(got.file, d.file) || !bytes.Equal(got.journal, d.journal) {
				t.Fatal("CheckFile changed a file")
			}
			want.check(t, filepath.Dir(path))
		}
	}
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
	tenant := openMain(t, dir)
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
		next := head{round: h.round + 1, id: h.id}.encode()
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
	tenant := openMain(t, dir)
	for range 5 {
		users{}.change(t, random, tenant)
	}
	sound := readDisk(t, dir)
	h := headOf(t, sound.journal)
	for name, test := range map[string]struct {
		damage func(b []byte) []byte
		want   string
	}{
		"both heads":               {func(b []byte) []byte { clear(b[:journalHeads*journalBlock]); return b }, errNoHead.Error()},
		"short":                    {func(b []byte) []byte { return b[:100] }, errNoHead.Error()},
		"without the last batches": {func(b []byte) []byte { return b[:(journalHeads+1)*journalBlock] }, errShort.Error()},
		"without what is unused":   {func(b []byte) []byte { return b[:journalSize-1] }, errShort.Error()},
		"a bit of the last batch":  {func(b []byte) []byte { b[fileOf(tenant).journal.at*journalBlock-journalBlock+50] ^= 4; return b }, errBit.Error()},
		"a batch":                  {func(b []byte) []byte { b[(journalHeads+1)*journalBlock+50] ^= 3; return b }, errGap.Error()},
		"head of a new round":      {func(b []byte) []byte { return appendBatch(b[:journalHeads*journalBlock], h.round+1, 0, nil) }, errGap.Error()},
		"of another file": {func(b []byte) []byte {
			other := h
			other.id[0]++
			other.round++
			copy(b[int(other.round)%journalHeads*journalBlock:], other.encode())
			clear(b[journalHeads*journalBlock:])
			return b
		}, "is the journal of another file"},
		"a change of no bucket": {func(b []byte) []byte {
			b = appendBatch(b[:journalHeads*journalBlock], h.round, 0, appendPut(nil, []byte("r:nothing"), []byte("k"), []byte("v")))
			return append(b, make([]byte, journalSize-len(b))...)
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
			if got := readDisk(t, filepath.Dir(path)); !bytes.Equal(got.file, bad.file) || !bytes.Equal(got.journal, bad.journal) {
				t.Error("something was lost")
			}
		})
	}
}

// TestIdle: when nobody writes for a while, the file takes over what is recent.
func TestIdle(t *testing.T) {
	s, err := Open(Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.idle = time.Millisecond
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	users{}.change(t, rand.New(rand.NewPCG(1, 2)), tenant)
	for !fileOf(tenant).recent.Load().empty() {
		runtime.Gosched()
	}
}

// TestRecentReads compares what is read, in both directions and from page to
// page, with what should be there, while the file takes over at random moments.
func TestRecentReads(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	tenant := openMain(t, t.TempDir())
	want := users{}
	for range 120 {
		want.change(t, random, tenant)
		if random.IntN(4) == 0 {
			flushed(t, tenant)
		}
		for _, desc := range []bool{false, true} {
			ids := slices.Sorted(maps.Keys(want))
			if desc {
				slices.Reverse(ids)
			}
			var got []string
			q := store.Query{Model: "user", Desc: desc, Limit: 1 + random.IntN(20)}
			for {
				page, err := tenant.List(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range page.Records {
					got = append(got, r.ID)
				}
				if q.Cursor = page.Cursor; q.Cursor == "" {
					break
				}
			}
			if !slices.Equal(got, ids) {
				t.Fatalf("descending %v: %q, want %q", desc, got, ids)
			}
		}
	}
}

// TestReadersSeeOneState: a reader sees all of a commit or nothing of it, while
// the file takes over all the time. Each commit sets the notes of two users to the
// same text.
func TestReadersSeeOneState(t *testing.T) {
	tenant := openMain(t, t.TempDir())
	insert := func(id string) store.Op {
		return store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(2).Set("email", document.Text(id)).Set("note", document.Text("0"))}
	}
	if err := tenant.Apply(t.Context(), []store.Op{insert("a"), insert("b")}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				both, err := tenant.GetMany(t.Context(), "user", []string{"a", "b"})
				if err != nil || len(both) != 2 || both[0].Str("note") != both[1].Str("note") {
					t.Errorf("%v, %v", both, err)
					return
				}
			}
		})
	}
	for i := range rounds(200, 50) {
		length := 1
		if i%40 == 0 {
			length = journalSize / 2 // twice: more than the journal takes
		}
		note := document.NewObject(1).Set("note", document.Text(strings.Repeat("x", i)+strings.Repeat("y", length)))
		if err := tenant.Apply(t.Context(), []store.Op{{Kind: store.Update, Model: "user", ID: "a", Fields: note}, {Kind: store.Update, Model: "user", ID: "b", Fields: note}}); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			flushed(t, tenant)
		}
	}
	stop()
	readers.Wait()
}

// TestLargeCommit writes more at once than the journal holds.
func TestLargeCommit(t *testing.T) {
	dir := t.TempDir()
	tenant := openMain(t, dir)
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
	tenant := openMain(t, dir)
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
		if err := errors.Join(os.Remove(path), os.Remove(journalPath(path))); err != nil {
			t.Fatal(err)
		}
		users{}.check(t, filepath.Dir(path))
	})
}

// FuzzDecodeJournal: any bytes give a journal or an error.
func FuzzDecodeJournal(f *testing.F) {
	h := head{round: 3}
	whole := append(h.encode(), make([]byte, journalBlock)...)
	whole = appendBatch(whole, 3, 0, appendPut(nil, []byte("b"), []byte("k"), []byte("v")))
	f.Add(appendBatch(whole, 3, 1, appendDelete(nil, []byte("b"), []byte("k"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, batches, err := decodeJournal(b)
		if err != nil {
			return
		}
		r := newRecent()
		for _, changes := range batches {
			if r.replay(changes) != nil {
				return
			}
		}
	})
}
