package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// greeterHost serves a guest that greets: it offers one field, and takes what
// the guest sets.
type greeterHost struct{ name string }

func (h *greeterHost) Get(path string, buf []byte) (uint32, []byte) {
	if path == "name" {
		return 4, append(buf, h.name...) // 4 is this embedder's number for text
	}
	return 0, buf
}

func (h *greeterHost) Set(path string, _ uint32, value []byte) uint32 {
	fmt.Printf("%s = %s\n", path, value)
	return 0
}

func (h *greeterHost) Call(_ context.Context, _, _ string, _, buf []byte) (uint32, []byte) {
	return 8, buf
}

func (h *greeterHost) Log(_ int32, line string) { fmt.Println("log:", line) }

// greeter is a guest. Handler 1 sets "greeting" to "Hello, " and the field
// "name"; handler 2 never ends.
func greeter() []byte {
	var b w.Builder
	get := b.Import("host_v1", "get", "iiii>I")
	set := b.Import("host_v1", "set", "iiiii>i")
	b.Memory(1, 1)
	b.Data(0, "namegreetingHello, ")
	b.Export("host_call", b.Func("i>i", "",
		w.Get(0), w.I32(2), w.I32Eq, w.If(w.Loop(w.Br(0))),
		w.I32(4), w.I32(8), w.I32(4), w.I32(12), // path and kind, and where the value starts
		w.I32(0), w.I32(4), w.I32(19), w.I32(100), w.Call(get), w.I32WrapI64, w.I32(7), w.I32Add,
		w.Call(set)))
	return b.Bytes()
}

func Example() {
	ctx := context.Background()
	rt, err := sandbox.New(ctx, sandbox.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = rt.Close(ctx) }()
	mod, err := rt.Load(ctx, greeter(), sandbox.LoadOptions{Name: "greeter"})
	if err != nil {
		log.Fatal(err)
	}
	defer mod.Close()

	inst, err := mod.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer inst.Release()
	result, _, err := inst.Call(ctx, 1, &greeterHost{name: "Ann"}, sandbox.Limits{})
	fmt.Println(result, err)

	_, _, err = inst.Call(ctx, 2, &greeterHost{}, sandbox.Limits{Fuel: 1_000_000})
	var trap *sandbox.TrapError
	fmt.Println(errors.As(err, &trap), trap.Reason)
	// Output:
	// greeting = Hello, Ann
	// 0 <nil>
	// true fuel
}
