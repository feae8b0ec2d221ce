//go:build unix

package boltstore

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
)

// mapping is a file in memory, for reading. A file that has grown is mapped again;
// older maps stay, for those who read there, until it is closed.
type mapping struct {
	file   *os.File
	newest atomic.Pointer[[]byte]
	all    [][]byte
}

// mapAhead is how much larger than the file a map is made, so that few are needed.
const mapAhead = 2

// newMapping maps a file, which it closes in the end.
func newMapping(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("boltstore: %w", err)
	}
	m := &mapping{file: f}
	if err := m.grow(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return m, nil
}

// grow makes all of the file readable. Only who commits calls it.
func (m *mapping) grow() error {
	info, err := m.file.Stat()
	if err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	size := info.Size()
	if have := m.newest.Load(); have != nil && int64(len(*have)) >= size {
		return nil
	}
	b, err := syscall.Mmap(int(m.file.Fd()), 0, int(size)*mapAhead, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("boltstore: mapping %s: %w", m.file.Name(), err)
	}
	m.all = append(m.all, b)
	m.newest.Store(&b)
	return nil
}

// at implements source. Where the file has become shorter, the bytes are a fault of
// memory, of which guarded makes an error. What was written behind the newest map
// a moment ago is read from the file.
func (m *mapping) at(offset int64, n int) ([]byte, error) {
	b := *m.newest.Load()
	if offset+int64(n) > int64(len(b)) {
		return fileSource{m.file}.at(offset, n)
	}
	return b[offset : offset+int64(n) : offset+int64(n)], nil
}

// close is called when nobody reads any more.
func (m *mapping) close() error {
	var errs []error
	for _, b := range m.all {
		errs = append(errs, syscall.Munmap(b))
	}
	return errors.Join(append(errs, m.file.Close())...)
}
