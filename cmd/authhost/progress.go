package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/sandbox"
)

// compileNotice is how long a module may take before it is told of. One that
// comes from the cache is ready sooner.
const compileNotice = 500 * time.Millisecond

// progress tells which modules take long to make ready. Several may be made
// ready at once.
type progress struct {
	out io.Writer

	mu      sync.Mutex
	pending map[string]*time.Timer // by plugin; nil after stop
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, pending: map[string]*time.Timer{}}
}

// observe follows the stages of a plugin's module.
func (p *progress) observe(step engine.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.pending[step.Plugin]; t != nil {
		t.Stop()
		delete(p.pending, step.Plugin)
	}
	if step.Stage == sandbox.StageCompile && p.pending != nil {
		p.pending[step.Plugin] = time.AfterFunc(compileNotice, func() { p.tell(step.Plugin) })
	}
}

func (p *progress) tell(plugin string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending[plugin] != nil {
		fmt.Fprintf(p.out, "  compiling %s …\n", plugin)
	}
}

// stop ends the telling; nothing is written afterwards.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.pending {
		t.Stop()
	}
	p.pending = nil
}
