package boltstore

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"
)

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
func replay(tx *bolt.Tx, changes []byte) error {
	for len(changes) > 0 {
		kind := changes[0]
		bucket, rest, ok1 := cutPart(changes[1:])
		key, rest, ok2 := cutPart(rest)
		b := tx.Bucket(bucket)
		if !ok1 || !ok2 || b == nil {
			return errDamaged
		}
		var err error
		switch kind {
		case changePut:
			var value []byte
			var ok bool
			if value, rest, ok = cutPart(rest); !ok {
				return errDamaged
			}
			err = b.Put(key, value)
		case changeDelete:
			err = b.Delete(key)
		default:
			return errDamaged
		}
		if err != nil {
			return err
		}
		changes = rest
	}
	return nil
}

func cutPart(b []byte) (part, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	return b[size : size+int(n)], b[size+int(n):], true
}
