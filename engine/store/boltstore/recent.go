package boltstore

import (
	"bytes"
	"strings"

	"github.com/tidwall/btree"
	bolt "go.etcd.io/bbolt"
)

// recent is what was committed since the bbolt file took over the last time: the
// newest value of each key, nil where the key was deleted. What readers have of
// it does not change.
type recent struct{ keys *btree.Map[string, []byte] }

// degree is that of the tree: copies for readers share its nodes, and a write
// copies those on its way.
const degree = 16

func newRecent() *recent { return &recent{btree.NewMap[string, []byte](degree)} }

// copy returns a copy that can be written. Only who commits makes one.
func (r *recent) copy() *recent { return &recent{r.keys.Copy()} }

func (r *recent) empty() bool { return r == nil || r.keys.Len() == 0 }

// place is where a key of a bucket stands.
func (b bucket) place(key []byte) string { return b.prefix + string(key) }

func (r *recent) set(b bucket, key, value []byte) { r.keys.Set(b.place(key), value) }

// get returns the value of a key, nil if it was deleted; found is false if
// nothing was written there.
func (r *recent) get(b bucket, key []byte) (value []byte, found bool) {
	if r.empty() {
		return nil, false
	}
	return r.keys.Get(b.place(key))
}

// each visits every key that was written.
func (r *recent) each(visit func(b bucket, key []byte)) {
	r.keys.Scan(func(place string, _ []byte) bool {
		name, key, _ := strings.Cut(place, prefixEnd)
		visit(newBucket(name), []byte(key))
		return true
	})
}

// moveTo writes everything into a transaction.
func (r *recent) moveTo(tx *bolt.Tx) (err error) {
	r.keys.Scan(func(place string, value []byte) bool {
		name, key, _ := strings.Cut(place, prefixEnd)
		b := tx.Bucket([]byte(name))
		switch {
		case b == nil:
			err = errDamaged
		case value == nil:
			err = b.Delete([]byte(key))
		default:
			err = b.Put([]byte(key), value)
		}
		return err == nil
	})
	return err
}

// get returns the value of a key, nil if there is none.
func (v view) get(b bucket, key []byte) []byte {
	if value, found := v.recent.get(b, key); found {
		return value
	}
	return v.stored(b, key)
}

// stored returns the value that the file has for a key, nil if there is none.
func (v view) stored(b bucket, key []byte) []byte {
	if v.pages != nil {
		return v.pages.get(b, key)
	}
	if in := v.tx.Bucket(b.name); in != nil {
		return in.Get(key)
	}
	return nil
}

// has reports whether there is a bucket. Commits make none: what is recent is in
// those of the file.
func (v view) has(b bucket) bool {
	if v.pages != nil {
		return v.pages.bucket(b.name) != nil
	}
	return v.tx.Bucket(b.name) != nil
}

// fileCursor walks the keys of a bucket in the file: a *treeCursor or a *bolt.Cursor.
type fileCursor interface {
	Seek(key []byte) (k, v []byte)
	Last() (k, v []byte)
	Next() (k, v []byte)
	Prev() (k, v []byte)
}

// cursor walks the keys of a bucket in one direction, those of the file and
// those that are more recent as one.
type cursor struct {
	desc   bool
	file   fileCursor // nil if there is no such bucket
	recent btree.MapIter[string, []byte]
	prefix string

	// The next of each; a key that is nil is the end.
	fileKey, fileValue     []byte
	recentKey, recentValue []byte
}

// ascend returns a cursor whose first key is the first one that is not before
// from.
func (v view) ascend(b bucket, from []byte) *cursor {
	c := v.cursor(b)
	if c.file != nil {
		c.fileKey, c.fileValue = c.file.Seek(from)
	}
	if !v.recent.empty() {
		c.takeRecent(c.recent.Seek(b.place(from)))
	}
	return c
}

// descend returns a cursor whose first key is the last one before to; nil means
// the end.
func (v view) descend(b bucket, to []byte) *cursor {
	c := v.cursor(b)
	c.desc = true
	if c.file != nil {
		c.fileKey, c.fileValue = before(c.file, to)
	}
	if !v.recent.empty() {
		end := b.place(to)
		if to == nil {
			end = b.prefix[:len(b.prefix)-len(prefixEnd)] + afterPrefix
		}
		if c.recent.Seek(end) {
			c.takeRecent(c.recent.Prev())
		} else {
			c.takeRecent(c.recent.Last())
		}
	}
	return c
}

func (v view) cursor(b bucket) *cursor {
	c := &cursor{prefix: b.prefix}
	if v.pages != nil {
		c.file = v.pages.cursor(b)
	} else if in := v.tx.Bucket(b.name); in != nil {
		c.file = in.Cursor()
	}
	if !v.recent.empty() {
		c.recent = v.recent.keys.Iter()
	}
	return c
}

// before moves a cursor to the last key before to, nil for the end.
func before(c fileCursor, to []byte) (key, value []byte) {
	if to == nil {
		return c.Last()
	}
	if key, _ := c.Seek(to); key == nil {
		return c.Last()
	}
	return c.Prev()
}

// takeRecent notes where the iterator is, if it is in the bucket.
func (c *cursor) takeRecent(there bool) {
	c.recentKey, c.recentValue = nil, nil
	if !there {
		return
	}
	if key, ok := strings.CutPrefix(c.recent.Key(), c.prefix); ok {
		c.recentKey, c.recentValue = []byte(key), c.recent.Value()
	}
}

// next returns the next key, nil at the end.
func (c *cursor) next() (key, value []byte) {
	for {
		switch order := c.order(); {
		case c.fileKey == nil && c.recentKey == nil:
			return nil, nil
		case order < 0:
			key, value = c.fileKey, c.fileValue
			c.stepFile()
			return key, value
		default:
			if order == 0 {
				c.stepFile() // it is out of date
			}
			key, value = c.recentKey, c.recentValue
			c.stepRecent()
			if value != nil {
				return key, value
			}
		}
	}
}

// order is negative if the file's key comes first, 0 if it is the other one.
func (c *cursor) order() int {
	switch {
	case c.recentKey == nil:
		return -1
	case c.fileKey == nil:
		return 1
	}
	order := bytes.Compare(c.fileKey, c.recentKey)
	if c.desc {
		return -order
	}
	return order
}

func (c *cursor) stepFile() {
	if c.desc {
		c.fileKey, c.fileValue = c.file.Prev()
	} else {
		c.fileKey, c.fileValue = c.file.Next()
	}
}

func (c *cursor) stepRecent() {
	if c.desc {
		c.takeRecent(c.recent.Prev())
	} else {
		c.takeRecent(c.recent.Next())
	}
}
