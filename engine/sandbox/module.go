package sandbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/authhost/authhost/engine/sandbox/internal/wasmbin"
)

// Module is a loaded module. Handles of the same binary share compiled code
// and one pool of instances, so a handle per user of a module costs little.
type Module struct {
	core    *core
	name    string
	owner   string // whose calls count together; "" for nobody's
	limits  Limits
	now     func() time.Time
	breaker breaker
	closed  sync.Once
}

func newModule(c *core, name string, limits Limits, now func() time.Time) *Module {
	cfg := &c.rt.cfg
	return &Module{core: c, name: name, limits: limits, now: now,
		breaker: breaker{threshold: cfg.BreakAfter, coolDown: cfg.CoolDown, now: now}}
}

// Info describes the module.
func (m *Module) Info() Info {
	info := m.core.info
	info.Name = m.name
	return info
}

// Limits returns the limits of the module's calls where [Instance.Call] is
// given none.
func (m *Module) Limits() Limits { return m.limits }

// Close gives the handle up. Compiled code is freed with the last handle of
// the binary, when no instance is in use any more; calls under way go on.
func (m *Module) Close() { m.closed.Do(m.core.drop) }

// Share returns another handle of the same binary, with the same clock, and a name,
// limits and a breaker of its own: one for each user of a module. Close both. All handles of
// one owner, of whatever module, together run on a part of the processors, and
// take a part of each module's instances: what they do leaves something to
// others. "" is no owner, and has no such bounds.
func (m *Module) Share(owner, name string, limits Limits) (*Module, error) {
	m.core.rt.mu.Lock()
	defer m.core.rt.mu.Unlock()
	if m.core.rt.closed || m.core.refs == 0 {
		return nil, ErrClosed
	}
	m.core.refs++
	shared := newModule(m.core, name, limits.or(m.core.rt.cfg.Limits), m.now)
	shared.owner = owner
	return shared, nil
}

// Health tells how the calls of this handle went lately.
func (m *Module) Health() Health { return m.breaker.state() }

// Acquire takes an instance, which nobody else uses until Release. It waits
// for one within the bounds of Config; its errors are ErrBusy, ErrClosed,
// those of ctx, an [*OpenError] after many failures, and a [*LoadError] if a
// fresh instance does not start.
func (m *Module) Acquire(ctx context.Context) (*Instance, error) {
	probe, err := m.breaker.allow(m.name)
	if err != nil {
		return nil, err
	}
	inst, err := m.core.acquire(ctx, m.owner)
	if err != nil {
		if probe {
			m.breaker.probed()
		}
		return nil, err
	}
	inst.module, inst.probe = m, probe
	return inst, nil
}

// core is what handles of one binary share.
type core struct {
	rt       *Runtime
	key      coreKey
	info     Info
	code     *wasmbin.Rewritten
	compiled wazero.CompiledModule
	image    *image        // nil if instances cannot be reset
	spares   *spares       // of the image
	globals  []uint64      // values of code.State in the image
	ready    chan struct{} // closed when built, or err is set
	err      error
	pool     *pool

	freed sync.Once
	refs  int // handles, loads under way and instances in use; guarded by rt.mu
}

// finish publishes the outcome of building c.
func (c *core) finish(err error) {
	if c.err = err; err != nil {
		c.rt.mu.Lock()
		delete(c.rt.cores, c.key) // the next load tries again
		c.rt.mu.Unlock()
	}
	close(c.ready)
}

// prepare initialises the module once, makes its image if it can be reset,
// and makes its pool.
func (c *core) prepare(ctx context.Context) error {
	cfg := &c.rt.cfg
	c.pool = newPool(cfg.MaxInstances, cfg.MaxIdle, cfg.MaxWaiting, cfg.MaxWait)
	inst, err := c.newFresh(ctx)
	if err != nil {
		return err
	}
	defer inst.close()
	c.info.ImagePages = inst.pages()
	c.info.WhyNot = c.code.WhyNot
	if cfg.NoImages {
		c.info.WhyNot = "images are turned off"
	}
	if c.info.Resettable = c.info.WhyNot == ""; !c.info.Resettable {
		c.pool.maxIdle = 0
		return nil
	}
	c.globals = inst.globalValues()
	if c.image, err = newImage(inst.memory.bytes()); err != nil {
		return err
	}
	c.spares = &spares{img: c.image, scan: c.rt.scan}
	return nil
}

// hold adds a reference unless the runtime is closed.
func (c *core) hold() error {
	c.rt.mu.Lock()
	defer c.rt.mu.Unlock()
	if c.rt.closed || c.refs == 0 {
		return ErrClosed
	}
	c.refs++
	c.rt.users++
	return nil
}

// drop gives a reference up, and frees c with the last one.
func (c *core) drop() {
	c.rt.mu.Lock()
	c.refs--
	last := c.refs == 0
	if last && c.rt.cores[c.key] == c {
		delete(c.rt.cores, c.key)
	}
	c.rt.mu.Unlock()
	if last {
		c.free()
	}
}

// free closes what c owns. Nobody uses it any more.
func (c *core) free() { c.freed.Do(c.freeAll) }

func (c *core) freeAll() {
	if c.pool != nil {
		for _, inst := range c.pool.drain() {
			inst.close()
		}
	}
	if c.image != nil {
		c.spares.drain(true)
		c.image.free()
	}
	if c.compiled != nil {
		_ = c.compiled.Close(context.Background())
	}
}

// acquire takes an idle instance or makes one.
func (c *core) acquire(ctx context.Context, owner string) (*Instance, error) {
	if err := c.hold(); err != nil {
		return nil, err
	}
	inst, next, err := c.pool.get(ctx, owner)
	if err == nil && inst == nil {
		if c.image != nil {
			inst, err = c.newClone()
		} else {
			inst, err = c.newFresh(ctx)
		}
		if err != nil {
			c.pool.put(nil, owner)
			if !errors.Is(err, ctx.Err()) || ctx.Err() == nil {
				err = loadError(c.info.Hash[:12], StageImage, err)
			}
		}
	}
	if err != nil {
		if next {
			c.pool.add(nil)
		}
		c.release()
		return nil, err
	}
	inst.ahead, inst.next = false, next
	return inst, nil
}

// makeAhead makes a clone in the background, so that the next caller who finds
// no idle one, because all are in use or were discarded, need not wait for it.
// To begin that takes longer than a call of a small guest, so it is done for
// the caller who took the last idle one when it has given it back.
func (c *core) makeAhead() {
	if c.hold() != nil {
		c.pool.add(nil)
		return
	}
	go func() {
		defer c.release()
		inst, err := c.newClone()
		if err == nil { // otherwise whoever needs one tries again, and is told
			inst.ahead = true
			inst.prepareEntry()
		}
		if surplus := c.pool.add(inst); surplus != nil {
			c.rt.counts.discards.Add(1)
			surplus.close()
		}
	}()
}

// release undoes hold.
func (c *core) release() {
	c.drop()
	c.rt.leave()
}
