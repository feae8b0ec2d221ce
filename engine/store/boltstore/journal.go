package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// journalBlock is what the journal is written in. A block is never written
	// again in the same round, so that a write which is cut off by a power
	// failure damages nothing that was acknowledged.
	journalBlock = 4096
	// journalHeads is the number of blocks with heads. Rounds write them in
	// turn: one is whole at any time.
	journalHeads = 2
	// journalSize bounds a journal, and so what is to be done again after a
	// power failure.
	journalSize = 1 << 20
	// journalFull is from where on the file takes over what the journal has,
	// before there is no room for the next batch.
	journalFull = journalSize * 3 / 4
)

var (
	headMagic  = []byte("authhost journal")
	batchMagic = binary.LittleEndian.Uint32([]byte("BTCH"))
)

// journalID ties a journal to the file that it is the journal of. The file has
// it in the bucket meta.
type journalID [16]byte

// head is what a round begins with. A round has what was committed since the file
// took over what was committed before.
type head struct {
	round uint64
	id    journalID
	base  uint64 // the file's transaction that has what came before: the file is that new or newer
}

// headBytes is the length of a head with its checksum.
const headBytes = 16 + 8 + 16 + 8 + 4

func (h head) encode() []byte {
	b := make([]byte, 0, journalBlock)
	b = append(b, headMagic...)
	b = binary.LittleEndian.AppendUint64(b, h.round)
	b = append(b, h.id[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.base)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return b[:journalBlock]
}

// decodeHead reads a head; ok is false if the block has none.
func decodeHead(b []byte) (h head, ok bool) {
	const sum = headBytes - 4
	if len(b) < headBytes || !bytes.Equal(b[:16], headMagic) || binary.LittleEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return head{}, false
	}
	h.round = binary.LittleEndian.Uint64(b[16:])
	copy(h.id[:], b[24:])
	h.base = binary.LittleEndian.Uint64(b[24+len(h.id):])
	return h, true
}

// batchHead is the length of what stands before a batch's changes: magic, length
// of the changes, round, number in the round, checksum.
const batchHead = 4 + 4 + 8 + 8 + 4

// appendBatch appends a batch and fills its last block with zeros.
func appendBatch(dst []byte, round, number uint64, changes []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, batchMagic)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(changes)))
	dst = binary.LittleEndian.AppendUint64(dst, round)
	dst = binary.LittleEndian.AppendUint64(dst, number)
	dst = binary.LittleEndian.AppendUint32(dst, batchSum(dst[start:], changes))
	dst = append(dst, changes...)
	return append(dst, make([]byte, blocks(len(changes))*journalBlock-(len(dst)-start))...)
}

func batchSum(head, changes []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, changes)
}

// blocks returns how many blocks a batch takes.
func blocks(changes int) int { return (batchHead + changes + journalBlock - 1) / journalBlock }

// batch is what is committed at once.
type batch struct {
	round, number uint64
	changes       []byte
}

// decodeBatch reads the batch at the start of b; ok is false if there is none
// that is whole.
func decodeBatch(b []byte) (_ batch, ok bool) {
	const sum = batchHead - 4
	if len(b) < batchHead || binary.LittleEndian.Uint32(b) != batchMagic {
		return batch{}, false
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if uint64(n) > uint64(len(b)-batchHead) {
		return batch{}, false
	}
	changes := b[batchHead : batchHead+int(n)]
	if binary.LittleEndian.Uint32(b[sum:]) != batchSum(b[:sum], changes) {
		return batch{}, false
	}
	return batch{round: binary.LittleEndian.Uint64(b[8:]), number: binary.LittleEndian.Uint64(b[16:]), changes: changes}, true
}

// journal is the file that makes commits durable, with one write and one sync for
// each, until the bbolt file takes them over. It belongs to who commits.
type journal struct {
	file   *os.File
	id     journalID
	round  uint64
	number uint64 // of the next batch
	at     int    // the block of the next batch
	buf    []byte
}

// journalPath returns where the journal of a tenant's file is.
func journalPath(path string) string { return strings.TrimSuffix(path, ".db") + ".journal" }

// createJournal makes a journal with an empty round, for what is committed after a
// transaction of the file. Under its name it appears when it is whole.
func createJournal(path string, id journalID, base uint64) (_ *journal, err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, tempPattern)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f, id: id}
	if err = f.Truncate(journalSize); err == nil {
		err = j.begin(base)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// begin begins a round, after a transaction of the file that has what came before:
// what the journal had is void when it returns.
func (j *journal) begin(base uint64) error {
	h := head{round: j.round + 1, id: j.id, base: base}
	if err := j.write(h.encode(), int(h.round%journalHeads)); err != nil {
		return err
	}
	j.round, j.number, j.at = h.round, 0, journalHeads
	return nil
}

// fits reports whether a batch has room in this round.
func (j *journal) fits(changes []byte) bool {
	return (j.at+blocks(len(changes)))*journalBlock <= journalSize
}

// full reports whether it is time for the file to take over what is here.
func (j *journal) full() bool { return j.at*journalBlock >= journalFull }

// append writes a batch; it is durable when append returns.
func (j *journal) append(changes []byte) error {
	j.buf = appendBatch(j.buf[:0], j.round, j.number, changes)
	if err := j.write(j.buf, j.at); err != nil {
		return err
	}
	j.at += len(j.buf) / journalBlock
	j.number++
	return nil
}

func (j *journal) write(b []byte, block int) error {
	if _, err := j.file.WriteAt(b, int64(block)*journalBlock); err != nil {
		return err
	}
	return datasync(j.file)
}

// close closes the journal, if there is one.
func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}

// remove deletes a file, if there is one, for good.
func remove(path string) error {
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}

// readJournal returns the head of the last round of a file's journal and the
// changes of its batches in their order; found is false when there is no journal.
func readJournal(path string) (h head, changes [][]byte, found bool, err error) {
	f, err := os.Open(journalPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return head{}, nil, false, nil
	}
	if err != nil {
		return head{}, nil, false, fmt.Errorf("boltstore: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, journalSize))
	if err != nil {
		return head{}, nil, false, fmt.Errorf("boltstore: %w", err)
	}
	if h, changes, err = decodeJournal(b); err == nil && len(b) < journalSize {
		err = errShort
	}
	if err != nil {
		return head{}, nil, false, damagedJournal(path, err)
	}
	return h, changes, true, nil
}

var (
	errNoHead = errors.New("no whole head")
	errShort  = errors.New("the end is missing")
	errGap    = errors.New("a batch is damaged that others follow")
	errBit    = errors.New("the last batch has a bit that was not written so")
)

// decodeJournal reads a journal. The last batch may be cut off: nobody was told
// that it is durable. One that is whole but for a bit was not cut off. That, and
// damage anywhere else, is an error.
func decodeJournal(b []byte) (h head, changes [][]byte, err error) {
	const start = journalHeads * journalBlock
	if len(b) < start {
		return head{}, nil, errNoHead
	}
	for i := range journalHeads {
		if other, ok := decodeHead(b[i*journalBlock:]); ok && other.round > h.round {
			h = other
		}
	}
	if h.round == 0 {
		return head{}, nil, errNoHead
	}
	b = b[start:]
	for {
		r, ok := decodeBatch(b)
		if !ok || r.round != h.round || r.number != uint64(len(changes)) {
			break
		}
		changes = append(changes, r.changes)
		b = b[blocks(len(r.changes))*journalBlock:]
	}
	if oneBitOff(b, h.round, uint64(len(changes))) {
		return head{}, nil, errBit
	}
	for ; len(b) >= journalBlock; b = b[journalBlock:] {
		if r, ok := decodeBatch(b); ok && (r.round > h.round || r.round == h.round && r.number > uint64(len(changes))) {
			return head{}, nil, errGap
		}
	}
	return h, changes, nil
}
