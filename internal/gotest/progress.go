package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// event is a line of "go test -json"; see "go doc test2json".
type event struct {
	Action      string
	Package     string
	Test        string
	Output      string
	Elapsed     float64 // seconds
	FailedBuild string
}

// progress says what becomes of a run of tests.
type progress struct {
	now   func() time.Time
	begun time.Time

	mu      sync.Mutex
	out     io.Writer
	running map[string]time.Time         // packages
	said    map[string]map[string]string // what tests printed, by package and test; "" is the package
	failed  map[string][]string          // tests, by package
	done    int
	bad     int
	spoke   time.Time // when something was printed last
}

func newProgress(out io.Writer, now func() time.Time) *progress {
	return &progress{
		now: now, begun: now(), spoke: now(), out: out,
		running: map[string]time.Time{}, said: map[string]map[string]string{}, failed: map[string][]string{},
	}
}

// maxLine bounds a line of output that is read, in bytes.
const maxLine = 16 << 20

// read follows the events of a run to its end.
func (p *progress) read(from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			p.say("%s\n", lines.Text())
			continue
		}
		p.see(e)
	}
	return lines.Err()
}

func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print(format, args...)
}

// print prints; p.mu is held.
func (p *progress) print(format string, args ...any) {
	fmt.Fprintf(p.out, format, args...)
	p.spoke = p.now()
}

func (p *progress) elapsed() string { return fmt.Sprintf("%4.0f s", p.now().Sub(p.begun).Seconds()) }

func (p *progress) see(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Action {
	case "start":
		p.running[e.Package] = p.now()
		p.said[e.Package] = map[string]string{}
	case "build-output":
		p.print("%s", e.Output)
	case "output":
		if m := p.said[e.Package]; m != nil {
			m[e.Test] += e.Output
		}
	case "pass", "fail", "skip":
		p.ended(e)
	}
}

// ended notes the end of a test, or prints that of a package.
func (p *progress) ended(e event) {
	if e.Test != "" {
		if e.Action == "fail" {
			p.failed[e.Package] = append(p.failed[e.Package], e.Test)
		} else {
			delete(p.said[e.Package], e.Test) // nobody asks
		}
		return
	}
	delete(p.running, e.Package)
	if e.Action == "skip" {
		return // it has no tests
	}
	p.done++
	word := "ok  "
	if e.Action == "fail" {
		p.bad++
		word = "FAIL"
		p.explain(e)
	}
	p.print("%s  %s  %s  %.1f s\n", p.elapsed(), word, e.Package, e.Elapsed)
	delete(p.said, e.Package)
}

// explain prints what a failed package has printed.
func (p *progress) explain(e event) {
	said := p.said[e.Package]
	tests := append(p.failed[e.Package], "")
	// A test that did not end, such as one that panicked, has no event.
	for _, t := range slices.Sorted(maps.Keys(said)) {
		if !slices.Contains(tests, t) {
			tests = append(tests, t)
		}
	}
	for _, t := range tests {
		p.print("%s", said[t])
	}
}

// remind says what is under way, if nothing was printed for a while.
func (p *progress) remind() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now().Sub(p.spoke) < remindEvery {
		return
	}
	var names []string
	for name, since := range p.running {
		names = append(names, fmt.Sprintf("%s (%.0f s)", name, p.now().Sub(since).Seconds()))
	}
	slices.Sort(names)
	if len(names) == 0 {
		names = []string{"compiling"}
	}
	p.print("%s  …     %s\n", p.elapsed(), strings.Join(names, ", "))
}

// end prints the sum.
func (p *progress) end() {
	p.say("%s  %d packages, %d failed\n", p.elapsed(), p.done, p.bad)
}
