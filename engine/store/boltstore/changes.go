package boltstore

import "encoding/binary"

// Kinds of changes in the journal.
const (
	changePut    = 1
	changeDelete = 2
)

// appendPut and appendDelete append a change of a bucket.
func appendPut(dst, bucket, key, value []byte) []byte {
	return appendPart(appendPart(appendPart(append(dst, changePut), bucket), key), value)
}

func appendDelete(dst, bucket, key []byte) []byte {
	return appendPart(appendPart(append(dst, changeDelete), bucket), key)
}

func appendPart(dst, part []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(part))), part...)
}

// replay makes the changes of a batch again.
func (r *recent) replay(changes []byte) error {
	for len(changes) > 0 {
		kind := changes[0]
		name, rest, ok := cutPart(changes[1:])
		if !ok {
			return errDamaged
		}
		key, rest, ok := cutPart(rest)
		if !ok {
			return errDamaged
		}
		var value []byte
		switch kind {
		case changePut:
			if value, rest, ok = cutPart(rest); !ok || len(value) == 0 {
				return errDamaged
			}
		case changeDelete:
		default:
			return errDamaged
		}
		r.set(newBucket(string(name)), key, value)
		changes = rest
	}
	return nil
}

func cutPart(b []byte) (part, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	end := size + int(n)
	return b[size:end:end], b[end:], true
}
