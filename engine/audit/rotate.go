package audit

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// stamp is the part of a name that says when a file was put aside. Names sort
// by time.
const stamp = "20060102T150405.000000000Z"

// rotate puts the file aside if so many further bytes would make it too large,
// or if it has become too old. f.mu is held.
func (f *File) rotate(further int64) error {
	info, err := f.file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return err
	}
	now := f.config.Now()
	if f.began.IsZero() {
		f.began = firstTime(f.file)
	}
	tooLarge := f.config.MaxBytes > 0 && info.Size()+further > f.config.MaxBytes
	tooOld := f.config.MaxAge > 0 && !f.began.IsZero() && now.Sub(f.began) >= f.config.MaxAge
	if !tooLarge && !tooOld {
		return nil
	}
	err = alone(f.file, func() error { return f.putAside(info, now) })
	if err == nil {
		err = f.reopen()
	}
	return errors.Join(err, f.prune())
}

// putAside renames the file, unless another process has done so. The file is
// locked.
func (f *File) putAside(have fs.FileInfo, now time.Time) error {
	named, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(named, have) {
		return nil
	}
	if err != nil {
		return err
	}
	before, after := f.aside()
	return os.Rename(f.path, before+now.UTC().Format(stamp)+after)
}

// aside returns what stands before and after the time in the names of files
// that were put aside.
func (f *File) aside() (before, after string) {
	after = filepath.Ext(f.path)
	return strings.TrimSuffix(f.path, after) + "-", after
}

// prune removes the oldest of the files that were put aside.
func (f *File) prune() error {
	if f.config.Keep < 0 {
		return nil
	}
	before, after := f.aside()
	entries, err := os.ReadDir(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	var old []string
	for _, e := range entries {
		name := filepath.Join(filepath.Dir(f.path), e.Name())
		middle, begins := strings.CutPrefix(name, before)
		middle, ends := strings.CutSuffix(middle, after)
		if !begins || !ends {
			continue
		}
		if _, err := time.Parse(stamp, middle); err == nil {
			old = append(old, name)
		}
	}
	slices.Sort(old)
	var errs []error
	for _, name := range old[:max(0, len(old)-f.config.Keep)] {
		if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) { // another process may be faster
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// firstTime returns the time of a file's first line, the zero time of none.
func firstTime(file *os.File) time.Time {
	var head [len(`{"time":"2006-01-02T15:04:05.000Z"`)]byte
	n, _ := file.ReadAt(head[:], 0)
	text, ok := strings.CutPrefix(string(head[:n]), `{"time":`)
	if !ok {
		return time.Time{}
	}
	text, _, _ = strings.Cut(text, ",")
	var first time.Time
	_ = json.Unmarshal([]byte(text), &first)
	return first
}
