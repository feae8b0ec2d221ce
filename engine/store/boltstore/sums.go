package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// sums are the checksums of the pages of a bbolt file, which has none itself but of
// its values: with them a key that is not found is as certain as one that is found.
// They are made when pages are written, kept in memory while the file is open, and
// in a file beside it while it is not.
//
// Who commits changes them; readers only look at those of pages that they can
// reach, which are not written again before they have ended.
type sums struct {
	known atomic.Uint64            // the transaction whose pages they are of
	pages atomic.Pointer[[]uint32] // by number; those of free pages mean nothing
	live  bitmap                   // the pages that are not free
}

// of returns the sums for readers of a transaction, nil if they are still being
// made: its pages were written a moment ago.
func (s *sums) of(txid uint64) []uint32 {
	if txid > s.known.Load() {
		return nil
	}
	return *s.pages.Load()
}

// newSums verifies how the pages of a file hang together, and makes the checksums
// of what it finds. It panics with a damage.
func newSums(t *tree) *sums {
	s := &sums{live: newBitmap(t.head.high)}
	pages := make([]uint32, t.head.high)
	w := walker{tree: t, used: newBitmap(t.head.high), see: func(id uint64, p page) {
		pages[id] = pageSum(p)
		s.live.add(id)
	}}
	w.walk()
	s.pages.Store(&pages)
	s.known.Store(t.head.txid)
	return s
}

// update makes the sums those of a state that was just committed. A page that is
// neither new nor free is as it was, and so is everything below it: bbolt writes no
// page a second time while anything refers to it. It panics with a damage.
func (s *sums) update(t *tree) {
	pages := *s.pages.Load()
	if grown := int(t.head.high); grown > len(pages) {
		pages = slices.Grow(pages, grown-len(pages)+grown/8)[:grown] // readers look at no page that is new
		if words := len(newBitmap(uint64(grown))); words > len(s.live) {
			s.live = append(s.live, make(bitmap, words-len(s.live))...)
		}
	}
	list := t.raw(t.head.freelist)
	free, err := freeList(list)
	if err != nil {
		panic(pageDamage(t.head.freelist, err))
	}
	for _, id := range free {
		s.live.remove(id)
	}
	s.add(pages, t.head.freelist, list)
	s.below(t, pages, t.head.root, true, 0)
	s.pages.Store(&pages)
	s.known.Store(t.head.txid)
}

func (s *sums) add(pages []uint32, id uint64, p page) {
	s.live.add(id)
	pages[id] = pageSum(p)
}

// below adds the new pages of a tree.
func (s *sums) below(t *tree, pages []uint32, id uint64, root bool, depth int) {
	if s.live.has(id) {
		return
	}
	if depth == maxDepth {
		panic(pageDamage(id, errTooDeep))
	}
	p := t.page(id)
	s.add(pages, id, p)
	for i := range p.count() {
		switch {
		case p.isBranch():
			s.below(t, pages, p.child(i), root, depth+1)
		case root:
			child, inline, err := bucketOf(p.value(i))
			if err != nil {
				panic(pageDamage(id, err))
			}
			if inline == nil {
				s.below(t, pages, child, false, depth+1)
			}
		}
	}
}

// The file with the sums of a file that is closed: a head, the sums of all pages,
// 0 for those that are free, and a checksum over all of it.
const (
	sumsMagic = "authhost sums\x00\x00\x01"
	sumsHead  = len(sumsMagic) + 8 + 8 // transaction, number of pages
)

// sumsPath returns where the sums of a tenant's file are.
func sumsPath(path string) string { return strings.TrimSuffix(path, ".db") + ".sums" }

var errSums = errors.New("the checksums of its pages are damaged themselves")

// save writes the sums beside a file that is not written any more.
func (s *sums) save(path string) error {
	pages := *s.pages.Load()
	b := make([]byte, 0, sumsHead+4*len(pages)+4)
	b = append(b, sumsMagic...)
	b = binary.LittleEndian.AppendUint64(b, s.known.Load())
	b = binary.LittleEndian.AppendUint64(b, uint64(len(pages)))
	for id, sum := range pages {
		if !s.live.has(uint64(id)) {
			sum = 0
		}
		b = binary.LittleEndian.AppendUint32(b, sum)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return writeWhole(sumsPath(path), b)
}

// loadSums reads the sums of a file, nil if there are none.
func loadSums(path string) (*sums, error) {
	b, err := os.ReadFile(sumsPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("boltstore: %w", err)
	}
	end := len(b) - 4
	if end < sumsHead || !bytes.HasPrefix(b, []byte(sumsMagic)) || binary.LittleEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return nil, errSums
	}
	n := binary.LittleEndian.Uint64(b[len(sumsMagic)+8:])
	if n != uint64(end-sumsHead)/4 {
		return nil, errSums
	}
	s := &sums{live: newBitmap(n)}
	pages := make([]uint32, n)
	for i := range pages {
		if pages[i] = binary.LittleEndian.Uint32(b[sumsHead+4*i:]); pages[i] != 0 {
			s.live.add(uint64(i))
		}
	}
	s.pages.Store(&pages)
	s.known.Store(binary.LittleEndian.Uint64(b[len(sumsMagic):]))
	return s, nil
}

// writeWhole writes a file that is there whole or not at all, whatever happens
// meanwhile.
func writeWhole(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, tempPattern)
	if err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("boltstore: %w", err), os.Remove(f.Name()))
	}
	return syncDir(dir)
}
