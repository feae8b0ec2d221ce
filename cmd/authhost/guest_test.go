package main

import "encoding/binary"

// guest builds the smallest module that the server takes as a plugin: one page
// of memory and an authhost_call whose every handler continues. Each import is
// the call function of a module. Numbers are those of the WebAssembly core
// specification, version 1, section 5.
func guest(imports ...string) []byte {
	const (
		i32, i64      = 0x7f, 0x7e
		kindFunc      = 0x00
		kindMemory    = 0x02
		sectionType   = 1
		sectionImport = 2
		sectionFunc   = 3
		sectionMemory = 5
		sectionExport = 7
		sectionCode   = 10
	)
	entry := byte(len(imports)) // functions are numbered from the imports on
	var imported [][]byte
	for _, module := range imports {
		imported = append(imported, join(name(module), name("call"), []byte{kindFunc, 1}))
	}
	wasm := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range []struct {
		id      byte
		entries [][]byte
	}{
		{sectionType, [][]byte{
			{0x60, 1, i32, 1, i32},                          // authhost_call
			{0x60, 6, i32, i32, i32, i32, i32, i32, 1, i64}, // call
		}},
		{sectionImport, imported},
		{sectionFunc, [][]byte{{0}}},
		{sectionMemory, [][]byte{{0, 1}}},
		{sectionExport, [][]byte{
			join(name("memory"), []byte{kindMemory, 0}),
			join(name("authhost_call"), []byte{kindFunc, entry}),
		}},
		{sectionCode, [][]byte{{4, 0, 0x41, 0, 0x0b}}}, // no locals; i32.const 0; end
	} {
		if len(s.entries) > 0 {
			wasm = appendSection(wasm, s.id, join(append([][]byte{{byte(len(s.entries))}}, s.entries...)...))
		}
	}
	return wasm
}

func appendSection(wasm []byte, id byte, content []byte) []byte {
	return append(binary.AppendUvarint(append(wasm, id), uint64(len(content))), content...)
}

// name encodes a name of less than 128 bytes.
func name(s string) []byte { return append([]byte{byte(len(s))}, s...) }

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
