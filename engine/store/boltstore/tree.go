package boltstore

import (
	"bytes"
	"hash/crc32"
)

// tree reads one state of a bbolt file, and verifies each page before it believes
// anything in it. Unlike bbolt's own cursors it comes to an end whatever the pages
// say. It panics with a damage.
type tree struct {
	bytes source
	head  dbHead
	sums  []uint32 // of the pages, by number; nil: only their layout is verified
}

// source gives bytes of a file; they are valid as long as the state is read.
type source interface {
	at(offset int64, n int) ([]byte, error)
}

// page returns a page that is verified.
func (t *tree) page(id uint64) page {
	if t.sums != nil {
		return t.sum(id)
	}
	p := t.raw(id)
	if err := p.check(id); err != nil {
		panic(pageDamage(id, err))
	}
	return p
}

// sum returns a page that has its checksum.
func (t *tree) sum(id uint64) page {
	p := t.raw(id)
	if id >= uint64(len(t.sums)) || t.sums[id] != pageSum(p) {
		panic(pageDamage(id, errPageSum))
	}
	return p
}

// raw returns the bytes of a page and of those that it continues on.
func (t *tree) raw(id uint64) page {
	size := uint64(t.head.pageSize)
	if id < firstPage || id >= t.head.high {
		panic(pageDamage(id, errNoPage))
	}
	p, err := t.bytes.at(int64(id*size), int(size))
	if err != nil {
		panic(pageDamage(id, err))
	}
	more := page(p).overflow()
	if more == 0 {
		return p
	}
	if more >= t.head.high-id {
		panic(pageDamage(id, errPage))
	}
	if p, err = t.bytes.at(int64(id*size), int((more+1)*size)); err != nil {
		panic(pageDamage(id, err))
	}
	return p
}

// pageSum is the checksum of a page. 0 stands for no page.
func pageSum(p page) uint32 { return max(crc32.Checksum(p, castagnoli), 1) }

// bucket returns the page that the tree of a bucket begins with, nil if there is
// no such bucket.
func (t *tree) bucket(name []byte) page {
	leaf, i, exact := t.find(t.page(t.head.root), name)
	if !exact {
		return nil
	}
	if !leaf.isBucket(i) {
		panic(pageDamage(leaf.id(), errPage))
	}
	root, inline, err := bucketOf(leaf.value(i))
	switch {
	case err != nil:
		panic(pageDamage(leaf.id(), err))
	case inline != nil:
		return inline
	}
	return t.page(root)
}

// find returns the leaf below p that a key belongs to, and its place there.
func (t *tree) find(p page, key []byte) (leaf page, i int, exact bool) {
	for depth := 0; p.isBranch(); depth++ {
		if depth == maxDepth {
			panic(pageDamage(p.id(), errTooDeep))
		}
		p = t.page(p.child(p.toward(key)))
	}
	i, exact = p.search(key)
	return p, i, exact
}

// toward returns the element of a branch below which a key is.
func (p page) toward(key []byte) int {
	i, exact := p.search(key)
	if !exact && i > 0 {
		i--
	}
	return i
}

// get returns the value of a key in a bucket, nil if there is none.
func (t *tree) get(b bucket, key []byte) []byte {
	leaf, i, exact := t.find(t.mustBucket(b), key)
	if !exact {
		return nil
	}
	return leaf.value(i)
}

// mustBucket returns the first page of a bucket that has to be there.
func (t *tree) mustBucket(b bucket) page {
	root := t.bucket(b.name)
	if root == nil {
		panic(damage{errNoBucket(b)})
	}
	return root
}

// treeCursor walks the keys of a bucket as a cursor of bbolt does.
type treeCursor struct {
	tree  *tree
	root  page
	stack []place // from the root to the leaf
}

// place is an element of a page.
type place struct {
	page page
	i    int
}

func (t *tree) cursor(b bucket) *treeCursor {
	return &treeCursor{tree: t, root: t.mustBucket(b), stack: make([]place, 0, 4)}
}

// Seek moves to the first key that is not before key; nil if there is none.
func (c *treeCursor) Seek(key []byte) (k, v []byte) {
	c.stack = c.stack[:0]
	p := c.root
	for p.isBranch() {
		i := p.toward(key)
		p = c.push(p, i)
	}
	i, _ := p.search(key)
	c.push(p, i)
	if i == p.count() {
		return c.Next()
	}
	return c.here()
}

// push notes a place and, if that is in a branch, returns the page below it.
func (c *treeCursor) push(p page, i int) (below page) {
	if len(c.stack) == maxDepth {
		panic(pageDamage(p.id(), errTooDeep))
	}
	c.stack = append(c.stack, place{p, i})
	if !p.isBranch() {
		return nil
	}
	return c.tree.page(p.child(i))
}

// Last moves to the last key.
func (c *treeCursor) Last() (k, v []byte) {
	c.stack = c.stack[:0]
	c.descend(c.root, false)
	if c.top().i < 0 {
		return c.Prev()
	}
	return c.here()
}

// descend goes down to the first or last leaf below p.
func (c *treeCursor) descend(p page, first bool) {
	for {
		i := 0
		if !first {
			i = p.count() - 1
		}
		if p = c.push(p, i); p == nil {
			return
		}
	}
}

func (c *treeCursor) top() *place { return &c.stack[len(c.stack)-1] }

// here returns the element that the cursor is at.
func (c *treeCursor) here() (k, v []byte) {
	at := c.top()
	return at.page.key(at.i), at.page.value(at.i)
}

// Next moves to the next key, nil at the end.
func (c *treeCursor) Next() (k, v []byte) { return c.step(+1) }

// Prev moves to the key before, nil at the beginning.
func (c *treeCursor) Prev() (k, v []byte) { return c.step(-1) }

func (c *treeCursor) step(by int) (k, v []byte) {
	for len(c.stack) > 0 {
		at := c.top()
		at.i += by
		switch inside := at.i >= 0 && at.i < at.page.count(); {
		case !inside && len(c.stack) == 1:
			at.i = min(max(at.i, -1), at.page.count()) // stay beside the end
			return nil, nil
		case !inside:
			c.stack = c.stack[:len(c.stack)-1]
		case at.page.isBranch():
			c.descend(c.tree.page(at.page.child(at.i)), by > 0)
			if leaf := c.top(); leaf.page.count() > 0 {
				return c.here()
			}
		default:
			return c.here()
		}
	}
	return nil, nil
}

// walker visits every page of a state once, and verifies that they make a whole:
// that each page is laid out as it should be, is used once or free, and that keys
// are in the ranges that the branches above give them.
type walker struct {
	tree *tree
	used bitmap
	see  func(id uint64, p page) // each page of a tree; may be nil
}

// walk panics with the first damage that it finds.
func (w *walker) walk() {
	w.below(w.tree.head.root, keyRange{}, w.buckets, 0)
	w.free()
}

// keyRange is where keys have to be: from low on, and before high.
type keyRange struct{ low, high []byte }

func (r keyRange) contains(key []byte) bool {
	return (r.low == nil || bytes.Compare(r.low, key) <= 0) && (r.high == nil || bytes.Compare(key, r.high) < 0)
}

// below visits a page and all below it, and gives leaves to visit.
func (w *walker) below(id uint64, within keyRange, leaf func(p page), depth int) {
	if depth == maxDepth {
		panic(pageDamage(id, errTooDeep))
	}
	p := w.tree.page(id)
	w.use(id, p)
	if err := p.check(id); err != nil {
		panic(pageDamage(id, err))
	}
	if n := p.count(); n > 0 && !(within.contains(p.key(0)) && within.contains(p.key(n-1))) {
		panic(pageDamage(id, errKeyRange))
	}
	if w.see != nil {
		w.see(id, p)
	}
	if !p.isBranch() {
		leaf(p)
		return
	}
	for i := range p.count() {
		r := keyRange{p.key(i), within.high}
		if i+1 < p.count() {
			r.high = p.key(i + 1)
		}
		w.below(p.child(i), r, leaf, depth+1)
	}
}

// use notes that a page is used.
func (w *walker) use(id uint64, p page) {
	for i := id; i <= id+p.overflow(); i++ {
		if !w.used.add(i) {
			panic(pageDamage(i, errTwice))
		}
	}
}

// buckets visits the buckets of a leaf at the root.
func (w *walker) buckets(p page) {
	for i := range p.count() {
		if !p.isBucket(i) {
			panic(pageDamage(p.id(), errPage))
		}
		root, inline, err := bucketOf(p.value(i))
		switch {
		case err != nil:
			panic(pageDamage(p.id(), err))
		case inline != nil:
			w.values(inline)
		default:
			w.below(root, keyRange{}, w.values, 1)
		}
	}
}

// values refuses buckets in buckets, which this package does not make.
func (w *walker) values(p page) {
	for i := range p.count() {
		if p.uint32At(i, 0) != 0 {
			panic(pageDamage(p.id(), errPage))
		}
	}
}

// free visits the list of free pages, and finds pages that are neither used nor
// free.
func (w *walker) free() {
	id := w.tree.head.freelist
	p := w.tree.raw(id)
	w.use(id, p)
	ids, err := freeList(p)
	if err != nil || p.id() != id {
		panic(pageDamage(id, errPage))
	}
	if w.see != nil {
		w.see(id, p)
	}
	for _, id := range ids {
		if id < firstPage || id >= w.tree.head.high {
			panic(pageDamage(id, errNoPage))
		}
		if !w.used.add(id) {
			panic(pageDamage(id, errTwice))
		}
	}
	for id := uint64(firstPage); id < w.tree.head.high; id++ {
		if !w.used.has(id) {
			panic(pageDamage(id, errLeaked))
		}
	}
}

// bitmap is a set of numbers of pages.
type bitmap []uint64

func newBitmap(n uint64) bitmap { return make(bitmap, (n+63)/64) }

func (b bitmap) has(i uint64) bool { return i/64 < uint64(len(b)) && b[i/64]&(1<<(i%64)) != 0 }

// add adds a number and reports whether it is new.
func (b bitmap) add(i uint64) bool {
	if b.has(i) {
		return false
	}
	b[i/64] |= 1 << (i % 64)
	return true
}

func (b bitmap) remove(i uint64) {
	if i/64 < uint64(len(b)) {
		b[i/64] &^= 1 << (i % 64)
	}
}

// verifyBelow verifies all pages below p.
func (t *tree) verifyBelow(p page, depth int) {
	if depth == maxDepth {
		panic(pageDamage(p.id(), errTooDeep))
	}
	for i := 0; p.isBranch() && i < p.count(); i++ {
		t.verifyBelow(t.page(p.child(i)), depth+1)
	}
}
