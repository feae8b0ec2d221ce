package sandbox

import (
	"context"
	"slices"
	"sync"
	"time"
)

// pool bounds the instances of one module and those who wait for one.
type pool struct {
	slots      chan struct{} // one for each instance in use
	maxIdle    int
	maxWaiting int
	maxWait    time.Duration

	mu      sync.Mutex
	idle    []*Instance // the last one used comes first: its pages are warm
	waiting int
}

func newPool(instances, idle, waiting int, wait time.Duration) *pool {
	return &pool{slots: make(chan struct{}, instances), maxIdle: idle, maxWaiting: waiting, maxWait: wait}
}

// get takes a slot and an idle instance; the instance is nil if the caller
// has to make one.
func (p *pool) get(ctx context.Context) (*Instance, error) {
	select {
	case p.slots <- struct{}{}:
	default:
		if err := p.wait(ctx); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil, nil
	}
	inst := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return inst, nil
}

// wait waits for a slot.
func (p *pool) wait(ctx context.Context) error {
	p.mu.Lock()
	if p.waiting >= p.maxWaiting {
		p.mu.Unlock()
		return ErrBusy
	}
	p.waiting++
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
	}()
	t := time.NewTimer(p.maxWait)
	defer t.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return ErrBusy
	}
}

// put gives a slot back with an instance to keep, or nil. It returns an
// instance that the caller has to close: there are enough idle ones.
func (p *pool) put(inst *Instance) (surplus *Instance) {
	p.mu.Lock()
	if inst != nil && len(p.idle) < p.maxIdle {
		inst.since = time.Now()
		p.idle = append(p.idle, inst)
	} else {
		surplus = inst
	}
	p.mu.Unlock()
	<-p.slots
	return surplus
}

// trim gives back what instances keep that are idle since before a moment. It
// returns those that cannot be used any more. Callers who want an instance
// wait for one to be trimmed at most.
func (p *pool) trim(before time.Time) (broken []*Instance) {
	trimOne := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for n, inst := range p.idle {
			if !inst.dirty || !inst.since.Before(before) {
				continue
			}
			if inst.trim() != nil {
				broken = append(broken, inst)
				p.idle = slices.Delete(p.idle, n, n+1)
			}
			return true
		}
		return false
	}
	for trimOne() {
	}
	return broken
}

// drain empties the pool.
func (p *pool) drain() []*Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle
	p.idle = nil
	return idle
}
