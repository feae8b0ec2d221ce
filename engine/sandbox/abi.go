package sandbox

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/authhost/authhost/engine/sandbox/internal/wasmbin"
)

// hostFunc is one import. stack holds the arguments, and takes the result in
// its first slot.
type hostFunc struct {
	sig wasmbin.FuncType
	fn  func(c *call, stack []uint64)
}

// sig reads a signature written as parameters, ">" and results: i is i32, I
// is i64.
func sig(s string) (t wasmbin.FuncType) {
	into := &t.Params
	for _, c := range s {
		switch c {
		case 'i':
			*into = append(*into, wasmbin.I32)
		case 'I':
			*into = append(*into, wasmbin.I64)
		case '>':
			into = &t.Results
		}
	}
	return t
}

// sigEntry is the signature of the handler entry.
var sigEntry = sig("i>i")

// abi are the functions of the namespace.
func abi() map[string]hostFunc {
	return map[string]hostFunc{
		"get":  {sig("iiii>I"), hostGet},
		"set":  {sig("iiiii>i"), hostSet},
		"take": {sig("ii>I"), hostTake},
		"log":  {sig("iii>"), hostLog},
	}
}

func hostGet(c *call, s []uint64) {
	c.begin()
	path := c.text(uint32(s[0]), uint32(s[1]))
	out := c.view(uint32(s[2]), uint32(s[3]))
	c.inHost = true
	kind, value := c.host.Get(path, c.inst.buf[:0])
	c.inHost = false
	s[0] = c.deliver(kind, value, out)
}

func hostSet(c *call, s []uint64) {
	c.begin()
	path := c.text(uint32(s[0]), uint32(s[1]))
	value := c.copyOut(uint32(s[3]), uint32(s[4]))
	c.inHost = true
	status := c.host.Set(path, uint32(s[2]), value)
	c.inHost = false
	s[0] = uint64(status)
}

func hostTake(c *call, s []uint64) {
	c.begin()
	out := c.view(uint32(s[0]), uint32(s[1]))
	n := copy(out, c.pending)
	c.takeIn(n)
	c.pending = c.pending[n:]
	s[0] = uint64(n)
}

func hostLog(c *call, s []uint64) {
	c.begin()
	line := c.view(uint32(s[1]), uint32(s[2]))
	c.takeOut(uint32(s[2]))
	c.log(int32(uint32(s[0])), line)
}

// capabilityFuncs are the functions of a capability's module.
func capabilityFuncs(capability string) map[string]hostFunc {
	return map[string]hostFunc{"call": {sig("iiiiii>I"), func(c *call, s []uint64) {
		c.begin()
		c.checkTime()
		fn := c.text(uint32(s[0]), uint32(s[1]))
		in := c.copyOut(uint32(s[2]), uint32(s[3]))
		out := c.view(uint32(s[4]), uint32(s[5]))
		status, value := c.callHost(capability, fn, in)
		c.burnNested()
		c.checkTime()
		s[0] = c.deliver(status, value, out)
	}}}
}

// instantiateHost adds an import module to the runtime and remembers its
// signatures for admission.
func (rt *Runtime) instantiateHost(ctx context.Context, module string, fns map[string]hostFunc) error {
	b := rt.wz.NewHostModuleBuilder(module)
	sigs := make(map[string]wasmbin.FuncType, len(fns))
	for name, f := range fns {
		sigs[name] = f.sig
		b = addFunc(b, name, f)
	}
	rt.imports[module] = sigs
	_, err := b.Instantiate(ctx)
	return err
}

func addFunc(b wazero.HostModuleBuilder, name string, f hostFunc) wazero.HostModuleBuilder {
	fn, params := f.fn, f.sig.Params
	return b.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
		for i, t := range params {
			if t == wasmbin.I32 {
				stack[i] &= 1<<32 - 1 // the upper half of an i32 is whatever was there
			}
		}
		fn(ctx.(*call), stack)
	}), apiTypes(f.sig.Params), apiTypes(f.sig.Results)).Export(name)
}

func apiTypes(ts []wasmbin.ValType) []api.ValueType {
	out := make([]api.ValueType, len(ts))
	for i, t := range ts {
		out[i] = api.ValueType(t)
	}
	return out
}
