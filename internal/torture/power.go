package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// recorded is how long a recorded load lasts after the first acknowledgement.
	recorded = 4 * time.Second
	// traceTimeout bounds the wait for strace to write what it has recorded.
	traceTimeout = 30 * time.Second
)

// power cuts the power: what the server writes and syncs under load is recorded,
// and at chosen moments of the recording the disk is made what a power cut may have
// left. Whatever was acknowledged before that moment has to be there after a start.
// The beginning of each recording is a start after a crash.
type power struct {
	o      options
	s      *server
	ledger *ledger

	recordedBytes int64 // length of the recordings so far: the clock of the ledger

	writes, syncs, starts, failedStarts, badFiles int
	cuts                                          map[string]int // by what was lost
	outcome                                       outcome
}

func (p *power) run(ctx context.Context) error {
	if _, err := exec.LookPath("strace"); err != nil && p.o.records > 0 {
		return errors.New("the recording of writes needs strace: apt-get install strace")
	}
	p.cuts = map[string]int{}
	for i := range p.o.records {
		if err := p.record(ctx, i+1); err != nil {
			return fmt.Errorf("recording %d: %w", i+1, err)
		}
	}
	return nil
}

// record records a load, and cuts the power at some moments of it.
func (p *power) record(ctx context.Context, number int) error {
	was, err := readDisk(p.s.data(), p.s.ours)
	if err != nil {
		return err
	}
	trace := filepath.Join(p.s.dir, fmt.Sprintf("trace-%d", number))
	began := p.recordedBytes
	p.ledger.clock = func() int64 { return began + size(trace) }
	if err := p.s.run(ctx, strace(p.s.binary, trace)...); err != nil {
		return err
	}
	recorder, err := tracer(p.s.process.Process.Pid)
	if err != nil {
		p.s.kill()
		return err
	}
	burst(ctx, p.s, p.ledger, fmt.Sprintf("p%d", number), p.o.concurrency, plan{after: recorded})
	if err := awaitEnd(ctx, recorder); err != nil {
		return err
	}
	p.recordedBytes = p.ledger.clock()
	after, err := readDisk(p.s.data(), p.s.ours)
	if err != nil {
		return err
	}
	if err := p.cutAt(ctx, trace, was, began); err != nil {
		return err
	}
	return errors.Join(put(p.s.data(), p.s.ours, after.cut(nil, lossAll)), os.Remove(trace))
}

// tracer returns the process that traces another.
func tracer(pid int) (string, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(status), "TracerPid:")
	line, _, _ := strings.Cut(rest, "\n")
	if id := strings.TrimSpace(line); id != "0" && id != "" {
		return id, nil
	}
	return "", errors.New("strace does not trace the server")
}

// awaitEnd waits until a process is gone.
func awaitEnd(ctx context.Context, pid string) error {
	ctx, cancel := context.WithTimeout(ctx, traceTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Join("/proc", pid)); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("strace did not end with the server")
		}
	}
}

// cutAt chooses moments of a recording and cuts the power at each.
func (p *power) cutAt(ctx context.Context, trace string, was *disk, began int64) error {
	moments, err := p.moments(trace, was)
	if err != nil {
		return err
	}
	r, end, err := replay(trace, was, p.s.ours)
	if err != nil {
		return err
	}
	defer end()
	for i, moment := range moments {
		for r.at < moment {
			if _, err := r.next(); err != nil {
				return err
			}
		}
		if err := p.cut(ctx, r.disk, everyLoss[i%len(everyLoss)], began+moment); err != nil {
			return err
		}
	}
	return nil
}

// replay begins to apply a recording to a disk.
func replay(trace string, was *disk, ours func(string) bool) (r *recording, end func(), err error) {
	f, err := os.Open(trace)
	if err != nil {
		return nil, nil, err
	}
	return newRecording(f, was, ours), func() { _ = f.Close() }, nil // it is only read
}

// moments chooses moments, half of them about other files than the journal, which
// is written much more often.
func (p *power) moments(trace string, was *disk) (list []int64, err error) {
	r, end, err := replay(trace, was.copy(), p.s.ours)
	if err != nil {
		return nil, err
	}
	defer end()
	var journal, rest []int64
	for {
		about, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch {
		case about == "":
		case strings.HasSuffix(about, ".journal"):
			journal = append(journal, r.at)
		default:
			rest = append(rest, r.at)
		}
	}
	p.writes += r.disk.writes
	p.syncs += r.disk.syncs
	for _, from := range [][]int64{journal, rest} {
		for range min(p.o.cuts/2, len(from)) {
			list = append(list, from[rand.IntN(len(from))])
		}
	}
	if len(list) == 0 {
		return nil, errors.New("nothing was written")
	}
	slices.Sort(list)
	return list, nil
}

// cut makes the disk what a power cut may leave, and looks at what was
// acknowledged before.
func (p *power) cut(ctx context.Context, d *disk, l loss, at int64) error {
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	if err := put(p.s.data(), p.s.ours, d.cut(random, l)); err != nil {
		return err
	}
	p.cuts[string(l)]++
	bad, err := p.s.check(ctx)
	if err != nil {
		return err
	}
	p.badFiles += bad
	if err := p.s.start(ctx); err != nil {
		p.failedStarts++
		return err
	}
	p.starts++
	defer p.s.kill()
	got := verify(ctx, p.s, sample(p.ledger.standing(at)))
	if got.broken+got.unanswered+bad > 0 {
		fmt.Fprintf(os.Stderr, "after a power cut at byte %d of the recording, with %s: %d broken, %d unanswered (%v), %d bad files\n", at, l, got.broken, got.unanswered, got.why, bad)
	}
	p.outcome.add(got)
	return ctx.Err()
}

func (p *power) figures() []figure {
	how := fmt.Sprintf("writes and syncs of a mixed load of %d users recorded with strace; at moments of it, what was not synced is dropped by sectors, reordered or torn; then store check, start, and a look at claims from before that moment", p.o.concurrency)
	fmt.Printf("power cuts in %d recordings of %d writes and %d syncs: %s; acknowledged: %s; %d looks: %d broken, %d unanswered; %d wrong answers; %d bad files\n",
		p.o.records, p.writes, p.syncs, kinds(p.cuts), kinds(p.ledger.acknowledged),
		p.outcome.held+p.outcome.broken+p.outcome.unanswered, p.outcome.broken, p.outcome.unanswered, p.ledger.wrong, p.badFiles)
	list := []figure{
		atLeast("power_cuts", p.starts, "cuts", p.o.records, how),
		atMost("power_broken", p.outcome.broken, "claims", 0, how),
		atMost("power_unanswered", p.outcome.unanswered, "claims", 0, how),
		atMost("power_wrong_answers", p.ledger.wrong, "answers", 0, how),
		atMost("power_bad_files", p.badFiles, "files", 0, how),
		atMost("power_failed_starts", p.failedStarts, "starts", 0, how),
	}
	for l, n := range p.cuts {
		list = append(list, figure{"power_cuts: " + l, float64(n), "cuts", nil, true, how})
	}
	return list
}
