package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tetratelabs/wazero"
)

// codeCache is a folder of compiled code. wazero finds an entry by its module
// and checks little of what it finds, and an entry runs as part of this process:
// so each has a record, with a MAC under a secret that is not in the folder, and
// what does not fit its record is never loaded, but made again.
type codeCache struct {
	dir    string // wazero's folder is in it
	secret []byte
	wazero wazero.CompilationCache
}

// record says what came of compiling a module: an entry, or why there is none.
type record struct {
	Entry  string `json:"entry,omitempty"`  // its path below the folder
	Sum    string `json:"sum,omitempty"`    // SHA-256 of its content, in hex
	Failed string `json:"failed,omitempty"` // what the compiling process said
	MAC    string `json:"mac"`              // of the above and of the module, HMAC-SHA-256 in hex
}

const (
	recordSuffix  = ".record"
	unfinished    = "unfinished-" // folders that code is compiled into
	maxRecord     = 16 << 10      // bytes
	maxSaid       = 4 << 10       // bytes of record.Failed
	secretMinimum = 16            // bytes of Config.CacheSecret
	staleAfter    = time.Hour     // what is unfinished for so long, nobody finishes
)

// openCache opens the folder of compiled code. What is in it runs as part of
// this process, so nobody else may be able to write to it.
func openCache(dir, key string, secret []byte) (*codeCache, error) {
	if len(secret) == 0 {
		secret = make([]byte, sha256.Size)
		_, _ = rand.Read(secret) // never fails
	}
	if len(secret) < secretMinimum {
		return nil, fmt.Errorf("sandbox: CacheSecret has %d bytes; at least %d are needed", len(secret), secretMinimum)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sandbox: compilation cache: %w", err)
	}
	st, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("sandbox: compilation cache: %w", err)
	}
	if open := sharedWith(st); open != "" {
		return nil, fmt.Errorf("sandbox: compilation cache %s %s; use a private folder (mode 0700)", dir, open)
	}
	// Servers that share the folder and not the secret leave each other's entries alone.
	owner := sha256.Sum256(secret)
	c := &codeCache{dir: filepath.Join(dir, filepath.Base(or(key, "default")), hex.EncodeToString(owner[:8])), secret: secret}
	if c.wazero, err = wazero.NewCompilationCacheWithDir(c.dir); err != nil {
		return nil, fmt.Errorf("sandbox: compilation cache: %w", err)
	}
	c.sweep()
	return c, nil
}

// moduleID is what a record is found by: the module and the settings that its
// code depends on.
func moduleID(wasm []byte, pages uint32) string {
	h := sha256.New()
	_ = binary.Write(h, binary.BigEndian, pages) // a hash takes everything
	h.Write(wasm)
	return hex.EncodeToString(h.Sum(nil))
}

// fill sees to it that the code of a module is in the folder, and is what was
// put there. make compiles into an empty folder. hit reports that nothing had
// to be made.
func (c *codeCache) fill(ctx context.Context, id string, make func(ctx context.Context, dir string) error) (hit bool, err error) {
	r, ok := c.read(id)
	if ok && (r.Failed != "" || c.fits(r)) {
		return true, failure(r)
	}
	work, err := os.MkdirTemp(c.dir, unfinished)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	var refused *CompilerError
	switch err := make(ctx, work); {
	case err == nil:
		r, err = c.adopt(work)
		if err != nil {
			return false, err
		}
	case errors.Is(context.Cause(ctx), errSlow):
		r = record{Failed: errSlow.Error()}
	case ctx.Err() == nil && errors.As(err, &refused):
		r = record{Failed: refused.Error()[:min(len(refused.Error()), maxSaid)]}
	default:
		return false, err // the caller gave up, or it did not start: that says nothing of the module
	}
	if err := c.write(id, r); err != nil {
		return false, err
	}
	return false, failure(r)
}

// failure is the error that a record stands for.
func failure(r record) error {
	if r.Failed == "" {
		return nil
	}
	return errors.New(r.Failed)
}

// adopt moves the entry that was compiled into a folder to its place. Nothing
// that lay there before is kept.
func (c *codeCache) adopt(from string) (record, error) {
	var r record
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if r.Entry != "" {
			return errors.New("more than one entry was compiled")
		}
		if r.Entry, err = filepath.Rel(from, path); err != nil {
			return err
		}
		r.Sum, err = sumOf(path)
		return err
	})
	if err != nil {
		return record{}, fmt.Errorf("sandbox: compilation cache: %w", err)
	}
	if r.Entry == "" {
		return record{}, errors.New("sandbox: compilation cache: nothing was compiled")
	}
	place := filepath.Join(c.dir, r.Entry)
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		return record{}, err
	}
	return r, replace(filepath.Join(from, r.Entry), place)
}

// replace moves a file to a place, whatever is there.
func replace(from, to string) error {
	if os.Rename(from, to) == nil {
		return nil
	}
	if err := os.RemoveAll(to); err != nil { // a folder, say
		return err
	}
	return os.Rename(from, to)
}

// sweep removes what processes that were killed have left unfinished.
func (c *codeCache) sweep() {
	left, _ := filepath.Glob(filepath.Join(c.dir, unfinished+"*"))
	for _, path := range left {
		if st, err := os.Stat(path); err == nil && time.Since(st.ModTime()) > staleAfter {
			_ = os.RemoveAll(path) // it costs room, and nothing else
		}
	}
}

// read returns the record of a module, if there is one with the right MAC.
func (c *codeCache) read(id string) (record, bool) {
	f, err := os.Open(c.recordFile(id))
	if err != nil {
		return record{}, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecord))
	var r record
	if err != nil || json.Unmarshal(text, &r) != nil {
		return record{}, false
	}
	return r, hmac.Equal([]byte(r.MAC), []byte(c.mac(id, r)))
}

// write replaces the record of a module.
func (c *codeCache) write(id string, r record) error {
	r.MAC = c.mac(id, r)
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, unfinished) // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = replace(f.Name(), c.recordFile(id))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (c *codeCache) recordFile(id string) string { return filepath.Join(c.dir, id+recordSuffix) }

// fits reports whether the entry of a record is as it was made.
func (c *codeCache) fits(r record) bool {
	if !filepath.IsLocal(r.Entry) {
		return false
	}
	sum, err := sumOf(filepath.Join(c.dir, r.Entry))
	return err == nil && sum == r.Sum
}

// mac covers each member with its length, so that none runs into the next.
func (c *codeCache) mac(id string, r record) string {
	h := hmac.New(sha256.New, c.secret)
	for _, part := range []string{id, r.Entry, r.Sum, r.Failed} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part))) // a hash takes everything
		_, _ = io.WriteString(h, part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
