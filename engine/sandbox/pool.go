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
	shares     *quota        // of each owner
	maxIdle    int
	maxWaiting int
	maxWait    time.Duration

	mu      sync.Mutex
	idle    []*Instance // the last one used comes first: its pages are warm
	waiting int
	making  bool // somebody was told to make an instance ahead, and has not added it yet
}

// ownerShare is the part, in percent, of the instances of a module, and of the
// places of those who wait for one, that one owner may take.
const ownerShare = 75

func newPool(instances, idle, waiting int, wait time.Duration) *pool {
	return &pool{
		slots: make(chan struct{}, instances), shares: newQuota(instances*ownerShare/100, max(1, waiting*ownerShare/100)),
		maxIdle: idle, maxWaiting: waiting, maxWait: wait,
	}
}

// get takes a slot and an idle instance; the instance is nil if the caller
// has to make one. With next, another one should be made for the next caller:
// there is room, and none is idle. Whoever is told so calls add.
func (p *pool) get(ctx context.Context, owner string) (inst *Instance, next bool, err error) {
	if err := p.shares.take(ctx, owner, p.maxWait); err != nil {
		return nil, false, err
	}
	select {
	case p.slots <- struct{}{}:
	default:
		if err := p.wait(ctx); err != nil {
			p.shares.give(owner)
			return nil, false, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		inst = p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
	}
	next = !p.making && len(p.idle) == 0 && p.room()
	p.making = p.making || next
	return inst, next, nil
}

// room reports whether another instance could be idle when all those in use
// are idle, too.
func (p *pool) room() bool { return len(p.slots)+len(p.idle) < min(cap(p.slots), p.maxIdle) }

// add takes an instance that was made ahead, or nil if that failed. It returns
// an instance that the caller has to close: there are enough by now.
func (p *pool) add(inst *Instance) (surplus *Instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.making = false
	if inst == nil || !p.room() {
		return inst
	}
	inst.since = time.Now()
	p.idle = slices.Insert(p.idle, 0, inst)
	return nil
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
func (p *pool) put(inst *Instance, owner string) (surplus *Instance) {
	p.mu.Lock()
	if inst != nil && len(p.idle) < p.maxIdle {
		inst.since = time.Now()
		p.idle = append(p.idle, inst)
	} else {
		surplus = inst
	}
	p.mu.Unlock()
	<-p.slots
	p.shares.give(owner)
	return surplus
}

// trim gives back what instances keep that are idle since before a moment. It
// returns those that cannot be used any more, and those that were made ahead
// and not needed. Callers who want an instance wait for one to be trimmed at
// most.
func (p *pool) trim(before time.Time) (broken, needless []*Instance) {
	trimOne := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for n, inst := range p.idle {
			switch {
			case !inst.since.Before(before):
				continue
			case inst.ahead:
				needless = append(needless, inst)
				p.idle = slices.Delete(p.idle, n, n+1)
			case !inst.dirty:
				continue
			case inst.trim() != nil:
				broken = append(broken, inst)
				p.idle = slices.Delete(p.idle, n, n+1)
			}
			return true
		}
		return false
	}
	for trimOne() {
	}
	return broken, needless
}

// drain empties the pool.
func (p *pool) drain() []*Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle
	p.idle = nil
	return idle
}
