package sandbox

import (
	"context"
	"fmt"
	"strings"
)

// A capability call may lead to calls of other modules, in instances of their
// own. The context that Imports.Call gets carries the calls that wait for it.

// frame is one call that waits for a nested one.
type frame struct {
	call    *call
	module  *Module
	handler int32
	below   *frame
	depth   int
}

// frameKey is the context key of the innermost frame.
type frameKey struct{}

// NestingError says that calls were nested too deeply, or that a handler
// would be called again by what it does itself.
type NestingError struct {
	Chain []string // "module/handler", outermost first
	Cycle bool
}

// Error implements error.
func (e *NestingError) Error() string {
	what := "calls are nested too deeply"
	if e.Cycle {
		what = "a handler calls itself"
	}
	return fmt.Sprintf("sandbox: %s: %s", what, strings.Join(e.Chain, " > "))
}

// frameOf returns the innermost frame of a context, or nil.
func frameOf(ctx context.Context) *frame {
	f, _ := ctx.Value(frameKey{}).(*frame)
	return f
}

// nest checks a call of a handler against those that wait for it.
func (m *Module) nest(ctx context.Context, handler int32) (*frame, error) {
	below := frameOf(ctx)
	f := &frame{module: m, handler: handler, below: below}
	if below == nil {
		return f, nil
	}
	f.depth = below.depth + 1
	if f.depth >= m.core.rt.cfg.MaxNesting {
		return nil, f.err(false)
	}
	for b := below; b != nil; b = b.below {
		if b.module == m && b.handler == handler {
			return nil, f.err(true)
		}
	}
	return f, nil
}

// budget returns what is left of the fuel of the call that waits for this one.
func (f *frame) budget() uint64 {
	if f.below == nil {
		return maxCounter
	}
	return f.below.call.fuelLeft()
}

// charge notes the fuel that a call has used with the one that waits for it.
func (f *frame) charge(fuel uint64) {
	if f.below != nil {
		f.below.call.nested += fuel
	}
}

// Charge takes fuel out of that of the call to which the context of [Imports]' Call
// belongs, for work that the host does for it and that costs more than a host
// call. It counts when Call returns: a call with too little left ends there. A
// context of no call is charged nothing.
func Charge(ctx context.Context, fuel uint64) {
	if f := frameOf(ctx); f != nil {
		f.call.nested += fuel
	}
}

func (f *frame) err(cycle bool) error {
	chain := make([]string, f.depth+1)
	for b := f; b != nil; b = b.below {
		chain[b.depth] = fmt.Sprintf("%s/%d", b.module.name, b.handler)
	}
	return &NestingError{Chain: chain, Cycle: cycle}
}
