package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Defaults of FileConfig.
const (
	DefaultMaxBytes  = 100 << 20
	DefaultMaxAge    = 30 * 24 * time.Hour
	DefaultKeep      = 10
	DefaultSyncEvery = time.Second
)

// FileConfig says how a File grows and how safe its lines are. Zero members take
// the defaults; negative ones turn off what they bound.
type FileConfig struct {
	MaxBytes int64         // size of the file, from which it is put aside for a new one
	MaxAge   time.Duration // age of its first line, from which it is put aside
	Keep     int           // files that were put aside and are kept; older ones are removed
	// SyncEvery is the longest time until a line that was written is on the
	// disk: what a crash of the machine, not of the process, may lose.
	SyncEvery time.Duration
	// Failed, if set, is told of a fault that no call of Record returns: lines
	// that could not be brought to the disk, and files that could not be put aside.
	Failed func(error)
	Now    func() time.Time // default time.Now
}

func (c FileConfig) withDefaults() FileConfig {
	if c.MaxBytes == 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	if c.MaxAge == 0 {
		c.MaxAge = DefaultMaxAge
	}
	if c.Keep == 0 {
		c.Keep = DefaultKeep
	}
	if c.SyncEvery == 0 {
		c.SyncEvery = DefaultSyncEvery
	}
	if c.Failed == nil {
		c.Failed = func(error) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// File is a Log in a file of JSON lines: one object per event, in the order in
// which Record returned. The file is readable by its owner only. Its lines are
// appended by single writes, so several processes may share it, and a line that
// did not fit on the disk is taken back. Events that come while a write is under
// way are written together by the next.
type File struct {
	path   string
	config FileConfig

	waiting sync.Mutex
	next    *lines // what the next write appends; nil if nobody waits for it

	mu      sync.Mutex
	file    *os.File
	began   time.Time   // time of the first line
	partial bool        // the last line was cut off in the middle
	sync    *time.Timer // nil: everything is on the disk
}

// lines are events that are written together.
type lines struct {
	text    []byte
	written chan struct{} // closed when err is there
	err     error
}

// NewFile opens the file, creating it and its folder if need be.
func NewFile(path string, c FileConfig) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	f := &File{path: path, config: c.withDefaults()}
	if err := f.Reopen(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reopen opens the file by its name again, for after a tool has moved it away
// to rotate it. On an error the log goes on with the file that it has.
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.reopen(); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// reopen does the work of Reopen. f.mu is held.
func (f *File) reopen() error {
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	var partial bool
	err = alone(file, func() (err error) { partial, err = cutOff(file); return err })
	if err != nil {
		return errors.Join(err, file.Close())
	}
	old := f.file
	f.file, f.partial, f.began = file, partial, firstTime(file)
	if old == nil {
		return nil
	}
	return errors.Join(flush(old), old.Close())
}

// cutOff reports whether the file's last line was cut off, as a crash of the
// machine leaves it. Without the lock it might be one that another process is
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
// process loses nothing, one of the machine what came after the last sync.
func (f *File) Record(_ context.Context, e Event) error {
	if e.Time.IsZero() {
		e.Time = f.config.Now()
	}
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
	if err := f.rotate(int64(len(text))); err != nil {
		f.config.Failed(fmt.Errorf("audit log: the file grows, because it cannot be put aside: %w", err))
	}
	if f.partial {
		text = append([]byte{'\n'}, text...)
	}
	err := alone(f.file, func() error { return f.appendWhole(text) })
	if err == nil {
		f.syncSoon()
	}
	return err
}

// appendWhole writes all of a text or nothing of it. The file is locked.
func (f *File) appendWhole(text []byte) error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	n, err := f.file.Write(text)
	if err == nil {
		f.partial = false
		return nil
	}
	if n > 0 && f.file.Truncate(info.Size()) != nil {
		f.partial = text[n-1] != '\n'
	}
	return err
}

// syncSoon sees to it that what was written is on the disk in a while. f.mu is
// held.
func (f *File) syncSoon() {
	if f.sync == nil && f.config.SyncEvery > 0 {
		f.sync = time.AfterFunc(f.config.SyncEvery, f.syncNow)
	}
}

func (f *File) syncNow() {
	f.mu.Lock()
	file := f.file
	f.sync = nil
	f.mu.Unlock()
	if file == nil {
		return
	}
	if err := flush(file); err != nil && !errors.Is(err, os.ErrClosed) { // whoever closed it has synced it
		f.config.Failed(fmt.Errorf("audit log: %w", err))
	}
}

// flush brings a file to the disk. What is no file on a disk, such as a pipe, says
// EINVAL.
func flush(file *os.File) error {
	if err := file.Sync(); !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// Close flushes the file to the disk and closes it. Later events are refused.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	if f.sync != nil {
		f.sync.Stop()
	}
	syncErr, closeErr := flush(f.file), f.file.Close()
	f.file = nil
	if syncErr != nil {
		return fmt.Errorf("audit log: %w", syncErr)
	}
	return closeErr
}
