package boltstore

import "io"

// fileSource reads from a file into memory of its own.
type fileSource struct{ io.ReaderAt }

// at implements source.
func (s fileSource) at(offset int64, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := s.ReadAt(b, offset); err != nil {
		return nil, err
	}
	return b, nil
}
