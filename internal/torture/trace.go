package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// traced are the system calls by which the server changes files.
const traced = "openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat"

// longestWrite is how many bytes of a text are recorded: more than any write has.
const longestWrite = 64 << 20

// strace returns the command that records what a server does to its files, with
// the whole of what it writes. strace prints a call before it lets the server go on.
func strace(binary, to string) []string {
	return []string{"strace", "-D", "-f", "-q", "-y", "-xx", "-s", strconv.Itoa(longestWrite), "--seccomp-bpf", "-e", "trace=" + traced, "-e", "signal=none", "-o", to, binary}
}

// recording is what strace has recorded.
type recording struct {
	lines *bufio.Reader
	ours  func(path string) bool
	at    int64             // bytes that were read
	syncs map[string]func() // by thread, those under way
	disk  *disk
}

func newRecording(from io.Reader, d *disk, ours func(path string) bool) *recording {
	return &recording{lines: bufio.NewReaderSize(from, 1<<20), ours: ours, syncs: map[string]func(){}, disk: d}
}

// next applies the next line to the disk. It returns the file that the line is
// about, "" if it is none of the folder, and io.EOF after the last whole line.
func (r *recording) next() (about string, err error) {
	line, err := r.lines.ReadString('\n')
	if err != nil {
		return "", io.EOF
	}
	r.at += int64(len(line))
	thread, call, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
	call = strings.TrimSpace(call)
	if strings.HasPrefix(call, "<... ") {
		if done := r.syncs[thread]; done != nil && strings.HasSuffix(call, "= 0") {
			done()
		}
		delete(r.syncs, thread)
		return "", nil
	}
	name, rest, ok := strings.Cut(call, "(")
	if !ok {
		return "", nil // the end of a thread
	}
	given, unfinished := strings.CutSuffix(rest, " <unfinished ...>")
	if !unfinished {
		end := strings.LastIndex(rest, ") = ")
		if end < 0 || strings.HasPrefix(rest[end+len(") = "):], "-1") {
			return "", nil // it failed
		}
		given = rest[:end]
	}
	about, done, err := r.apply(name, strings.Split(strings.TrimSuffix(given, ")"), ", "))
	if err != nil {
		return "", fmt.Errorf("%q at byte %d of the recording: %w", name, r.at, err)
	}
	switch {
	case done != nil && unfinished:
		r.syncs[thread] = done
	case done != nil && strings.HasSuffix(rest, "= 0"):
		done()
	}
	return about, nil
}

var errShape = errors.New("it is not as strace writes it")

// apply does to the disk what a call did. done ends a sync.
func (r *recording) apply(name string, args []string) (about string, done func(), err error) {
	switch name {
	case "rename", "renameat", "renameat2", "unlink", "unlinkat":
		about, err = r.rename(strings.HasPrefix(name, "unlink"), args)
		return about, nil, err
	case "openat":
		if len(args) < 3 || !strings.Contains(args[2], "O_CREAT") {
			return "", nil, nil
		}
		if about, err = pathAt(args[0], args[1]); err == nil && r.ours(about) {
			r.disk.open(about, strings.Contains(args[2], "O_TRUNC"))
			return about, nil, nil
		}
		return "", nil, err
	}
	about, err = pathOf(args[0])
	if err != nil || about == "" || !r.ours(about) && !r.ours(filepath.Join(about, "any")) {
		return "", nil, err
	}
	switch name {
	case "write", "pwrite64":
		return about, nil, r.write(about, args)
	case "ftruncate":
		if len(args) < 2 {
			return "", nil, errShape
		}
		length, err := strconv.ParseInt(args[1], 10, 64)
		r.disk.truncate(about, length)
		return about, nil, err
	}
	return about, r.disk.beginSync(about), nil
}

func (r *recording) write(about string, args []string) error {
	if len(args) < 3 {
		return errShape
	}
	data, err := unquote(args[1])
	at := int64(-1)
	if len(args) > 3 && err == nil {
		at, err = strconv.ParseInt(args[3], 10, 64)
	}
	r.disk.write(about, at, []byte(data))
	return err
}

// rename handles calls with one or two names, each with the folder that it is
// relative to, or without.
func (r *recording) rename(gone bool, args []string) (about string, err error) {
	var paths []string
	for i, a := range args {
		if !strings.HasPrefix(a, `"`) {
			continue
		}
		dir := ""
		if i > 0 && !strings.HasPrefix(args[i-1], `"`) {
			dir = args[i-1]
		}
		path, err := pathAt(dir, a)
		if err != nil {
			return "", err
		}
		paths = append(paths, path)
	}
	switch {
	case len(paths) == 0:
		return "", errShape
	case !r.ours(paths[0]):
		return "", nil
	case gone:
		r.disk.rename(naming{from: paths[0]}, nil)
	case len(paths) == 2:
		r.disk.rename(naming{from: paths[0], to: paths[1]}, nil)
	default:
		return "", errShape
	}
	return paths[len(paths)-1], nil
}

// pathOf returns the path of a descriptor such as 5</path>; "" of a deleted file.
func pathOf(descriptor string) (string, error) {
	_, path, found := strings.Cut(descriptor, "<")
	path, ok := strings.CutSuffix(path, ">")
	if !found || !ok {
		return "", nil
	}
	return unquote(`"` + path + `"`)
}

func pathAt(dir, name string) (string, error) {
	path, err := unquote(name)
	if err != nil || filepath.IsAbs(path) {
		return path, err
	}
	base, err := pathOf(dir)
	return filepath.Join(base, path), err
}

// unquote reads a text whose bytes are all written as \x00.
func unquote(text string) (string, error) {
	inner := strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`)
	if strings.HasSuffix(text, "...") {
		return "", fmt.Errorf("%w: a text is cut off", errShape)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(inner, `\x`, ""))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errShape, err)
	}
	return string(b), nil
}

// size returns how much was recorded.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
