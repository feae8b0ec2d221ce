package wasmbin

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// The specification's tests, as wazero's module carries them. Each script
// runs against the modules as they are and against the rewritten ones; both
// must do the same at every step. wazero's own tests compare the former with
// the specification.

// specCommand is one step of a script.
type specCommand struct {
	Type       string
	Line       int
	Name       string
	Filename   string
	As         string
	ModuleType string `json:"module_type"`
	Action     struct {
		Type, Field, Module string
		Args                []specValue
	}
}

type specValue struct {
	Type     string
	LaneType string `json:"lane_type"`
	Value    any
}

// laxAdmission admits what the tests need.
func laxAdmission() Admission {
	a := DefaultAdmission()
	a.MemoryPages, a.TableEntries, a.Params, a.NameBytes = 65536, math.MaxUint32, 1000, 1<<20
	a.BranchTable, a.Edges, a.BodyBytes = 100_000, 1<<20, 1<<20
	return a
}

// specWorld is one of the two worlds in which a script runs.
type specWorld struct {
	rt      wazero.Runtime
	last    api.Module
	modules map[string]api.Module
	rewrite bool
}

// Fuel enough for every test that ends, and few enough words of stack for
// those that do not.
const (
	specFuel  = 1 << 40
	specStack = 1 << 20
)

func (w *specWorld) load(ctx context.Context, wasm []byte, name string) (api.Module, error) {
	if w.rewrite {
		m, err := Parse(wasm, laxAdmission())
		if err != nil {
			return nil, err
		}
		out, err := Rewrite(m, RewriteOptions{Stack: specStack, Tank: specFuel})
		if err != nil {
			return nil, err
		}
		wasm = out.Wasm
	}
	mod, err := w.rt.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithName(name))
	if err != nil {
		return nil, err
	}
	refuel(mod)
	return mod, nil
}

// refuel sets the counters, if there are any.
func refuel(mod api.Module) {
	for name, n := range map[string]uint64{ExportMeter: Meter(specStack, Slice), ExportTank: specFuel} {
		if g, ok := mod.ExportedGlobal(name).(api.MutableGlobal); ok {
			g.Set(n)
		}
	}
}

// act runs one action and describes what came out of it.
func (w *specWorld) act(ctx context.Context, c *specCommand) string {
	mod := w.last
	if c.Action.Module != "" {
		mod = w.modules[c.Action.Module]
	}
	if mod == nil {
		return "no module"
	}
	if c.Action.Type == "get" {
		return fmt.Sprintf("%x", mod.ExportedGlobal(c.Action.Field).Get())
	}
	refuel(mod)
	fn := mod.ExportedFunction(c.Action.Field)
	results, err := fn.Call(ctx, specArgs(c.Action.Args)...)
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return line
	}
	return describeResults(fn.Definition().ResultTypes(), results)
}

// describeResults writes results so that all NaNs are alike.
func describeResults(types []api.ValueType, results []uint64) string {
	var b strings.Builder
	for _, t := range types {
		v := results[0]
		results = results[1:]
		switch {
		case t == api.ValueTypeF32 && math.IsNaN(float64(api.DecodeF32(v))), t == api.ValueTypeF64 && math.IsNaN(api.DecodeF64(v)):
			b.WriteString("nan ")
		case t == api.ValueTypeExternref || ValType(t) == FuncRef:
			fmt.Fprintf(&b, "null:%v ", v == 0)
		case ValType(t) == V128:
			fmt.Fprintf(&b, "%x:%x ", v, results[0])
			results = results[1:]
		default:
			fmt.Fprintf(&b, "%x ", v)
		}
	}
	return b.String()
}

func specArgs(values []specValue) []uint64 {
	var args []uint64
	for _, v := range values {
		if lanes, ok := v.Value.([]any); ok {
			args = append(args, specLanes(v.LaneType, lanes)...)
			continue
		}
		s, _ := v.Value.(string)
		n, err := strconv.ParseUint(s, 10, 64)
		if v.Type == "externref" && err == nil {
			n++ // zero is null for wazero
		}
		args = append(args, n)
	}
	return args
}

func specLanes(typ string, lanes []any) []uint64 {
	out := make([]uint64, 2)
	width, _ := strconv.Atoi(typ[1:])
	for i, l := range lanes {
		s, _ := l.(string)
		n, _ := strconv.ParseUint(s, 10, 64)
		out[i*width/64] |= n << (i * width % 64)
	}
	return out
}

// specFolder finds the tests in the module cache.
func specFolder(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest")
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skipf("wazero's tests are not in the module cache (%v, %v), as with a vendor folder", err, statErr)
	}
	return dir
}

func TestSpecification(t *testing.T) {
	dir := specFolder(t)
	for version, features := range map[string]api.CoreFeatures{"v1": api.CoreFeaturesV1, "v2": api.CoreFeaturesV2} {
		scripts, err := filepath.Glob(filepath.Join(dir, version, "testdata", "*.json"))
		if err != nil || len(scripts) == 0 {
			t.Fatalf("no scripts of %s: %v", version, err)
		}
		for i, script := range scripts {
			if testing.Short() && i%8 != 0 {
				continue // an eighth of the scripts
			}
			t.Run(version+"/"+strings.TrimSuffix(filepath.Base(script), ".json"), func(t *testing.T) {
				t.Parallel()
				runScript(t, script, filepath.Join(dir, "testdata", "spectest.wasm"), features)
			})
		}
	}
}

func runScript(t *testing.T, script, host string, features api.CoreFeatures) {
	ctx := context.Background()
	raw, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Commands []specCommand }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	hostWasm, err := os.ReadFile(host)
	if err != nil {
		t.Fatal(err)
	}
	var worlds [2]*specWorld
	for i := range worlds {
		rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features))
		defer func() { _ = rt.Close(ctx) }()
		if _, err := rt.Instantiate(ctx, hostWasm); err != nil {
			t.Fatal(err)
		}
		worlds[i] = &specWorld{rt: rt, modules: map[string]api.Module{}, rewrite: i == 1}
	}
	for i := range file.Commands {
		next := specCommand{}
		if i+1 < len(file.Commands) {
			next = file.Commands[i+1]
		}
		step(ctx, t, worlds, filepath.Dir(script), &file.Commands[i], &next)
	}
}

// step runs one command in both worlds and compares.
func step(ctx context.Context, t *testing.T, worlds [2]*specWorld, dir string, c, next *specCommand) {
	var got [2]string
	for i, w := range worlds {
		switch c.Type {
		case "module", "assert_malformed", "assert_invalid", "assert_unlinkable", "assert_uninstantiable":
			if c.ModuleType == "text" {
				return
			}
			wasm, err := os.ReadFile(filepath.Join(dir, c.Filename))
			if err != nil {
				t.Fatal(err)
			}
			name := ""
			if c.Type == "module" && next.Type == "register" {
				name = next.As
			}
			mod, err := w.load(ctx, wasm, name)
			got[i] = fmt.Sprintf("accepted: %v", err == nil)
			if c.Type == "module" {
				if err != nil {
					got[i] = err.Error()
				}
				w.last, w.modules[c.Name] = mod, mod
			}
		case "assert_exhaustion":
			got[i] = fmt.Sprintf("trapped: %v", strings.Contains(w.act(ctx, c), " "))
		case "assert_return", "assert_trap", "action":
			got[i] = w.act(ctx, c)
		}
	}
	if got[0] != got[1] {
		t.Errorf("line %d, %s %s: rewritten %q, original %q", c.Line, c.Type, c.Action.Field, got[1], got[0])
	}
}
