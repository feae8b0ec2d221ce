package sandbox_test

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// BenchmarkPlain is what a host without this package does for a pristine
// instance: wazero instantiates the module as it is, and initialises it.
func BenchmarkPlain(b *testing.B) {
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	defer func() { _ = rt.Close(ctx) }()
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	none := api.GoFunc(func(_ context.Context, stack []uint64) { stack[0] = 0 })
	i32, i64 := api.ValueTypeI32, api.ValueTypeI64
	_, err := rt.NewHostModuleBuilder("host_v1").
		NewFunctionBuilder().WithGoFunction(none, []api.ValueType{i32, i32, i32, i32}, []api.ValueType{i64}).Export("get").
		NewFunctionBuilder().WithGoFunction(none, []api.ValueType{i32, i32, i32, i32, i32}, []api.ValueType{i32}).Export("set").
		Instantiate(ctx)
	if err != nil {
		b.Fatal(err)
	}
	compiled, err := rt.CompileModule(ctx, goGuest(b))
	if err != nil {
		b.Fatal(err)
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	for b.Loop() {
		mod, err := rt.InstantiateModule(ctx, compiled, config)
		if err != nil {
			b.Fatal(err)
		}
		_ = mod.Close(ctx)
	}
}
