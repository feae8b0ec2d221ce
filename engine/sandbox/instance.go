package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Instance is a running copy of a module. One goroutine at a time may use it.
type Instance struct {
	core   *core
	module *Module // the handle that acquired it
	mod    api.Module
	mem    api.Memory
	entry  api.Function

	initialising bool
	running      atomic.Bool
	failed       bool
	stack        [1]uint64
}

// newInstance instantiates and initialises a copy of the module.
func (c *core) newInstance(ctx context.Context) (*Instance, error) {
	inst := &Instance{core: c, initialising: true}
	host := &deniedHost{}
	cl := inst.begin(ctx, host, c.rt.cfg.Limits)
	defer cl.finish()
	mod, err := c.rt.wz.InstantiateModule(cl, c.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, inst.initError(cl, host, err)
	}
	inst.mod, inst.mem, inst.entry = mod, mod.Memory(), mod.ExportedFunction(c.rt.cfg.Entry)
	if init := mod.ExportedFunction(initExport); init != nil {
		if err := init.CallWithStack(cl, nil); err != nil {
			inst.close()
			return nil, inst.initError(cl, host, err)
		}
	}
	inst.initialising = false
	return inst, nil
}

// initError explains why initialisation failed, with what the guest printed.
func (i *Instance) initError(cl *call, host *deniedHost, err error) error {
	trap := cl.trapError("-", 0, err)
	cl.flush()
	if len(host.lines) > 0 {
		return fmt.Errorf("%s %s; it printed: %s", trap.Reason, trap.Detail, strings.Join(host.lines, "; "))
	}
	return fmt.Errorf("%s %s", trap.Reason, trap.Detail)
}

// begin starts a call.
func (i *Instance) begin(ctx context.Context, host Host, limits Limits) *call {
	c := &call{inst: i, host: host, limits: limits, start: time.Now()}
	c.end = c.start.Add(limits.Wall)
	c.Context, c.cancel = context.WithDeadline(ctx, c.end)
	return c
}

// finish completes the usage and frees what the call holds.
func (c *call) finish() {
	c.usage.Wall = time.Since(c.start)
	if c.cancel != nil {
		c.cancel()
	}
}

// errInUse is a mistake of the embedding program.
var errInUse = errors.New("sandbox: the instance is running, has failed or was released")

// Call runs a handler. Zero members of limits take the defaults of Load and
// Config. A call that did not return has a [*TrapError] and ends the instance:
// Release it and acquire another. The usage is valid in every case.
func (i *Instance) Call(ctx context.Context, handler int32, host Host, limits Limits) (int32, Usage, error) {
	if !i.running.CompareAndSwap(false, true) {
		return 0, Usage{}, errInUse
	}
	if i.failed || i.module == nil {
		i.running.Store(false)
		return 0, Usage{}, errInUse
	}
	defer i.running.Store(false)
	c := i.begin(ctx, host, limits.or(i.module.limits))
	defer c.finish()
	i.stack[0] = api.EncodeI32(handler)
	err := i.entry.CallWithStack(c, i.stack[:])
	if err != nil {
		i.failed = true
		err = c.trapError(i.module.name, handler, err)
	}
	c.flush()
	c.finish()
	c.usage.Pages = i.pages()
	if err != nil {
		return 0, c.usage, err
	}
	return api.DecodeI32(i.stack[0]), c.usage, nil
}

// trapError turns what wazero returned into a TrapError.
func (c *call) trapError(module string, handler int32, err error) *TrapError {
	t := &TrapError{Module: module, Handler: handler, Reason: ReasonTrap, Detail: err.Error()}
	var s *stop
	switch {
	case errors.As(err, &s):
		t.Reason, t.Limit, t.Detail = s.reason, s.limit, s.detail
	case c.inHost:
		t.Reason = ReasonHost
	case time.Now().After(c.end):
		t.Reason, t.Limit = ReasonWall, uint64(c.limits.Wall)
	case c.Context.Err() != nil:
		t.Reason = ReasonCanceled
	}
	c.inHost = false
	return t
}

// pages returns the size of linear memory in pages of 64 KiB.
func (i *Instance) pages() uint32 { return i.mem.Size() >> 16 }

// Release gives the instance back. It is not usable afterwards. Releasing
// twice is a mistake that is ignored.
func (i *Instance) Release() {
	if i.module == nil {
		return
	}
	c := i.core
	i.module = nil
	c.pool.put(nil)
	i.close()
	c.release()
}

// close frees the instance.
func (i *Instance) close() { _ = i.mod.Close(context.Background()) }
