package main

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// quoted writes a text as strace does with -xx.
func quoted(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteString(`\x`)
		b.WriteByte("0123456789abcdef"[c>>4])
		b.WriteByte("0123456789abcdef"[c&15])
	}
	return b.String()
}

// TestRecording applies a recording line by line, and looks at what a power cut
// leaves for certain.
func TestRecording(t *testing.T) {
	fd, dir := "5<"+quoted("/d/a.tmp")+">", "6<"+quoted("/d")+">"
	renamed := "5<" + quoted("/d/a") + ">"
	steps := []struct {
		line string
		want map[string]string
	}{
		{`1 openat(AT_FDCWD<` + quoted("/") + `>, "` + quoted("d/a.tmp") + `", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = ` + fd, map[string]string{}},
		{`1 write(` + fd + `, "` + quoted("hello") + `", 5) = 5`, map[string]string{}},
		{`1 write(` + fd + `, "` + quoted(" all, (x) = 0") + `", 13 <unfinished ...>`, map[string]string{}},
		{`2 write(7<` + quoted("/other") + `>, "` + quoted("no") + `", 2) = 2`, map[string]string{}},
		{`1 <... write resumed>) = 13`, map[string]string{}},
		{`1 fdatasync(` + fd + `) = 0`, map[string]string{}},
		{`1 renameat(AT_FDCWD<` + quoted("/") + `>, "` + quoted("/d/a.tmp") + `", AT_FDCWD<` + quoted("/") + `>, "` + quoted("/d/a") + `") = 0`, map[string]string{}},
		{`1 fsync(` + dir + ` <unfinished ...>`, map[string]string{}},
		{`1 <... fsync resumed>) = 0`, map[string]string{"/d/a": "hello all, (x) = 0"}},
		{`1 pwrite64(` + renamed + `, "` + quoted("J") + `", 1, 0) = 1`, map[string]string{"/d/a": "hello all, (x) = 0"}},
		{`1 fdatasync(` + renamed + `) = -1 EIO (Input/output error)`, map[string]string{"/d/a": "hello all, (x) = 0"}},
		{`1 fdatasync(` + renamed + `) = ?`, map[string]string{"/d/a": "hello all, (x) = 0"}},
		{`1 fdatasync(` + renamed + `) = 0`, map[string]string{"/d/a": "Jello all, (x) = 0"}},
		{`1 ftruncate(` + renamed + `, 5) = 0`, map[string]string{"/d/a": "Jello all, (x) = 0"}},
		{`1 fsync(` + renamed + `) = 0`, map[string]string{"/d/a": "Jello"}},
		{`1 unlinkat(AT_FDCWD<` + quoted("/") + `>, "` + quoted("/d/a") + `", 0) = 0`, map[string]string{"/d/a": "Jello"}},
		{`1 fsync(` + dir + `) = 0`, map[string]string{}},
	}
	r := newRecording(strings.NewReader(""), newDisk(),
		func(path string) bool { return strings.HasPrefix(path, "/d/") })
	for _, step := range steps {
		r.lines.Reset(strings.NewReader(step.line + "\n"))
		if _, err := r.next(); err != nil {
			t.Fatalf("%s: %v", step.line, err)
		}
		left := r.disk.cut(nil, lossAll)
		if len(left) != len(step.want) {
			t.Errorf("%s: %d files are left, want %d", step.line, len(left), len(step.want))
		}
		for path, want := range step.want {
			if string(left[path]) != want {
				t.Errorf("%s: %s is %q, want %q", step.line, path, left[path], want)
			}
		}
	}
}

// TestCut writes over three sectors: what a power cut leaves of each is what was
// there before or what was written.
func TestCut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	old, once, twice := bytes.Repeat([]byte{'o'}, 3*sector), bytes.Repeat([]byte{'1'}, 3*sector), bytes.Repeat([]byte{'2'}, sector)
	for _, test := range []struct {
		l     loss
		seen  string // what sectors may be
		never string // what the whole never is
	}{
		{lossAll, "o", "112"}, {lossNone, "12", "ooo"}, {lossSectors, "o12", ""}, {lossOrder, "o12", ""}, {lossTorn, "12", "112"},
	} {
		n := &inode{durable: old, pending: []change{{data: once}, {at: 2 * sector, data: twice}}}
		all := map[string]bool{}
		for range 200 {
			b := n.cut(random, test.l)
			var kinds strings.Builder
			for at := 0; at < len(b); at += sector {
				piece := b[at : at+sector]
				if !bytes.Equal(piece, bytes.Repeat(piece[:1], sector)) || !strings.Contains(test.seen, string(piece[:1])) {
					t.Fatalf("%s: a sector is %q", test.l, piece[:1])
				}
				kinds.WriteByte(piece[0])
			}
			all[kinds.String()] = true
		}
		if test.l == lossOrder && !all["111"] || (test.l == lossSectors || test.l == lossOrder) && len(all) < 8 {
			t.Errorf("%s: only %v", test.l, all)
		}
	}
}

// TestStrace records a process and finds in the recording what it wrote.
func TestStrace(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	command := append(strace("sh", trace), "-c", "cd "+dir+" && printf hello >x && sync x && mv x y && sync . && printf lost >>y")
	if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ours := func(path string) bool { return filepath.Dir(path) == dir && path != trace }
	deadline := time.Now().Add(traceTimeout)
	for left := map[string][]byte(nil); string(left[filepath.Join(dir, "y")]) != "hello"; { // strace ends after the process
		if time.Now().After(deadline) {
			t.Fatalf("a power cut leaves %q", left)
		}
		f, err := os.Open(trace)
		if err != nil {
			continue
		}
		r := newRecording(f, newDisk(), ours)
		for err == nil {
			_, err = r.next()
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		left = r.disk.cut(nil, lossAll)
		_ = f.Close() // it was only read
	}
}
