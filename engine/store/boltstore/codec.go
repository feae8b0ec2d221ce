package boltstore

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"strconv"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// castagnoli is CRC-32C, which processors compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumSize is the length of the checksum before every value.
const sumSize = 4

// errDamaged is the reason inside a corruption error when bytes do not parse.
var errDamaged = errors.New("value does not decode")

// errChecksum is the reason when bytes are not those that were written.
var errChecksum = errors.New("checksum does not match")

// seed begins the checksum of every value in a bucket, so that a value that
// turns up in another bucket is noticed.
func seed(bucket []byte) uint32 { return crc32.Checksum(bucket, castagnoli) }

// sealed appends the checksum and the payload that fill produces.
func sealed(seed uint32, key []byte, payload func(dst []byte) []byte) []byte {
	value := payload(make([]byte, sumSize, 256))
	binary.LittleEndian.PutUint32(value, sum(seed, key, value[sumSize:]))
	return value
}

func sum(seed uint32, key, payload []byte) uint32 {
	return crc32.Update(crc32.Update(seed, castagnoli, key), castagnoli, payload)
}

// opened verifies a value and returns its payload.
func opened(seed uint32, key, value []byte) ([]byte, error) {
	if len(value) < sumSize || binary.LittleEndian.Uint32(value) != sum(seed, key, value[sumSize:]) {
		return nil, errChecksum
	}
	return value[sumSize:], nil
}

// Tags of stored values. Integers and floats are kept as such only when their
// JSON text is the one that would be made of them.
const (
	tagNull  = 0
	tagFalse = 1
	tagTrue  = 2
	tagInt   = 3
	tagFloat = 4
	tagText  = 5
	tagJSON  = 6
)

// appendRecord appends a record without its id: version, number of members,
// then each name and value.
func appendRecord(dst []byte, r *store.Record) []byte {
	dst = binary.AppendUvarint(dst, r.Version)
	dst = binary.AppendUvarint(dst, uint64(r.Fields.Len()-1))
	for name, v := range r.Fields.All() {
		if name != "id" {
			dst = appendValue(appendText(dst, name), v)
		}
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendValue(dst []byte, v document.Value) []byte {
	switch v.Kind() {
	case document.Absent, document.Null:
		return append(dst, tagNull)
	case document.Bool:
		if v.Bool() {
			return append(dst, tagTrue)
		}
		return append(dst, tagFalse)
	case document.String:
		return appendText(append(dst, tagText), v.Str())
	case document.Number:
		if n, ok := v.Int(); ok && strconv.FormatInt(n, 10) == v.NumberText() {
			return binary.AppendVarint(append(dst, tagInt), n)
		}
		if f, ok := v.Float(); ok && document.Float(f).NumberText() == v.NumberText() {
			return binary.BigEndian.AppendUint64(append(dst, tagFloat), math.Float64bits(f))
		}
	}
	return appendText(append(dst, tagJSON), string(v.JSON()))
}

// decoder reads what appendRecord wrote. Texts are parts of one string, which
// is the only copy that is made of the bytes.
type decoder struct {
	s   string
	bad bool
}

func decodeRecord(id string, payload []byte) (*store.Record, error) {
	d := decoder{s: string(payload)}
	r := &store.Record{ID: id, Version: d.uvarint()}
	n := d.uvarint()
	if n > uint64(len(d.s)) {
		return nil, errDamaged
	}
	r.Fields = document.NewObject(int(n) + 1)
	for ; n > 0 && !d.bad; n-- {
		name := d.text()
		r.Fields.Set(name, d.value())
	}
	if d.bad || d.s != "" {
		return nil, errDamaged
	}
	r.Fields.Set("id", document.Text(id))
	return r, nil
}

func (d *decoder) uvarint() uint64 {
	var n uint64
	for shift := 0; shift < 64 && len(d.s) > 0; shift += 7 {
		c := d.s[0]
		d.s = d.s[1:]
		n |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return n
		}
	}
	d.bad = true
	return 0
}

func (d *decoder) text() string {
	n := d.uvarint()
	if d.bad || n > uint64(len(d.s)) {
		d.bad = true
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

func (d *decoder) value() document.Value {
	if d.bad || d.s == "" {
		d.bad = true
		return document.NullValue()
	}
	tag := d.s[0]
	d.s = d.s[1:]
	switch tag {
	case tagNull:
		return document.NullValue()
	case tagFalse, tagTrue:
		return document.Boolean(tag == tagTrue)
	case tagInt:
		u := d.uvarint()
		return document.Int(int64(u>>1) ^ -int64(u&1))
	case tagFloat:
		if len(d.s) < 8 {
			break
		}
		bits := binary.BigEndian.Uint64([]byte(d.s[:8]))
		d.s = d.s[8:]
		return document.Float(math.Float64frombits(bits))
	case tagText:
		return document.Text(d.text())
	case tagJSON:
		// A json field may nest as deep as its writer allowed.
		text := d.text()
		v, err := document.Parse([]byte(text), len(text)+1)
		if err != nil {
			break
		}
		return v
	}
	d.bad = true
	return document.NullValue()
}
