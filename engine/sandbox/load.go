package sandbox

import (
	"context"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/sandbox/internal/wasmbin"
)

// LoadOptions say how a module is loaded. The zero value works.
type LoadOptions struct {
	// Name appears in errors. Default: the first digits of the hash.
	Name string
	// Progress, if set, is called at the start of each stage with one of the
	// Stage constants, from the goroutine of Load.
	Progress func(stage string)
	// Limits are the defaults of this module's calls, over those of Config.
	Limits Limits
	// MemoryPages bounds the linear memory, if less than Config.MemoryPages.
	MemoryPages uint32
	// Now is the clock that the module's guests see. Default Config.Now.
	Now func() time.Time
}

// Load admits, compiles and initialises a module. Binaries that were loaded
// before, and are not closed, share compiled code and pool. Every error is a
// [*LoadError], but for ErrClosed and errors of ctx.
func (rt *Runtime) Load(ctx context.Context, wasm []byte, opts LoadOptions) (*Module, error) {
	if err := rt.enter(); err != nil {
		return nil, err
	}
	defer rt.leave()
	progress := opts.Progress
	if progress == nil {
		progress = func(string) {}
	}
	progress(StageAdmission)
	pages := min(or(opts.MemoryPages, rt.cfg.MemoryPages), rt.cfg.MemoryPages)
	parsed, err := rt.parse(wasm, pages)
	if err != nil {
		return nil, loadError(opts.Name, StageAdmission, err)
	}
	info := describe(wasm, parsed)
	key := coreKey{hash: info.Hash, pages: pages}
	c, first := rt.share(key, info)
	if first {
		c.finish(rt.build(ctx, c, parsed, progress))
	}
	select {
	case <-c.ready:
	case <-ctx.Done():
		c.drop()
		return nil, ctx.Err()
	}
	if c.err != nil {
		c.drop()
		var le *LoadError
		if errors.As(c.err, &le) {
			return nil, loadError(opts.Name, le.Stage, le.Err)
		}
		return nil, c.err
	}
	progress(StageReady)
	now := opts.Now
	if now == nil {
		now = rt.cfg.Now
	}
	return newModule(c, or(opts.Name, info.Hash[:12]), opts.Limits.or(rt.cfg.Limits), now), nil
}

func loadError(name, stage string, err error) error {
	return &LoadError{Module: or(name, "-"), Stage: stage, Err: err}
}

// parse reads a binary within the runtime's limits and checks what it
// imports and exports.
func (rt *Runtime) parse(wasm []byte, pages uint32) (*wasmbin.Module, error) {
	lim := wasmbin.DefaultAdmission()
	lim.Bytes = rt.cfg.MaxModuleBytes
	lim.MemoryPages = pages
	m, err := wasmbin.Parse(wasm, lim)
	if err != nil {
		return nil, err
	}
	return m, rt.admit(m)
}

// share returns the core of a key, and whether the caller has to build it.
func (rt *Runtime) share(key coreKey, info Info) (c *core, first bool) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if c = rt.cores[key]; c != nil {
		c.refs++
		return c, false
	}
	c = &core{rt: rt, key: key, info: info, refs: 1, ready: make(chan struct{})}
	rt.cores[key] = c
	return c, true
}

// build compiles and initialises a core.
func (rt *Runtime) build(ctx context.Context, c *core, m *wasmbin.Module, progress func(string)) error {
	var err error
	if c.code, err = wasmbin.Rewrite(m, wasmbin.RewriteOptions{Image: true, MaxPages: c.key.pages}); err != nil {
		return loadError("", StageAdmission, err)
	}
	progress(StageCompile)
	if err := rt.compile(ctx, c, c.code.Wasm); err != nil {
		return loadError("", StageCompile, err)
	}
	progress(StageImage)
	if err := c.prepare(ctx); err != nil {
		return loadError("", StageImage, err)
	}
	return nil
}

// errSlow is the error of a module that is too much for the compiler.
var errSlow = errors.New("compiling takes longer than Config.CompileTime")

// compile makes machine code or takes it from the cache.
func (rt *Runtime) compile(ctx context.Context, c *core, wasm []byte) (err error) {
	select {
	case rt.compiling <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-rt.compiling }()
	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, rt.cfg.CompileTime, errSlow)
	defer cancel()
	if rt.cache != nil {
		c.info.FromCache, err = rt.cache.fill(ctx, moduleID(wasm, rt.cfg.MemoryPages), func(ctx context.Context, dir string) error {
			if rt.cfg.Compiler != nil {
				return rt.compileOutside(ctx, dir, wasm)
			}
			return compileInto(ctx, dir, rt.cfg.MemoryPages+1, wasm)
		})
	}
	if err == nil {
		c.compiled, err = compileModule(ctx, rt.wz, wasm)
	}
	c.info.CompileTime = time.Since(start)
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		err = errSlow
	}
	c.code.Wasm = nil // the compiler has its own copy
	return err
}
