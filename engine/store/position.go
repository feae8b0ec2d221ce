package store

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"
	"unicode/utf8"
)

// position is a place in the order of a selection: that of a record, which need
// not be there any more.
type position struct {
	key []byte // of the field that sorts
	id  string
}

// positionOf returns a record's place.
func (p *planned) positionOf(r *Record) position {
	if p.sort.Name == idField {
		return position{id: r.ID, key: []byte{tagNull}}
	}
	v := r.Get(p.sort.Name)
	if p.sort.Fold {
		return position{appendFolded(nil, v), r.ID}
	}
	return position{AppendKey(nil, v), r.ID}
}

// compare orders places as the selection returns them.
func (p *planned) compare(a, b position) int {
	if p.sel.Desc {
		a, b = b, a
	}
	return cmp.Or(bytes.Compare(a.key, b.key), strings.Compare(a.id, b.id))
}

// page makes the selection's page of all records that meet its conditions.
func (p *planned) page(all []*Record) Page {
	type placed struct {
		position
		record *Record
	}
	list := make([]placed, 0, len(all))
	for _, r := range all {
		at := p.positionOf(r)
		if p.after == nil || p.compare(*p.after, at) < 0 {
			list = append(list, placed{at, r})
		}
	}
	slices.SortFunc(list, func(a, b placed) int { return p.compare(a.position, b.position) })
	list = list[min(p.sel.Offset, len(list)):]
	page := Page{Records: []*Record{}}
	for _, r := range list[:min(p.sel.Limit, len(list))] {
		page.Records = append(page.Records, r.record)
	}
	if len(list) > p.sel.Limit {
		page.Cursor = p.cursor(list[p.sel.Limit-1].record)
	}
	return page
}

// A cursor is a sum of what it goes with, the length of the key, the key, and
// the id.
const cursorSum = 4

// cursor continues after a record, whichever index is read then.
func (p *planned) cursor(r *Record) string {
	at := p.positionOf(r)
	text := binary.BigEndian.AppendUint32(make([]byte, 0, cursorSum+2+len(at.key)+len(at.id)), p.sum())
	text = binary.AppendUvarint(text, uint64(len(at.key)))
	return base64.RawURLEncoding.EncodeToString(append(append(text, at.key...), at.id...))
}

// sum tells selections apart that cannot continue one another.
func (p *planned) sum() uint32 {
	h := fnv.New32a()
	h.Write([]byte(p.sel.Model + "\x00" + p.sort.Name + "\x00"))
	if p.sort.Fold {
		h.Write([]byte("~"))
	}
	if p.sel.Desc {
		h.Write([]byte("-"))
	}
	return h.Sum32()
}

// readCursor returns the place that cursor wrote down.
func (p *planned) readCursor(cursor string) (*position, error) {
	bad := func(reason string) (*position, error) {
		return nil, &InvalidError{Model: p.sel.Model, Reason: reason}
	}
	if p.sel.Offset != 0 {
		return bad("an offset beside a cursor, which says itself where to go on")
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(text) < cursorSum || len(text) > cursorSum+2+maxKeyPart+MaxID {
		return bad("not a cursor")
	}
	if binary.BigEndian.Uint32(text) != p.sum() {
		return bad("the cursor is that of another model, or of another order")
	}
	text = text[cursorSum:]
	n, size := binary.Uvarint(text)
	if size <= 0 || n == 0 || n > uint64(len(text)-size) || !utf8.Valid(text[size+int(n):]) {
		return bad("not a cursor")
	}
	return &position{text[size : size+int(n) : size+int(n)], string(text[size+int(n):])}, nil
}
