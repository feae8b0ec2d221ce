package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func openFile(t *testing.T, path string) *File {
	t.Helper()
	f, err := NewFile(path, FileConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func record(t *testing.T, l Log, e Event) {
	t.Helper()
	if err := l.Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// readEvents parses every line of the file.
func readEvents(t *testing.T, path string) []Event {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []Event
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		out = append(out, e)
	}
	return out
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "audit.jsonl")
	f, err := NewFile(path, FileConfig{MaxAge: -1}) // its first event is old
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.FixedZone("", 3600))
	record(t, f, Event{Time: at, Tenant: "main", Action: "user.created", Actor: "u1", IP: "192.0.2.1", RequestID: "r1", Plugin: "email-password", Outcome: Failure, Details: map[string]string{"email": "a\n{\"b\":1}@example.com"}})
	record(t, f, Event{Tenant: "main", Action: "x"})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(string(data), "\n")
	want := `{"time":"2026-01-02T02:04:05.678Z","tenant":"main","action":"user.created","actor":"u1","ip":"192.0.2.1","requestId":"r1","plugin":"email-password","outcome":"failure","details":{"email":"a\n{\"b\":1}@example.com"}}`
	if first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	if !strings.HasSuffix(second, `,"tenant":"main","action":"x","outcome":"success"}`+"\n") {
		t.Errorf("second line: %s", second)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := f.Record(t.Context(), Event{}); err == nil {
		t.Error("recorded after Close")
	}
	if err := f.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for _, action := range []string{"a", "b"} {
		f := openFile(t, path)
		record(t, f, Event{Action: action})
		f.Close()
	}
	if got := readEvents(t, path); len(got) != 2 || got[0].Action != "a" || got[1].Action != "b" {
		t.Errorf("got %+v", got)
	}
}

// A line that was cut off must not spoil the next one.
func TestCutOffLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(path, []byte(`{"time":"2026-`), 0o600); err != nil {
		t.Fatal(err)
	}
	record(t, openFile(t, path), Event{Action: "a"})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	if len(lines) != 3 || !json.Valid([]byte(lines[1])) {
		t.Errorf("got %q", data)
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	f := openFile(t, path)
	record(t, f, Event{Action: "a"})
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	record(t, f, Event{Action: "b"})
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	record(t, f, Event{Action: "c"})
	if old, now := readEvents(t, path+".1"), readEvents(t, path); len(old) != 2 || len(now) != 1 || now[0].Action != "c" {
		t.Errorf("old %+v, new %+v", old, now)
	}
}

// A log that cannot be written says so: that is what failing closed needs.
func TestFullDisk(t *testing.T) {
	f, err := NewFile("/dev/full", FileConfig{})
	if err != nil {
		t.Skipf("this system has no /dev/full: %v", err)
	}
	defer f.Close()
	if err := f.Record(t.Context(), Event{Action: "a"}); err == nil {
		t.Error("no error")
	}
}

func TestNewFileFaults(t *testing.T) {
	dir := t.TempDir()
	if _, err := NewFile(dir, FileConfig{}); err == nil {
		t.Error("a folder was opened")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFile(filepath.Join(file, "audit.jsonl"), FileConfig{}); err == nil {
		t.Error("a file was used as a folder")
	}
}

func TestConcurrentRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	var wg sync.WaitGroup
	for range 2 { // as two processes would
		f := openFile(t, path)
		for range 8 {
			wg.Go(func() {
				for i := range 50 {
					if err := f.Record(t.Context(), Event{Action: fmt.Sprint(i), Details: map[string]string{"text": strings.Repeat("x", 900)}}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	if got := readEvents(t, path); len(got) != 800 {
		t.Errorf("%d events, want 800", len(got))
	}
}

// A line that somebody else is just writing is not taken for one that was cut
// off. Lines of several pages grow page by page.
func TestOpenedWhileWritten(t *testing.T) {
	const writers, each = 2, 1000
	details := map[string]string{}
	for i := range MaxDetails {
		details[fmt.Sprint(i)] = strings.Repeat("x", MaxFieldLength)
	}
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	var wg sync.WaitGroup
	for range writers {
		f := openFile(t, path)
		wg.Go(func() {
			for range each {
				if err := f.Record(t.Context(), Event{Action: "long", Details: details}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	f := openFile(t, path)
	for range each {
		if err := f.Reopen(); err != nil {
			t.Fatal(err)
		}
		record(t, f, Event{Action: "short"})
	}
	wg.Wait()
	if got := readEvents(t, path); len(got) != (writers+1)*each {
		t.Errorf("%d events, want %d", len(got), (writers+1)*each)
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	var b bytes.Buffer
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for _, l := range []Log{openFile(t, path), NewSlog(slog.New(slog.NewJSONHandler(&b, nil)))} {
		record(t, l, Event{Action: "a", Details: map[string]string{
			"password": "canary", "newPassword": "canary", "session_token": "canary", "client-secret": "canary", "OTP": "canary", "set-cookie": "canary", "Authorization": "canary", "reason": "visible",
		}})
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(data), b.String()} {
		if strings.Contains(text, "canary") || !strings.Contains(text, "visible") {
			t.Errorf("got %s", text)
		}
	}
}

func TestEventsAreBounded(t *testing.T) {
	details := map[string]string{}
	for i := range 100 {
		details[fmt.Sprintf("%03d", i)] = strings.Repeat("ü", 1000)
	}
	e := Event{Action: strings.Repeat("a", 5000), Details: details}.cleaned()
	if len(e.Action) != MaxFieldLength || len(e.Details) != MaxDetails || len(e.Details["000"]) != MaxFieldLength {
		t.Errorf("%d, %d, %d", len(e.Action), len(e.Details), len(e.Details["000"]))
	}
	odd := Event{Action: "a" + strings.Repeat("ü", 1000)}.cleaned()
	if len(odd.Action) != MaxFieldLength-1 {
		t.Errorf("a character was split: %d bytes", len(odd.Action))
	}
	if len(details) != 100 {
		t.Error("the caller's map was changed")
	}
}

func TestSlog(t *testing.T) {
	var b bytes.Buffer
	l := NewSlog(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	record(t, l, Event{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Tenant: "main", Action: "user.created", Actor: "u1"})
	want := "level=INFO msg=audit at=2026-01-02T03:04:05.000Z tenant=main action=user.created outcome=success actor=u1\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestNop(t *testing.T) {
	l := Nop()
	record(t, l, Event{})
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkFile(b *testing.B) {
	f, err := NewFile(filepath.Join(b.TempDir(), "audit.jsonl"), FileConfig{})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for b.Loop() {
		if err := f.Record(b.Context(), Event{Tenant: "main", Action: "session.created", Actor: "u1"}); err != nil {
			b.Fatal(err)
		}
	}
}
