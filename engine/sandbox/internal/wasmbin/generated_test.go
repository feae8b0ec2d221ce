package wasmbin

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/maphash"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

var (
	generated = flag.Int("generated", 20, "modules to generate with binaryen's wasm-opt")
	seed      = flag.Uint64("seed", 1, "seed of the generated modules")
)

// TestGeneratedModules compares random modules with their rewritten selves:
// every export, called in order, has the same results, traps and memory. Where
// only the engine's compiler shows a difference, which its interpreter does not,
// the compiler is at fault; that is reported, and does not fail the test.
func TestGeneratedModules(t *testing.T) {
	tool, err := exec.LookPath("wasm-opt")
	if err != nil {
		t.Skip("needs wasm-opt of binaryen")
	}
	ctx := context.Background()
	dir := t.TempDir()
	faults := 0
	for i := range *generated {
		n := *seed<<32 + uint64(i)
		wasm := generate(t, tool, dir, n)
		differ, fault, err := compare(ctx, wasm)
		switch {
		case err != nil:
			t.Fatalf("module %d: %v", n, err)
		case fault:
			faults++
			t.Logf("module %d: the compiler differs from the interpreter:\n%s", n, differ)
		case differ != "":
			t.Errorf("module %d:\n%s", n, differ)
		}
	}
	t.Logf("%d modules, %d faults of the engine's compiler", *generated, faults)
}

// compare runs a module and its rewritten self, and describes how they
// differ. It is the fault of the engine's compiler if its interpreter sees no
// difference.
func compare(ctx context.Context, wasm []byte) (differ string, fault bool, err error) {
	compiler, interpreter := wazero.NewRuntimeConfigCompiler(), wazero.NewRuntimeConfigInterpreter()
	if differ, err = compareWith(ctx, wasm, compiler); differ == "" || err != nil {
		return "", false, err
	}
	again, err := compareWith(ctx, wasm, interpreter)
	return differ, again == "", err
}

func compareWith(ctx context.Context, wasm []byte, engine wazero.RuntimeConfig) (string, error) {
	want, err := runAll(ctx, wasm, engine, false)
	if err != nil {
		return "", err
	}
	got, err := runAll(ctx, wasm, engine, true)
	if err != nil {
		return "", fmt.Errorf("rewritten: %w", err)
	}
	if got == want {
		return "", nil
	}
	return "rewritten " + got + "\noriginal  " + want, nil
}

// generate makes a module out of a number.
func generate(t *testing.T, tool, dir string, n uint64) []byte {
	t.Helper()
	entropy := make([]byte, 0, 4096)
	for block := n; len(entropy) < 1024+int(n%4)*1024; block++ {
		sum := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, block*0x9e3779b97f4a7c15))
		entropy = append(entropy, sum[:]...)
	}
	in, out := filepath.Join(dir, "entropy"), filepath.Join(dir, "module.wasm")
	if err := os.WriteFile(in, entropy, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{in, "-ttf", "-o", out, "--mvp-features", "--enable-simd", "--enable-sign-ext", "--enable-bulk-memory",
		"--enable-nontrapping-float-to-int", "--enable-mutable-globals", "--enable-multivalue"}
	if n%3 == 0 {
		args = append(args, "-O2") // other shapes of control flow
	}
	if msg, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
		t.Fatalf("module %d: %v\n%s", n, err, msg)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

var memorySeed = maphash.MakeSeed()

// runAll calls every export and describes what came out. The imports that the
// generator makes up are functions that answer zero.
func runAll(ctx context.Context, wasm []byte, engine wazero.RuntimeConfig, rewrite bool) (string, error) {
	m, err := Parse(wasm, laxAdmission())
	if err != nil {
		return "", err
	}
	if rewrite {
		out, err := Rewrite(m, RewriteOptions{Stack: specStack, Tank: specFuel})
		if err != nil {
			return "", err
		}
		wasm = out.Wasm
	}
	wasm = withoutCustoms(wasm)
	rt := wazero.NewRuntimeWithConfig(ctx, engine.WithMemoryLimitPages(1024))
	defer func() { _ = rt.Close(ctx) }()
	if err := stubImports(ctx, rt, m); err != nil {
		return "", err
	}
	mod, err := rt.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		return "", err
	}
	var log strings.Builder
	for _, e := range m.Exports {
		if e.Kind != KindFunc {
			continue
		}
		refuel(mod)
		fn := mod.ExportedFunction(e.Name)
		args := 0
		for _, p := range fn.Definition().ParamTypes() {
			if args++; ValType(p) == V128 {
				args++
			}
		}
		results, err := fn.Call(ctx, make([]uint64, args)...)
		var line string
		if err != nil {
			line, _, _ = strings.Cut(err.Error(), "\n")
		} else {
			line = describeResults(fn.Definition().ResultTypes(), results)
		}
		fmt.Fprintf(&log, "%s: %s; ", e.Name, line)
	}
	if len(m.Memory) > 0 {
		mem := mod.Memory()
		b, _ := mem.Read(0, mem.Size())
		fmt.Fprintf(&log, "memory %d %x", mem.Size(), maphash.Bytes(memorySeed, b))
	}
	return log.String(), nil
}

func stubImports(ctx context.Context, rt wazero.Runtime, m *Module) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for i := range m.Imports {
		im := &m.Imports[i]
		if im.Kind != KindFunc {
			return fmt.Errorf("import %s.%s is not a function", im.Module, im.Name)
		}
		b := builders[im.Module]
		if b == nil {
			b = rt.NewHostModuleBuilder(im.Module)
			builders[im.Module] = b
		}
		typ := m.Types[im.Type]
		zero := api.GoFunc(func(_ context.Context, stack []uint64) { clear(stack) })
		b.NewFunctionBuilder().WithGoFunction(zero, valTypes(typ.Params), valTypes(typ.Results)).Export(im.Name)
	}
	for _, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return err
		}
	}
	return nil
}

func valTypes(ts []ValType) []api.ValueType {
	out := make([]api.ValueType, len(ts))
	for i, t := range ts {
		out[i] = api.ValueType(t)
	}
	return out
}
