package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/authhost/authhost/engine/sandbox/internal/wasmbin"
)

// Runtime compiles modules and owns their instances. Its methods may be
// called concurrently.
type Runtime struct {
	cfg       Config
	wz        wazero.Runtime
	instances wazero.ModuleConfig
	cache     *codeCache                             // nil without a folder
	imports   map[string]map[string]wasmbin.FuncType // what modules may import
	started   time.Time                              // origin of the guests' monotonic clock

	scan      *scanner // nil where the kernel cannot tell written pages
	counts    counts
	compiling chan struct{} // one compilation at a time: each may need much memory
	lanes     *quota        // processors that guests of one owner run on

	mu     sync.Mutex
	cores  map[coreKey]*core
	closed bool
	users  int           // instances in use and loads under way
	idle   chan struct{} // closed when users falls to zero after Close
}

// coreKey is what makes two loads share compiled code and pool.
type coreKey struct {
	hash  string
	pages uint32
}

// New makes a runtime. Close it to free compiled code and memory.
func New(ctx context.Context, cfg Config) (*Runtime, error) {
	cfg = cfg.withDefaults()
	if !namespacePattern.MatchString(cfg.Namespace) {
		return nil, fmt.Errorf("sandbox: namespace %q: want lower case, ending in _v and a number", cfg.Namespace)
	}
	if cfg.Compiler != nil && cfg.CacheDir == "" {
		return nil, errors.New("sandbox: Compiler needs CacheDir")
	}
	rt := &Runtime{
		cfg:       cfg,
		instances: instanceConfig(),
		imports:   map[string]map[string]wasmbin.FuncType{},
		started:   time.Now(),
		scan:      newScanner(),
		compiling: make(chan struct{}, 1),
		lanes:     newQuota(cfg.OwnerProcessors, 0),
		cores:     map[coreKey]*core{},
		idle:      make(chan struct{}),
	}
	rc := runtimeConfig(cfg.MemoryPages + 1) // see linear
	if cfg.CacheDir != "" {
		var err error
		if rt.cache, err = openCache(cfg.CacheDir, cfg.CacheKey, cfg.CacheSecret); err != nil {
			rt.scan.close()
			return nil, err
		}
		rc = rc.WithCompilationCache(rt.cache.wazero)
	}
	rt.wz = wazero.NewRuntimeWithConfig(ctx, rc)
	if err := rt.instantiateImports(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), rt.free(ctx))
	}
	go rt.janitor()
	return rt, nil
}

// janitor trims idle instances until the runtime is closed.
func (rt *Runtime) janitor() {
	tick := time.NewTicker(rt.cfg.TrimAfter)
	defer tick.Stop()
	for {
		select {
		case <-rt.idle:
			return
		case <-tick.C:
			rt.trim(time.Now().Add(-rt.cfg.TrimAfter))
		}
	}
}

// Trim gives the memory that idle instances keep back to the system, as
// happens by itself after Config.TrimAfter.
func (rt *Runtime) Trim() { rt.trim(time.Now()) }

func (rt *Runtime) trim(before time.Time) {
	if rt.enter() != nil {
		return
	}
	defer rt.leave()
	rt.mu.Lock()
	cores := make([]*core, 0, len(rt.cores))
	for _, c := range rt.cores {
		select {
		case <-c.ready:
			if c.pool != nil {
				c.refs++ // see drop
				cores = append(cores, c)
			}
		default: // being built
		}
	}
	rt.mu.Unlock()
	for _, c := range cores {
		if c.spares != nil {
			c.spares.drain(false)
		}
		broken, needless := c.pool.trim(before)
		rt.counts.faults.Add(uint64(len(broken)))
		rt.counts.discards.Add(uint64(len(needless)))
		for _, inst := range append(broken, needless...) {
			inst.close()
		}
		c.drop()
	}
}

// instantiateImports adds everything that modules may import.
func (rt *Runtime) instantiateImports(ctx context.Context) error {
	if err := rt.instantiateHost(ctx, rt.cfg.Namespace, abi()); err != nil {
		return err
	}
	if err := rt.instantiateHost(ctx, wasiModule, wasi()); err != nil {
		return err
	}
	for _, c := range rt.cfg.Capabilities {
		if err := rt.instantiateHost(ctx, rt.cfg.Namespace+"_"+c, capabilityFuncs(c)); err != nil {
			return err
		}
	}
	return nil
}

// enter counts a user of the runtime, which keeps Close from freeing anything
// that runs.
func (rt *Runtime) enter() error {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.closed {
		return ErrClosed
	}
	rt.users++
	return nil
}

// leave ends what enter began.
func (rt *Runtime) leave() {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.users--
	if rt.closed && rt.users == 0 {
		close(rt.idle)
	}
}

// Close refuses new work, waits until no instance is in use, and frees
// everything. If ctx ends first, Close returns its error, nothing that runs
// is freed, and the rest is freed when the last instance is released.
func (rt *Runtime) Close(ctx context.Context) error {
	rt.mu.Lock()
	again := rt.closed
	rt.closed = true
	if !again && rt.users == 0 {
		close(rt.idle)
	}
	rt.mu.Unlock()
	if again {
		return nil
	}
	select {
	case <-rt.idle:
		return rt.free(ctx)
	case <-ctx.Done():
		go func() {
			<-rt.idle
			_ = rt.free(context.WithoutCancel(ctx))
		}()
		return ctx.Err()
	}
}

func (rt *Runtime) free(ctx context.Context) error {
	rt.mu.Lock()
	cores := slices.Collect(maps.Values(rt.cores))
	rt.mu.Unlock()
	for _, c := range cores {
		c.free()
	}
	err := rt.wz.Close(ctx)
	rt.scan.close()
	if rt.cache != nil {
		err = errors.Join(err, rt.cache.wazero.Close(ctx))
	}
	return err
}

// Stats are counts since New.
type Stats struct {
	Fresh    uint64 // instances that ran their initialisation
	Clones   uint64 // instances made from an image
	Resets   uint64 // instances put back into the state of their image
	Discards uint64 // instances given up: failed calls, failed resets, surplus
	Faults   uint64 // resets that the self-check, or the system, found wanting
}

// counts are the Stats under way.
type counts struct {
	fresh, clones, resets, discards, faults atomic.Uint64
}

// Stats returns the counts.
func (rt *Runtime) Stats() Stats {
	c := &rt.counts
	return Stats{
		Fresh: c.fresh.Load(), Clones: c.clones.Load(), Resets: c.resets.Load(),
		Discards: c.discards.Load(), Faults: c.faults.Load(),
	}
}
