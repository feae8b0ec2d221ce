package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/authhost/authhost/engine/sandbox/internal/wasmbin"
)

// pageSize is the size of a WebAssembly page.
const pageSize = 64 << 10

var errSegment = errors.New("a data segment does not fit in memory")

// instanceConfig is that of every instance. The source of randomness is not
// used, as the sandbox has a WASI of its own; wazero's default seeds a large one.
func instanceConfig() wazero.ModuleConfig {
	return wazero.NewModuleConfig().WithName("").WithStartFunctions().WithRandSource(rand.Reader)
}

// dropSystem takes from an instance what wazero keeps for its own WASI, a
// third of all that an idle instance has: a table of open files, clocks. It is
// an exported field of an unexported type; without it nothing changes.
func dropSystem(mod api.Module) {
	v := reflect.ValueOf(mod)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return
	}
	if sys := v.Elem().FieldByName("Sys"); sys.IsValid() && sys.CanSet() {
		sys.SetZero()
	}
}

// instantiate makes an instance. No guest code runs: start functions and
// data segments were taken out of the module.
func (c *core) instantiate(start uint64, from *spares) (*Instance, error) {
	limit := uint64(c.code.MaxPages) * pageSize
	inst := &Instance{core: c, memory: linear{limit: limit, max: limit, start: start, spares: from}}
	ctx := experimental.WithMemoryAllocator(context.Background(), &inst.memory)
	mod, err := c.rt.wz.InstantiateModule(ctx, c.compiled, c.rt.instances)
	if err != nil {
		inst.memory.Free() // wazero does not, if it allocated it
		return nil, err
	}
	dropSystem(mod)
	inst.mod, inst.mem = mod, mod.Memory()
	if inst.memory.failure != nil {
		inst.close()
		return nil, inst.memory.failure
	}
	inst.meter = mod.ExportedGlobal(wasmbin.ExportMeter).(api.MutableGlobal)
	inst.tank = mod.ExportedGlobal(wasmbin.ExportTank).(api.MutableGlobal)
	inst.state = make([]api.MutableGlobal, len(c.code.State))
	for i, name := range c.code.State {
		inst.state[i] = mod.ExportedGlobal(name).(api.MutableGlobal)
	}
	return inst, nil
}

// newFresh instantiates and initialises: data segments, start function,
// _initialize.
func (c *core) newFresh(ctx context.Context) (*Instance, error) {
	inst, err := c.instantiate(0, nil)
	if err != nil {
		return nil, err
	}
	c.rt.counts.fresh.Add(1)
	if err := inst.initialise(ctx); err != nil {
		inst.close()
		return nil, err
	}
	return inst, nil
}

func (i *Instance) initialise(ctx context.Context) error {
	i.initialising = true
	defer func() { i.initialising = false; i.finish() }()
	memory := i.memory.bytes()
	for _, d := range i.core.code.Data {
		if uint64(d.Address)+uint64(len(d.Data)) > uint64(len(memory)) {
			return errSegment
		}
		copy(memory[d.Address:], d.Data)
	}
	host := &deniedImports{}
	for _, name := range []string{wasmbin.ExportStart, initExport} {
		fn := i.mod.ExportedFunction(name)
		if fn == nil {
			continue
		}
		c := i.begin(ctx, host, i.core.rt.cfg.Limits)
		err := i.run(c, fn, nil)
		if err != nil {
			t := c.trapError("", 0, err)
			err = fmt.Errorf("%s: %s", t.Reason, t.Detail)
			if len(host.lines) > 0 {
				err = fmt.Errorf("%w; it printed: %s", err, strings.Join(host.lines, "; "))
			}
			return err
		}
	}
	return nil
}

// newClone makes an instance from the image.
func (c *core) newClone() (*Instance, error) {
	inst, err := c.instantiate(uint64(c.info.ImagePages)*pageSize, c.spares)
	if err != nil {
		return nil, err
	}
	inst.setGlobals()
	c.rt.counts.clones.Add(1)
	if c.rt.cfg.SelfCheck {
		if err := inst.check(); err != nil {
			c.rt.counts.faults.Add(1)
			inst.close()
			return nil, err
		}
	}
	return inst, nil
}

// reset puts the instance back into the state of the image.
func (i *Instance) reset() error {
	c := i.core
	if err := i.memory.region.restore(i.memory.size, c.rt.scan); err != nil {
		return err
	}
	if i.memory.size != i.memory.start {
		i.memory.shrink = true
		_, ok := i.mem.Grow(1)
		i.memory.shrink = false
		if !ok || uint64(i.mem.Size()) != i.memory.start {
			return errors.New("memory did not shrink")
		}
	}
	i.setGlobals()
	if c.rt.cfg.SelfCheck {
		return i.check()
	}
	return nil
}

// check compares the instance with the image.
func (i *Instance) check() error {
	memory, ok := i.mem.Read(0, i.mem.Size())
	if !ok || !bytes.Equal(memory, i.core.image.view) {
		return errors.New("memory differs from the image after a reset")
	}
	if !slices.Equal(i.globalValues(), i.core.globals) {
		return errors.New("globals differ from the image after a reset")
	}
	return nil
}

func (i *Instance) globalValues() []uint64 {
	v := make([]uint64, len(i.state))
	for j, g := range i.state {
		v[j] = g.Get()
	}
	return v
}

func (i *Instance) setGlobals() {
	for j, g := range i.state {
		g.Set(i.core.globals[j])
	}
}
