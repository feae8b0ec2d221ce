package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// rotating is a File with bounds, on a clock that the test moves.
func rotating(t *testing.T, c FileConfig) (*File, string, *time.Time) {
	t.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	c.Now = func() time.Time { return now }
	f, err := NewFile(path, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, path, &now
}

// files returns the log's files, the oldest first, the one that is written last.
func files(t *testing.T, path string) []string {
	t.Helper()
	old, err := filepath.Glob(strings.TrimSuffix(path, ".jsonl") + "-*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(old)
	return append(old, path)
}

// TestRotationBySize: the log has a bound, no line is lost within it, and files
// of others stay.
func TestRotationBySize(t *testing.T) {
	const size, keep = 1000, 3
	f, path, now := rotating(t, FileConfig{MaxBytes: size, Keep: keep})
	foreign := filepath.Join(filepath.Dir(path), "audit-notes.jsonl")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		*now = now.Add(time.Second)
		record(t, f, Event{Action: fmt.Sprint(i)})
	}
	var actions []string
	all := slices.DeleteFunc(files(t, path), func(name string) bool { return name == foreign })
	for _, name := range all {
		info, err := os.Stat(name)
		if err != nil || info.Size() > size || info.Mode() != 0o600 {
			t.Errorf("%s has %d bytes, %v, %v", name, info.Size(), info.Mode(), err)
		}
		for _, e := range readEvents(t, name) {
			actions = append(actions, e.Action)
		}
	}
	if len(all) != keep+1 {
		t.Errorf("%d files", len(all))
	}
	for i, action := range actions {
		if want := fmt.Sprint(100 - len(actions) + i); action != want {
			t.Fatalf("event %d is %s, want %s", i, action, want)
		}
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

// TestRotationByAge: a file is put aside when its first line is old, also one of
// an earlier process.
func TestRotationByAge(t *testing.T) {
	f, path, now := rotating(t, FileConfig{MaxAge: time.Hour})
	record(t, f, Event{Action: "a"})
	*now = now.Add(time.Hour - time.Second)
	record(t, f, Event{Action: "b"})
	f.Close()
	again, err := NewFile(path, f.config)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	*now = now.Add(time.Second)
	record(t, again, Event{Action: "c"})
	if all := files(t, path); len(all) != 2 || len(readEvents(t, all[0])) != 2 || len(readEvents(t, path)) != 1 {
		t.Errorf("files %v", all)
	}
}

// TestRotationTogether: processes that share a file lose no line when it is put
// aside under them.
func TestRotationTogether(t *testing.T) {
	const processes, each = 3, 200
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	var wg sync.WaitGroup
	for range processes {
		f, err := NewFile(path, FileConfig{MaxBytes: 2000, Keep: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		wg.Go(func() {
			for range each {
				if err := f.Record(t.Context(), Event{Action: "a"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	for _, name := range files(t, path) {
		n += len(readEvents(t, name))
	}
	if n != processes*each {
		t.Errorf("%d lines of %d", n, processes*each)
	}
}

// TestNoTornLine: of a line that does not fit on the disk nothing stays, and the
// log goes on when there is room again.
func TestNoTornLine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("RLIMIT_FSIZE stands for a full disk on Linux")
	}
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	f := openFile(t, path)
	record(t, f, Event{Action: "a"})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	limitFileSize(t, uint64(info.Size())+20, func() {
		if err := f.Record(t.Context(), Event{Action: "does not fit"}); err == nil {
			t.Error("no error")
		}
	})
	if after, err := os.Stat(path); err != nil || after.Size() != info.Size() {
		t.Errorf("%d bytes, %d before, %v", after.Size(), info.Size(), err)
	}
	record(t, f, Event{Action: "b"})
	if got := readEvents(t, path); len(got) != 2 || got[1].Action != "b" {
		t.Errorf("events %+v", got)
	}
}

// limitFileSize bounds the files of this process while f runs.
func limitFileSize(t *testing.T, size uint64, f func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// TestSync: a line is on the disk after a while, without another one.
func TestSync(t *testing.T) {
	f, _, _ := rotating(t, FileConfig{SyncEvery: time.Millisecond})
	record(t, f, Event{Action: "a"})
	deadline := time.Now().Add(10 * time.Second)
	for waits := true; waits; {
		f.mu.Lock()
		waits = f.sync != nil
		f.mu.Unlock()
		if time.Now().After(deadline) {
			t.Fatal("not synced")
		}
		runtime.Gosched()
	}
}
