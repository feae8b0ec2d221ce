// Package sandbox runs WebAssembly modules that nobody has to trust. It owns
// everything between a binary of unknown origin and a bounded call into it:
// admission, metering, images, pooled instances, and the imports that a guest
// may use. It knows nothing of what guests are for.
//
// A guest exports memory and one function, <entry>(handler i32) -> i32. It
// imports get, set, take and log from one namespace and, for each capability
// that it uses, one function, call, from a module of its own, so that the
// import section is the list of its permissions. All of them are served by
// the [Imports] that the caller passes to [Instance.Call]. A small part of
// wasi_snapshot_preview1 lets the runtimes of Go, TinyGo, Rust, C, Zig and
// AssemblyScript start; it has clocks, randomness and standard output, and
// neither files nor sockets.
//
// The life of a module:
//
//	rt, err := sandbox.New(ctx, sandbox.Config{CacheDir: dir, Namespace: "example_v1"})
//	mod, err := rt.Load(ctx, wasm, sandbox.LoadOptions{Name: "greeter"})
//	inst, err := mod.Acquire(ctx)            // bounded pool, bounded waiting
//	defer inst.Release()                     // pristine again for the next caller
//	result, usage, err := inst.Call(ctx, 1, host, sandbox.Limits{})
//
// A guest that traps, loops, recurses or asks for too much fails its call
// with a [*TrapError]; the host goes on. Whatever a guest leaves in memory is
// gone before the instance serves anyone else.
//
// What happens to a module, in order:
//
//   - Admission: the binary is read once, with a bound for everything that it
//     can claim. Only functions can be imported, and only those served here.
//   - Rewriting: the code is made to count fuel and stack in globals that it
//     cannot name, and to pause now and then, so that the Go scheduler and
//     garbage collector never wait for a guest. Data segments and the start
//     function are taken out, to be applied once. Selects of floats and
//     vectors become branches: wazero's compiler for amd64 has a fault there
//     that shows guests what the host left in registers.
//   - Compilation, or machine code from the cache.
//   - Image: one instance is initialised, with a fixed clock and without any
//     power. Its memory becomes a file in memory, its globals a list.
//     Randomness drawn here is the same in every clone: guests must not keep
//     secrets in it.
//   - Clones map the image copy-on-write. After use, the pages that were
//     written to are copied back, or dropped if they are many, and the globals
//     are set. Modules that change tables, drop data segments or have globals
//     of reference or vector type cannot be brought back like that: each use
//     takes a fresh instance, and [Info] says why. When the last idle clone is
//     taken, another is made in the background, for the next caller.
//
// Limits and their defaults are at [Limits] and [Config]. The wall clock ends
// calls in host functions and guest code alike.
//
// Neighbours: wasmbin, below internal, reads and rewrites the binary format.
// wazero compiles and runs it; no package outside this folder imports wazero.
//
// Decisions and their reasons: docs/rationale/sandbox.md.
package sandbox
