package wasmbin

import (
	"context"
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// selecting is a module with a function "run" that takes a value and a
// condition, and returns the value, or zero if the condition is zero. In its
// loop the value lives in a vector register, but for a call of the host, after
// which it has to be loaded into the register where the zero is.
func selecting(letter rune, load, store []byte) []byte {
	var m w.Builder
	host := m.Import("host", "call", ">")
	m.Memory(1, 1)
	t := w.Types(string(letter))
	m.Export("run", m.Func(string(letter)+"i>"+string(letter), "i", w.Cat([]byte{opLoop}, t),
		w.Get(2), w.If(w.I32(0), load, w.Return),
		w.Call(host), w.I32(1), w.Set(2),
		w.I32(0), w.Get(0), w.I32(16), load, w.Get(1), []byte{opSelect}, store,
		w.Br(0), w.End))
	return m.Bytes()
}

// selects are the selecting modules by type.
func selects() map[string][]byte {
	return map[string][]byte{
		"f32":  selecting('f', []byte{0x2a, 0, 0}, []byte{0x38, 0, 0}),
		"f64":  selecting('F', []byte{0x2b, 0, 0}, []byte{0x39, 0, 0}),
		"v128": selecting('v', []byte{opVector, 0, 0, 0}, []byte{opVector, 11, 0, 0}),
	}
}

// runSelect runs a selecting module with a value of ones. The host moves other
// bytes meanwhile, as hosts do, which takes vector registers.
func runSelect(t *testing.T, wasm []byte, engine wazero.RuntimeConfig, condition uint64) []uint64 {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, engine)
	defer func() { _ = rt.Close(ctx) }()
	secret, length := []byte("of the host, and nobody else's business"), 32
	var moved [64]byte
	host := api.GoFunc(func(context.Context, []uint64) { copy(moved[:length], secret) })
	if _, err := rt.NewHostModuleBuilder("host").NewFunctionBuilder().WithGoFunction(host, nil, nil).Export("call").
		Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	mod, err := rt.Instantiate(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	refuel(mod)
	fn := mod.ExportedFunction("run")
	args := slices.Repeat([]uint64{math.MaxUint32}, len(fn.Definition().ParamTypes())-1)
	if ValType(fn.Definition().ParamTypes()[0]) == V128 {
		args = append(args, math.MaxUint32)
	}
	results, err := fn.Call(ctx, append(args, condition)...)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// TestSelects checks that rewritten selects choose as the engine's interpreter
// says.
func TestSelects(t *testing.T) {
	for name, wasm := range selects() {
		m, err := Parse(wasm, DefaultAdmission())
		if err != nil {
			t.Fatal(err)
		}
		rewritten, err := Rewrite(m, RewriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for condition := range uint64(2) {
			got := runSelect(t, rewritten.Wasm, wazero.NewRuntimeConfigCompiler(), condition)
			want := runSelect(t, wasm, wazero.NewRuntimeConfigInterpreter(), condition)
			if !slices.Equal(got, want) {
				t.Errorf("%s, condition %d: %x, want %x", name, condition, got, want)
			}
		}
	}
}

// TestEngineSelectsWrongly shows the fault for which selects are rewritten:
// modules that are not get a value from the engine's compiler that is neither
// operand. It fails when the engine is right, which makes selects.go needless.
func TestEngineSelectsWrongly(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Log("the fault is in the compiler for amd64 only")
		return
	}
	for name, wasm := range selects() {
		got := runSelect(t, wasm, wazero.NewRuntimeConfigCompiler(), 0)
		want := runSelect(t, wasm, wazero.NewRuntimeConfigInterpreter(), 0)
		if slices.Equal(got, want) {
			t.Errorf("%s: selects are right: %x", name, got)
		}
		var bytes []byte
		for _, v := range got {
			bytes = binary.LittleEndian.AppendUint64(bytes, v)
		}
		t.Logf("%s: not %x but %x, %q", name, want, got, bytes)
	}
}
