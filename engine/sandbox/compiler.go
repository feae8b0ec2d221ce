package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// compileJob is what the compiling process reads before the module, as a line
// of JSON.
type compileJob struct {
	Dir    string // wazero's folder of compiled code
	Memory uint64
	Time   time.Duration
	Pages  uint32
}

// runtimeConfig is the same in both processes: compiled code is found by the
// module and its settings.
func runtimeConfig(pages uint32) wazero.RuntimeConfig {
	return wazero.NewRuntimeConfigCompiler().WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(pages)
}

// compileModule makes machine code with every processor.
func compileModule(ctx context.Context, wz wazero.Runtime, wasm []byte) (wazero.CompiledModule, error) {
	return wz.CompileModule(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), wasm)
}

// ServeCompiler is the other end of Config.Compiler: it reads one job, bounds
// this process's memory and time as the job says, and compiles into the
// cache. A program that names itself as the compiler calls it first thing,
// and exits with status 1 and the error on standard error if there is one.
func ServeCompiler(ctx context.Context, in io.Reader) error {
	r := bufio.NewReader(in)
	line, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	var job compileJob
	if err := json.Unmarshal(line, &job); err != nil {
		return err
	}
	if err := boundProcess(job.Memory, job.Time); err != nil {
		return err
	}
	debug.SetMemoryLimit(int64(job.Memory / 4 * 3))
	wasm, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return compileInto(ctx, job.Dir, job.Pages, wasm)
}

// compileInto makes the machine code of a module an entry of wazero's in a
// folder.
func compileInto(ctx context.Context, dir string, pages uint32, wasm []byte) error {
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return err
	}
	wz := wazero.NewRuntimeWithConfig(ctx, runtimeConfig(pages).WithCompilationCache(cache))
	_, err = compileModule(ctx, wz, wasm)
	return errors.Join(err, wz.Close(ctx), cache.Close(ctx))
}

// CompilerError is what a Config.Compiler returns when the compiling process
// ran and did not succeed. It is remembered beside the cache, so that a module
// which is too much for the compiler is tried once.
type CompilerError struct {
	Message string // how the process ended, and the first of what it said
}

// Error implements error.
func (e *CompilerError) Error() string { return "the compiling process: " + e.Message }

// compileOutside has the compiling process compile into a folder.
func (rt *Runtime) compileOutside(ctx context.Context, dir string, wasm []byte) error {
	job, err := json.Marshal(compileJob{Dir: dir, Memory: rt.cfg.CompileMemory, Time: rt.cfg.CompileTime, Pages: rt.cfg.MemoryPages + 1})
	if err != nil {
		return err
	}
	return rt.cfg.Compiler(ctx, io.MultiReader(bytes.NewReader(append(job, '\n')), bytes.NewReader(wasm)))
}
