//go:build !unix

package boltstore

import (
	"fmt"
	"os"
)

// mapping is a file that is read piece by piece, where there is no mmap.
type mapping struct{ file *os.File }

func newMapping(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("boltstore: %w", err)
	}
	return &mapping{file: f}, nil
}

func (m *mapping) grow() error { return nil }

// at implements source.
func (m *mapping) at(offset int64, n int) ([]byte, error) { return fileSource{m.file}.at(offset, n) }

func (m *mapping) close() error { return m.file.Close() }
