package sandbox_test

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// fuzzImports are imports with their signatures, parameters only i32 and i64.
var fuzzImports = map[[2]string]string{
	{"host_v1", "get"}:                            "iiii>I",
	{"host_v1", "set"}:                            "iiiii>i",
	{"host_v1", "take"}:                           "ii>I",
	{"host_v1", "log"}:                            "iii>",
	{"host_v1_echo", "call"}:                      "iiiiii>I",
	{"wasi_snapshot_preview1", "fd_write"}:        "iiii>i",
	{"wasi_snapshot_preview1", "fd_read"}:         "iiii>i",
	{"wasi_snapshot_preview1", "fd_fdstat_get"}:   "ii>i",
	{"wasi_snapshot_preview1", "fd_filestat_get"}: "ii>i",
	{"wasi_snapshot_preview1", "clock_time_get"}:  "iIi>i",
	{"wasi_snapshot_preview1", "clock_res_get"}:   "ii>i",
	{"wasi_snapshot_preview1", "random_get"}:      "ii>i",
	{"wasi_snapshot_preview1", "poll_oneoff"}:     "iiii>i",
	{"wasi_snapshot_preview1", "args_sizes_get"}:  "ii>i",
	{"wasi_snapshot_preview1", "proc_exit"}:       "i>",
	{"wasi_snapshot_preview1", "path_open"}:       "iiiiiIIii>i",
}

// FuzzImports calls imports one after the other with arbitrary arguments, in
// a memory of arbitrary content. Whatever comes of it is a result or a
// TrapError, and leaves an instance that passes the self-check.
func FuzzImports(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3}, "memory")
	f.Add(binary.LittleEndian.AppendUint32(nil, 1<<31), "\xff\xfe")
	rt := newRuntime(f, sandbox.Config{BreakAfter: -1})
	names := slices.SortedFunc(maps.Keys(fuzzImports), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	f.Fuzz(func(t *testing.T, program []byte, memory string) {
		if len(program) > 400 || len(memory) > 4096 {
			return
		}
		var b w.Builder
		for _, n := range names {
			b.Import(n[0], n[1], fuzzImports[n])
		}
		b.Memory(1, 3)
		b.Data(0, memory)
		b.Export("host_call", b.Func("i>i", "", fuzzProgram(program, names), w.I32(0)))
		m, err := rt.Load(context.Background(), b.Bytes(), sandbox.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		h := &fakeHost{fields: map[string]string{"": "value", "m": "another"}}
		_, _, err = run(t, m, h, sandbox.Limits{Wall: 50 * time.Millisecond})
		if err != nil && !errors.As(err, new(*sandbox.TrapError)) {
			t.Error(err)
		}
		if s := rt.Stats(); s.Faults > 0 {
			t.Errorf("self-check: %+v", s)
		}
	})
}

// fuzzProgram turns bytes into calls: one byte chooses the import, then come
// its arguments, of one byte or, after a byte of at least 0xf0, of four.
func fuzzProgram(p []byte, names [][2]string) []byte {
	next := func() byte {
		if len(p) == 0 {
			return 0
		}
		c := p[0]
		p = p[1:]
		return c
	}
	var code []byte
	for len(p) > 0 {
		f := int(next()) % len(names)
		for _, param := range fuzzImports[names[f]] {
			if param == '>' {
				break
			}
			v := int64(next())
			if v >= 0xf0 {
				v = int64(int32(binary.LittleEndian.Uint32([]byte{next(), next(), next(), next()})))
			}
			if param == 'I' {
				code = append(code, w.I64(v)...)
			} else {
				code = append(code, w.I32(int32(v))...)
			}
		}
		code = append(code, w.Call(uint32(f))...)
		if sig := fuzzImports[names[f]]; sig[len(sig)-1] != '>' {
			code = append(code, w.Drop...)
		}
	}
	return code
}
