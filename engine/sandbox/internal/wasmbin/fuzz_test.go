package wasmbin

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero"

	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// seeds are modules that use every part of the format.
func seeds() [][]byte {
	var full w.Builder
	full.Import("m", "f", "ii>I")
	full.Memory(1, 3)
	full.Table(2, -1)
	g := full.Global('I', w.I64(-1))
	full.Data(8, "hello")
	full.Passive("world")
	f := full.Func("i>i", "iI",
		w.Loop(w.Get(0), w.If(w.I32(1), w.Return), w.I32(0), w.BrIf(0)),
		w.Block(w.Get(0), []byte{0x0e, 1, 0, 0}), w.I32(0), w.I32(0), w.I32(9), w.MemoryFill,
		w.GGet(g), w.GSet(g), w.I32(0), w.CallIndirect(0), w.I32(1))
	full.Elements(0, f, f)
	full.Export("run", f)
	full.Custom("name", "\x01\x04\x01\x01\x01a")
	manyNames := "\x00asm\x01\x00\x00\x00" + "\x00\x0b\x04name" + "\x01\x30\xb0\xb0\xfa\x30" // a hundred million, and none there
	return [][]byte{full.Bytes(), []byte("\x00asm\x01\x00\x00\x00"), []byte(manyNames), nil}
}

// FuzzRewrite feeds arbitrary bytes. What is admitted must rewrite into
// something that parses again, and that the compiler accepts if it accepts
// the original.
func FuzzRewrite(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithMemoryLimitPages(64))
	f.Cleanup(func() { _ = rt.Close(ctx) })
	lim := DefaultAdmission()
	lim.BodyBytes, lim.Locals, lim.MemoryPages = 4096, 100, 60
	f.Fuzz(func(t *testing.T, wasm []byte) {
		m, err := Parse(wasm, lim)
		if err != nil {
			if !errors.As(err, new(*FormatError)) && !errors.As(err, new(*LimitError)) {
				t.Errorf("error of another kind: %v", err)
			}
			return
		}
		out, err := Rewrite(m, RewriteOptions{Image: true, MaxPages: 60})
		original, compileErr := rt.CompileModule(ctx, withoutCustoms(wasm))
		if compileErr == nil {
			_ = original.Close(ctx)
		}
		if err != nil {
			return
		}
		again := lim
		again.BodyBytes, again.Locals = 1<<20, 200
		if _, err := Parse(out.Wasm, again); err != nil {
			t.Errorf("the rewritten module does not parse: %v", err)
		}
		rewritten, err := rt.CompileModule(ctx, out.Wasm)
		if err == nil {
			_ = rewritten.Close(ctx)
		}
		if err != nil && compileErr == nil {
			t.Errorf("the original compiles, the rewritten module does not: %v", err)
		}
	})
}

// withoutCustoms returns a module that parses without its custom sections. The
// engine believes the counts of names in them, and makes room for so many.
func withoutCustoms(wasm []byte) []byte {
	const head = 8 // magic and version
	out := wasm[:head:head]
	for r := (&reader{b: wasm, pos: head}); r.rest() > 0 && r.err == nil; {
		begin := r.pos
		id := r.byte()
		r.bytes(r.u32())
		if id != secCustom {
			out = append(out, wasm[begin:r.pos]...)
		}
	}
	return out
}

// FuzzDifferential compares modules with their rewritten selves. Only modules
// without loops and calls are run, which end without a limit.
func FuzzDifferential(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	ctx := context.Background()
	lim := DefaultAdmission()
	lim.BodyBytes, lim.Locals, lim.MemoryPages = 4096, 100, 60
	f.Fuzz(func(t *testing.T, wasm []byte) {
		m, err := Parse(wasm, lim)
		if err != nil || m.Start != nil || m.imported(KindFunc) != len(m.Imports) || !endsByItself(m) {
			return
		}
		if _, err := runAll(ctx, wasm, wazero.NewRuntimeConfigCompiler(), false); err != nil {
			return
		}
		if differ, fault, err := compare(ctx, wasm); err != nil || differ != "" && !fault {
			t.Errorf("%s, %v", differ, err)
		}
	})
}

// endsByItself reports whether no function of m loops or calls guest code.
func endsByItself(m *Module) bool {
	var fn function
	for i := range m.Bodies {
		if fn.analyze(&m.Bodies[i], m.spaces(), m.locals(i), &m.lim) != nil || fn.calls || len(fn.loops) > 0 {
			return false
		}
	}
	return true
}

// TestCountersCannotBeNamed checks that what the rewriting pass adds is out of
// reach, although it has indices in the rewritten module.
func TestCountersCannotBeNamed(t *testing.T) {
	tests := map[string]func(b *w.Builder){
		"global.get": func(b *w.Builder) { b.Func(">", "", w.GGet(1), w.Drop) },
		"global.set": func(b *w.Builder) { b.Func(">", "", w.I64(1), w.GSet(2)) },
		"call":       func(b *w.Builder) { b.Func(">", "", w.Call(1)) },
		"ref.func":   func(b *w.Builder) { b.Func(">", "", []byte{0xd2, 1}, w.Drop) },
		"local.get":  func(b *w.Builder) { b.Func(">", "", w.Loop(), w.Get(0), w.Drop) },
		"local.tee":  func(b *w.Builder) { b.Func("i>", "i", w.Loop(), w.I64(0), w.Tee(2), w.Drop) },
		"block type": func(b *w.Builder) { b.Func(">", "", []byte{0x02, 5}, w.End) },
		"element":    func(b *w.Builder) { b.Table(1, 1); b.Elements(0, 1); b.Func(">", "") },
		"export":     func(b *w.Builder) { b.ExportGlobal("x", 1); b.Func(">", "") },
		"start":      func(b *w.Builder) { b.Start(1); b.Func(">", "") },
		"reserved":   func(b *w.Builder) { b.Export("sandbox:fuel", b.Func(">", "")) },
	}
	for name, build := range tests {
		var b w.Builder
		b.Global('I', w.I64(0))
		build(&b)
		m, err := Parse(b.Bytes(), DefaultAdmission())
		if err == nil {
			_, err = Rewrite(m, RewriteOptions{})
		}
		if err == nil {
			t.Errorf("%s: admitted", name)
		}
	}
}

// TestHostileModules are binaries that claim more than they hold, or hold
// more than is good.
func TestHostileModules(t *testing.T) {
	header := []byte("\x00asm\x01\x00\x00\x00")
	huge := w.U(1<<32 - 1)
	section := func(id byte, parts ...[]byte) []byte { return w.Cat(header, w.Section(id, w.Cat(parts...))) }
	body := func(decl []byte, code ...[]byte) []byte {
		var b w.Builder
		b.RawFunc(">", w.Cat(decl, w.Cat(code...), w.End))
		return b.Bytes()
	}
	tests := map[string][]byte{
		"types":                 section(1, huge),
		"parameters":            section(1, w.U(1), []byte{0x60}, huge),
		"imports":               section(2, huge),
		"import name":           section(2, w.U(1), huge, []byte("abcd")),
		"functions":             section(3, huge),
		"tables":                section(4, huge),
		"table minimum":         section(4, w.U(1), []byte{0x70, 0}, huge),
		"memory minimum":        section(5, w.U(1), []byte{0}, w.U(65536)),
		"memories":              section(5, w.U(2), []byte{0, 1, 0, 1}),
		"shared memory":         section(5, w.U(1), []byte{3, 1, 1}),
		"64-bit memory":         section(5, w.U(1), []byte{4, 1}),
		"globals":               section(6, huge),
		"exports":               section(7, huge),
		"elements":              section(9, huge),
		"element entries":       section(9, w.U(1), []byte{0}, w.I32(0), w.End, huge),
		"data count":            section(12, huge),
		"code":                  section(10, huge),
		"data":                  section(11, huge),
		"data segment":          section(11, w.U(1), []byte{1}, huge),
		"section size":          w.Cat(header, []byte{1}, huge),
		"repeated section":      w.Cat(section(5, w.U(1), []byte{0, 1}), w.Section(5, []byte{1, 0, 1})),
		"unknown section":       section(14),
		"locals":                body(w.Cat(w.U(1), huge, []byte{0x7f})),
		"many runs of locals":   body(w.Cat(w.U(3), w.U(10000), []byte{0x7f}, w.U(10000), []byte{0x7f}, w.U(10000), []byte{0x7f})),
		"br_table":              body(w.U(0), w.I32(0), []byte{0x0e}, huge),
		"select types":          body(w.U(0), []byte{0x1c}, huge),
		"deep blocks":           body(w.U(0), bytes.Repeat([]byte{2, 0x40}, 5000), bytes.Repeat(w.End, 5000)),
		"unbalanced":            body(w.U(0), w.End, w.End),
		"unknown opcode":        body(w.U(0), []byte{0xfb, 0}),
		"atomics":               body(w.U(0), []byte{0xfe, 3, 0}),
		"exceptions":            body(w.U(0), []byte{0x06, 0x40}, w.End),
		"tail call":             body(w.U(0), []byte{0x12, 0}),
		"overlong integer":      body(w.U(0), []byte{0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, w.Drop),
		"branch to nowhere":     body(w.U(0), w.Br(7)),
		"huge code entry":       w.Cat(header, w.Section(1, []byte{1, 0x60, 0, 0}), w.Section(3, []byte{1, 0}), w.Section(10, w.Cat(w.U(1), huge))),
		"bodies without types":  w.Cat(header, w.Section(3, []byte{1, 9}), w.Section(10, []byte{1, 2, 0, 0x0b})),
		"custom name not UTF-8": w.Cat(header, w.Section(0, []byte{2, 0xff, 0xfe})),
	}
	for name, wasm := range tests {
		m, err := Parse(wasm, DefaultAdmission())
		if err == nil {
			_, err = Rewrite(m, RewriteOptions{Image: true, MaxPages: 10})
		}
		if err == nil {
			t.Errorf("%s: admitted", name)
		}
	}
}

// TestNameSection checks that names which claim too much are left out.
func TestNameSection(t *testing.T) {
	for content, kept := range map[string]bool{
		"\x01\x04\x01\x00\x01a":              true,
		"\x01\x05\xff\xff\xff\xff\x0f":       false,
		"\x01\x04\x01\x00\x05a":              false,
		"\xff\xff":                           false,
		"\x00\x02\x01m\x01\x04\x01\x00\x01a": true,
	} {
		var b w.Builder
		b.Func(">", "")
		b.Custom("name", content)
		m, err := Parse(b.Bytes(), DefaultAdmission())
		if err != nil {
			t.Fatal(err)
		}
		if got := m.functionNames() != nil; got != kept {
			t.Errorf("%q: kept %v, want %v", content, got, kept)
		}
	}
}
