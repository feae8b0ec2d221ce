package main

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// inode is a file: what is durable, and what was written since.
type inode struct {
	durable []byte
	pending []change
	offset  int64 // where the next write without an offset goes
}

// change is a write, or, without data, a new length.
type change struct {
	at     int64
	data   []byte
	length int64
}

// naming gives a file a name, takes one away, or both.
type naming struct{ from, to string }

// disk is the files of a folder as they are read, and as a power cut may leave
// them. What was written is durable after a sync of the file; names are durable
// after a sync of their folder. Until then any sector of a write may be there or
// not; names change in their order.
type disk struct {
	names   map[string]*inode // as they are read
	durable map[string]*inode
	pending map[string][]pendingName // by folder

	writes, syncs int
}

type pendingName struct {
	naming
	node *inode
}

func newDisk() *disk {
	return &disk{names: map[string]*inode{}, durable: map[string]*inode{}, pending: map[string][]pendingName{}}
}

// readDisk reads a folder; everything in it is durable.
func readDisk(root string, ours func(path string) bool) (*disk, error) {
	d := newDisk()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !ours(path) {
			return err
		}
		content, err := os.ReadFile(path)
		n := &inode{durable: content}
		d.names[path], d.durable[path] = n, n
		return err
	})
	return d, err
}

// copy copies a disk that nothing was written to yet.
func (d *disk) copy() *disk {
	c := newDisk()
	for path, n := range d.names {
		n := &inode{durable: bytes.Clone(n.durable)}
		c.names[path], c.durable[path] = n, n
	}
	return c
}

// open makes a file that is not there.
func (d *disk) open(path string, truncate bool) {
	n := d.names[path]
	if n == nil {
		n = &inode{}
		d.rename(naming{to: path}, n)
	}
	n.offset = 0
	if truncate {
		n.pending = append(n.pending, change{length: 0})
	}
}

// rename changes names; n is a new file, if there was none.
func (d *disk) rename(by naming, n *inode) {
	if by.from != "" {
		if n = d.names[by.from]; n == nil {
			return // it failed
		}
		delete(d.names, by.from)
	}
	if by.to != "" {
		d.names[by.to] = n
	}
	dir := filepath.Dir(by.from + by.to)
	if by.from != "" {
		dir = filepath.Dir(by.from)
	}
	d.pending[dir] = append(d.pending[dir], pendingName{by, n})
}

// write writes at an offset, or after the last write if that is negative.
func (d *disk) write(path string, at int64, data []byte) {
	n := d.names[path]
	if n == nil {
		return
	}
	if at < 0 {
		at = n.offset
		n.offset += int64(len(data))
	}
	n.pending = append(n.pending, change{at: at, data: data})
	d.writes++
}

func (d *disk) truncate(path string, length int64) {
	if n := d.names[path]; n != nil {
		n.pending = append(n.pending, change{length: length})
	}
}

// beginSync returns what makes durable what was written until now to a file, or the
// names in a folder.
func (d *disk) beginSync(path string) (done func()) {
	d.syncs++
	if n := d.names[path]; n != nil {
		count := len(n.pending)
		return func() {
			for _, c := range n.pending[:count] {
				n.durable = c.apply(n.durable)
			}
			n.pending = n.pending[count:]
		}
	}
	count := len(d.pending[path])
	return func() {
		for _, p := range d.pending[path][:count] {
			p.apply(d.durable)
		}
		d.pending[path] = d.pending[path][count:]
	}
}

func (p pendingName) apply(names map[string]*inode) {
	if p.from != "" {
		delete(names, p.from)
	}
	if p.to != "" {
		names[p.to] = p.node
	}
}

func resized(b []byte, length int64) []byte {
	if length <= int64(len(b)) {
		return b[:length]
	}
	return append(b, make([]byte, length-int64(len(b)))...)
}

func (c change) apply(b []byte) []byte {
	if c.data == nil {
		return resized(b, c.length)
	}
	if end := c.at + int64(len(c.data)); end > int64(len(b)) {
		b = resized(b, end)
	}
	copy(b[c.at:], c.data)
	return b
}

// loss says what a power cut leaves of what was not synced.
type loss string

// What becomes of what was not synced.
const (
	lossAll     loss = "nothing unsynced left"
	lossNone    loss = "everything unsynced left"
	lossSectors loss = "sectors dropped at random"
	lossOrder   loss = "sectors dropped and reordered"
	lossTorn    loss = "the last write torn"
)

// everyLoss lists them.
var everyLoss = []loss{lossSectors, lossOrder, lossTorn, lossAll, lossNone}

// cut returns what a power cut may leave, by path.
func (d *disk) cut(random *rand.Rand, l loss) map[string][]byte {
	names := map[string]*inode{}
	for path, n := range d.durable {
		names[path] = n
	}
	for _, list := range d.pending {
		left := len(list)
		switch l {
		case lossAll:
			left = 0
		case lossSectors, lossOrder:
			left = random.IntN(left + 1)
		}
		for _, p := range list[:left] {
			p.apply(names)
		}
	}
	left := map[string][]byte{}
	for path, n := range names {
		left[path] = n.cut(random, l)
	}
	return left
}

// cut returns what may be left of a file.
func (n *inode) cut(random *rand.Rand, l loss) []byte {
	b := bytes.Clone(n.durable)
	if l == lossAll {
		return b
	}
	pieces := n.pieces(l == lossSectors || l == lossOrder)
	switch {
	case l == lossTorn && len(pieces) > 0:
		last := &pieces[len(pieces)-1]
		last.data = last.data[:random.IntN(len(last.data)/sector+1)*sector]
		if len(last.data) == 0 {
			pieces = pieces[:len(pieces)-1]
		}
	case l == lossOrder:
		random.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		fallthrough
	case l == lossSectors:
		kept := pieces[:0]
		for _, p := range pieces {
			if random.IntN(2) == 0 {
				kept = append(kept, p)
			}
		}
		pieces = kept
	}
	for _, p := range pieces {
		b = p.apply(b)
	}
	return b
}

// pieces returns what was not synced, in sectors if they may go each its own way.
func (n *inode) pieces(sectors bool) []change {
	var list []change
	for _, c := range n.pending {
		if !sectors || c.data == nil {
			list = append(list, c)
			continue
		}
		for len(c.data) > 0 {
			length := min(int64(len(c.data)), sector-c.at%sector)
			list = append(list, change{at: c.at, data: c.data[:length]})
			c.at, c.data = c.at+length, c.data[length:]
		}
	}
	return list
}

// put writes files into the folder that they were read from, in place of what is
// there.
func put(root string, ours func(path string) bool, files map[string][]byte) error {
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !ours(path) {
			return err
		}
		return os.Remove(path)
	})
	for path, content := range files {
		err = errors.Join(err, os.WriteFile(path, content, 0o600))
	}
	return err
}
