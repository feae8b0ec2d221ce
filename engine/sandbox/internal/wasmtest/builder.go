package wasmtest

import (
	"slices"
	"strings"
)

// Builder collects the parts of a module. Function indices count imports
// first, so every Import must come before the first Func.
type Builder struct {
	types    [][]byte
	imports  [][]byte
	funcs    [][]byte // type indices
	tables   [][]byte
	memories [][]byte
	globals  [][]byte
	exports  [][]byte
	start    []byte
	elements [][]byte
	bodies   [][]byte
	data     [][]byte
	counted  bool
	customs  [][]byte
	nFuncs   uint32
}

// valTypes are the letters of a signature: i32, I64, f32, F64, v128, funcref
// (r) and externref (x).
var valTypes = map[rune]byte{'i': 0x7f, 'I': 0x7e, 'f': 0x7d, 'F': 0x7c, 'v': 0x7b, 'r': 0x70, 'x': 0x6f}

// Types encodes letters as value types.
func Types(letters string) []byte {
	var b []byte
	for _, c := range letters {
		b = append(b, valTypes[c])
	}
	return b
}

// Type adds a signature written like "ii>I" and returns its index.
func (b *Builder) Type(sig string) uint32 {
	params, results, _ := strings.Cut(sig, ">")
	t := Cat([]byte{0x60}, U(uint64(len(params))), Types(params), U(uint64(len(results))), Types(results))
	for i, have := range b.types {
		if slices.Equal(have, t) {
			return uint32(i)
		}
	}
	b.types = append(b.types, t)
	return uint32(len(b.types) - 1)
}

// Import adds an imported function and returns its index.
func (b *Builder) Import(module, name, sig string) uint32 {
	b.imports = append(b.imports, Cat(Name(module), Name(name), []byte{0}, U(uint64(b.Type(sig)))))
	b.nFuncs++
	return b.nFuncs - 1
}

// RawImport adds an import of another kind, as its kind and type bytes.
func (b *Builder) RawImport(module, name string, desc []byte) {
	b.imports = append(b.imports, Cat(Name(module), Name(name), desc))
}

// Func adds a function and returns its index. locals are letters; code has no
// final end.
func (b *Builder) Func(sig, locals string, code ...[]byte) uint32 {
	decl := U(uint64(len(locals)))
	for _, c := range locals {
		decl = append(decl, 1, valTypes[c])
	}
	return b.RawFunc(sig, Cat(decl, Cat(code...), []byte{0x0b}))
}

// RawFunc adds a function whose body is given whole: local declarations, code
// and end.
func (b *Builder) RawFunc(sig string, body []byte) uint32 {
	b.funcs = append(b.funcs, U(uint64(b.Type(sig))))
	b.bodies = append(b.bodies, Cat(U(uint64(len(body))), body))
	b.nFuncs++
	return b.nFuncs - 1
}

// Export exports a function.
func (b *Builder) Export(name string, index uint32) { b.export(name, 0, index) }

// ExportGlobal exports a global.
func (b *Builder) ExportGlobal(name string, index uint32) { b.export(name, 3, index) }

func (b *Builder) export(name string, kind byte, index uint32) {
	b.exports = append(b.exports, Cat(Name(name), []byte{kind}, U(uint64(index))))
}

// Memory adds a memory of min pages, at most max if that is not negative, and
// exports it as "memory".
func (b *Builder) Memory(min uint32, max int64) {
	b.memories = append(b.memories, bounds(min, max))
	b.export("memory", 2, 0)
}

// Table adds a table of funcref.
func (b *Builder) Table(min uint32, max int64) {
	b.tables = append(b.tables, Cat([]byte{0x70}, bounds(min, max)))
}

func bounds(min uint32, max int64) []byte {
	if max < 0 {
		return Cat([]byte{0}, U(uint64(min)))
	}
	return Cat([]byte{1}, U(uint64(min)), U(uint64(max)))
}

// Global adds a mutable global of the type of a letter with an initial value
// given as an instruction, and returns its index.
func (b *Builder) Global(letter rune, init []byte) uint32 {
	b.globals = append(b.globals, Cat([]byte{valTypes[letter], 1}, init, []byte{0x0b}))
	return uint32(len(b.globals) - 1)
}

// Start names the start function.
func (b *Builder) Start(f uint32) { b.start = U(uint64(f)) }

// Elements fills the first table from an offset with functions.
func (b *Builder) Elements(offset int32, funcs ...uint32) {
	e := Cat([]byte{0}, I32(offset), []byte{0x0b}, U(uint64(len(funcs))))
	for _, f := range funcs {
		e = append(e, U(uint64(f))...)
	}
	b.elements = append(b.elements, e)
}

// Data adds an active data segment.
func (b *Builder) Data(offset int32, data string) {
	b.data = append(b.data, Cat([]byte{0}, I32(offset), []byte{0x0b}, Name(data)))
}

// Passive adds a passive data segment.
func (b *Builder) Passive(data string) {
	b.data = append(b.data, Cat([]byte{1}, Name(data)))
	b.counted = true
}

// Custom adds a custom section at the end.
func (b *Builder) Custom(name, data string) {
	b.customs = append(b.customs, Cat(Name(name), []byte(data)))
}

// Bytes encodes the module.
func (b *Builder) Bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	vec := func(id byte, entries [][]byte) {
		if len(entries) > 0 {
			out = append(out, Section(id, Cat(U(uint64(len(entries))), Cat(entries...)))...)
		}
	}
	vec(1, b.types)
	vec(2, b.imports)
	vec(3, b.funcs)
	vec(4, b.tables)
	vec(5, b.memories)
	vec(6, b.globals)
	vec(7, b.exports)
	if b.start != nil {
		out = append(out, Section(8, b.start)...)
	}
	vec(9, b.elements)
	if b.counted {
		out = append(out, Section(12, U(uint64(len(b.data))))...)
	}
	vec(10, b.bodies)
	vec(11, b.data)
	for _, c := range b.customs {
		out = append(out, Section(0, c)...)
	}
	return out
}
