package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// File is a Log in a file of JSON lines: one object per event, in the order in
// which Record returned. The file is readable by its owner only. Its lines are
// appended by single writes, so several processes may share it. Events that come
// while a write is under way are written together by the next.
type File struct {
	path string

	waiting sync.Mutex
	next    *lines // what the next write appends; nil if nobody waits for it

	mu      sync.Mutex
	file    *os.File
	partial bool // the last write was cut off in the middle of a line
}

// lines are events that are written together.
type lines struct {
	text    []byte
	written chan struct{} // closed when err is there
	err     error
}

// NewFile opens the file, creating it and its folder if need be.
func NewFile(path string) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	f := &File{path: path}
	if err := f.Reopen(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reopen opens the file by its name again, for after a tool has moved it away
// to rotate it. On an error the log goes on with the file that it has.
func (f *File) Reopen() error {
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	var partial bool
	err = alone(file, func() (err error) { partial, err = cutOff(file); return err })
	if err != nil {
		file.Close()
		return fmt.Errorf("audit log: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.file
	f.file, f.partial = file, partial
	if old != nil {
		return old.Close()
	}
	return nil
}

// cutOff reports whether the file's last line was cut off, as a crash or a
// full disk leaves it. Without the lock it might be one that another process is
// just writing.
func cutOff(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return false, nil
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return last[0] != '\n', err
}

// Record appends the event. It does not wait for the disk: a crash of the
// process loses nothing, one of the machine may lose the last seconds.
func (f *File) Record(_ context.Context, e Event) error {
	line, err := json.Marshal(e.cleaned())
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	l, first := f.join(append(line, '\n'))
	if first {
		f.write(l)
	}
	<-l.written
	if l.err != nil {
		return fmt.Errorf("audit log: %w", l.err)
	}
	return nil
}

// join adds a line to the next write, and reports whether the caller is the one
// who is to make it.
func (f *File) join(line []byte) (l *lines, first bool) {
	f.waiting.Lock()
	defer f.waiting.Unlock()
	if first = f.next == nil; first {
		f.next = &lines{written: make(chan struct{})}
	}
	f.next.text = append(f.next.text, line...)
	return f.next, first
}

// write appends lines, and those that join them until their turn comes.
func (f *File) write(l *lines) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting.Lock()
	f.next = nil
	f.waiting.Unlock()
	l.err = f.append(l.text)
	close(l.written)
}

// append writes text, which ends a line. f.mu is held.
func (f *File) append(text []byte) error {
	if f.file == nil {
		return os.ErrClosed
	}
	if f.partial {
		text = append([]byte{'\n'}, text...)
	}
	return alone(f.file, func() error {
		n, err := f.file.Write(text)
		if n > 0 {
			f.partial = text[n-1] != '\n'
		}
		return err
	})
}

// Close flushes the file to the disk and closes it. Later events are refused.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	syncErr, closeErr := f.file.Sync(), f.file.Close()
	f.file = nil
	if syncErr != nil {
		return fmt.Errorf("audit log: %w", syncErr)
	}
	return closeErr
}
