package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The pages of a bbolt file, as its package internal/common has them. A page begins
// with its number (8 bytes), kind (2), number of elements (2) and number of pages
// that it continues on (4).
const (
	pageHeader    = 16
	pageElement   = 16 // of leaves and of branches
	bucketHeader  = 16 // before the page of a bucket that has none of its own
	kindBranch    = 0x01
	kindLeaf      = 0x02
	kindFreelist  = 0x10
	elementBucket = 0x01 // the flag of an element that is a bucket
	// maxDepth bounds the way from the root of a tree to a leaf. With two keys
	// on each page, the fewest that bbolt leaves, it is more than fits a disk.
	maxDepth = 48
	// firstPage is the first page that is no head.
	firstPage = 2
)

var (
	errPage     = errors.New("the page is not laid out as bbolt does it")
	errPageSum  = errors.New("the page is not the one that was written")
	errNoPage   = errors.New("there is no such page")
	errTwice    = errors.New("the page is used twice")
	errLeaked   = errors.New("the page is neither used nor free")
	errTooDeep  = errors.New("the tree is too deep")
	errKeyRange = errors.New("a key is out of its range")
	errNoHeads  = errors.New("neither of its two heads is whole; it is no store file, or its beginning is damaged")
)

// page is the bytes of a page and of those that it continues on.
type page []byte

func (p page) id() uint64       { return binary.NativeEndian.Uint64(p) }
func (p page) kind() uint16     { return binary.NativeEndian.Uint16(p[8:]) }
func (p page) count() int       { return int(binary.NativeEndian.Uint16(p[10:])) }
func (p page) overflow() uint64 { return uint64(binary.NativeEndian.Uint32(p[12:])) }
func (p page) isBranch() bool   { return p.kind() == kindBranch }

// uint32At returns a member of an element.
func (p page) uint32At(element, member int) int {
	return int(binary.NativeEndian.Uint32(p[pageHeader+element*pageElement+member:]))
}

// extent returns where an element's key is, and how long its key and value are.
// The elements of branches have no value.
func (p page) extent(i int) (at, key, value int) {
	at = pageHeader + i*pageElement
	if p.isBranch() {
		return at + p.uint32At(i, 0), p.uint32At(i, 4), 0
	}
	return at + p.uint32At(i, 4), p.uint32At(i, 8), p.uint32At(i, 12)
}

func (p page) key(i int) []byte {
	at, key, _ := p.extent(i)
	return p[at : at+key : at+key]
}

// value returns the value of a leaf's element.
func (p page) value(i int) []byte {
	at, key, value := p.extent(i)
	end := at + key + value
	return p[at+key : end : end]
}

// child returns the page that a branch's element leads to.
func (p page) child(i int) uint64 {
	return binary.NativeEndian.Uint64(p[pageHeader+i*pageElement+8:])
}

func (p page) isBucket(i int) bool { return p.uint32At(i, 0) == elementBucket }

// search returns the first element whose key is not before key, and whether it
// has that key.
func (p page) search(key []byte) (i int, exact bool) {
	low, high := 0, p.count()
	for low < high {
		mid := int(uint(low+high) >> 1)
		switch bytes.Compare(p.key(mid), key) {
		case -1:
			low = mid + 1
		case 0:
			return mid, true
		default:
			high = mid
		}
	}
	return low, false
}

// check verifies what can be seen of a page alone: its number and kind, and that
// keys and values lie one behind the other, in order, as bbolt writes them.
func (p page) check(id uint64) error {
	if len(p) < pageHeader || p.id() != id || p.kind() != kindLeaf && p.kind() != kindBranch {
		return errPage
	}
	next := pageHeader + p.count()*pageElement
	if next > len(p) || p.isBranch() && p.count() == 0 {
		return errPage
	}
	var last []byte
	for i := range p.count() {
		at, key, value := p.extent(i)
		if at != next || key == 0 || key > len(p)-next || value > len(p)-next-key {
			return errPage
		}
		if next += key + value; last != nil && bytes.Compare(last, p.key(i)) >= 0 {
			return errPage
		}
		last = p.key(i)
	}
	return nil
}

// bucketOf returns where the tree of a bucket begins, from the bucket's element:
// at a page, or in the element itself.
func bucketOf(value []byte) (root uint64, inline page, err error) {
	if len(value) < bucketHeader {
		return 0, nil, errPage
	}
	if root = binary.NativeEndian.Uint64(value); root != 0 {
		return root, nil, nil
	}
	inline = page(value[bucketHeader:])
	if err := inline.check(0); err != nil {
		return 0, nil, err
	}
	if inline.kind() != kindLeaf {
		return 0, nil, errPage
	}
	return 0, inline, nil
}

// dbHead is what one of the two heads of a bbolt file says: where everything is as of
// one transaction.
type dbHead struct {
	pageSize                   int
	root, freelist, high, txid uint64 // high is the first page that was never used
}

// Members of a head, behind the header of its page.
const (
	headSum   = 56 // where its checksum is
	headEnd   = headSum + 8
	boltMagic = 0xED0CDAED
)

// decodeDBHead reads a head; ok is false if it is not whole.
func decodeDBHead(b []byte) (h dbHead, ok bool) {
	if len(b) < pageHeader+headEnd {
		return h, false
	}
	b = b[pageHeader:]
	order := binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:headSum])
	if order.Uint32(b) != boltMagic || order.Uint64(b[headSum:]) != sum.Sum64() {
		return h, false
	}
	h = dbHead{pageSize: int(order.Uint32(b[8:])), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]), high: order.Uint64(b[40:]), txid: order.Uint64(b[48:])}
	return h, h.pageSize >= 1<<10 && h.high > firstPage
}

// readHeads returns the newest head that is whole, and how many of the two are.
func readHeads(r io.ReaderAt) (newest dbHead, whole int, err error) {
	buf := make([]byte, pageHeader+headEnd)
	read := func(at int64) (dbHead, bool) {
		if _, err := r.ReadAt(buf, at); err != nil {
			return dbHead{}, false // too short
		}
		return decodeDBHead(buf)
	}
	take := func(h dbHead, ok bool) {
		if !ok {
			return
		}
		if whole++; whole == 1 || h.txid > newest.txid {
			newest = h
		}
	}
	first, ok := read(0)
	if take(first, ok); ok {
		take(read(int64(first.pageSize)))
		return newest, whole, nil
	}
	for size := int64(1 << 10); size <= 1<<16; size <<= 1 {
		if h, ok := read(size); ok && int64(h.pageSize) == size {
			take(h, true)
			return newest, whole, nil
		}
	}
	return dbHead{}, 0, errNoHeads
}

// freeList returns the pages that a page of the kind freelist names.
func freeList(p page) ([]uint64, error) {
	if len(p) < pageHeader || p.kind() != kindFreelist {
		return nil, errPage
	}
	at, n := pageHeader, uint64(p.count())
	if n == 0xFFFF { // then the first entry is the number of the others
		if len(p) < pageHeader+8 {
			return nil, errPage
		}
		at, n = at+8, binary.NativeEndian.Uint64(p[pageHeader:])
	}
	if n > uint64(len(p)-at)/8 {
		return nil, errPage
	}
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = binary.NativeEndian.Uint64(p[at+i*8:])
	}
	return ids, nil
}

// damage is what reading pages panics with; guarded makes an error of it.
type damage struct{ err error }

// pageDamage describes damage of a page.
func pageDamage(id uint64, err error) damage { return damage{fmt.Errorf("page %d: %w", id, err)} }
