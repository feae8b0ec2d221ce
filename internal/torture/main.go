package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// maxCount is the last acknowledgement at which a round kills the server.
const maxCount = 8

// options are the command's flags.
type options struct {
	binary      string
	out         string
	rounds      int
	concurrency int
	store       string
	oneOf       int
	shortest    time.Duration
	longest     time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.binary, "bin", "build/authhost", "the server's binary")
	flag.StringVar(&o.out, "out", "build/torture.json", "where the figures go")
	flag.IntVar(&o.rounds, "rounds", 50, "how often the server is killed")
	flag.IntVar(&o.concurrency, "concurrency", 200, "sign-ups under way at a time")
	flag.StringVar(&o.store, "store", "bolt", "bolt, or postgres behind a proxy that loses messages")
	flag.IntVar(&o.oneOf, "lose", 300, "of so many messages to and from PostgreSQL one is lost")
	flag.DurationVar(&o.shortest, "shortest", 300*time.Millisecond, "shortest time from the first acknowledged sign-up to the kill")
	flag.DurationVar(&o.longest, "longest", 2*time.Second, "longest time from the first acknowledged sign-up to the kill")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// tally is what all rounds together came to.
type tally struct {
	rounds, acknowledged, lost, badFiles, failedStarts int
	lostMessages                                       int64
	slowestStart                                       time.Duration
}

func run(ctx context.Context, o options) error {
	if o.rounds < 1 || o.concurrency < 1 || o.oneOf < 2 || o.shortest <= 0 || o.longest < o.shortest {
		return errors.New("-rounds, -concurrency and -shortest are positive, -lose is above 1, and -longest is not below -shortest")
	}
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%w; run \"make build\" first", err)
	}
	dir, err := os.MkdirTemp("", "torture-")
	if err != nil {
		return err
	}
	s := &server{binary: binary, dir: dir}
	if o.store == "postgres" {
		if s.database, err = newDatabase(o.oneOf); err != nil {
			return err
		}
		defer s.database.stop() //nolint:errcheck // nothing depends on it
	}
	var t tally
	err = s.configure()
	if err == nil {
		err = torture(ctx, o, s, &t)
	}
	t.lostMessages = s.database.losses()
	if err = errors.Join(err, report(o, t)); err != nil {
		fmt.Fprintln(os.Stderr, "the data is kept in", dir)
		return err
	}
	return os.RemoveAll(dir)
}

// torture runs the rounds, and at the end looks for every sign-up of all of
// them once more.
func torture(ctx context.Context, o options, s *server, t *tally) error {
	var all []signUp
	for round := 1; round <= o.rounds; round++ {
		done, err := t.round(ctx, o, s, round)
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		all = append(all, done...)
	}
	lost, err := t.verify(ctx, s, all)
	t.lost = max(t.lost, lost)
	return err
}

// round kills the server once and looks what is left.
func (t *tally) round(ctx context.Context, o options, s *server, round int) ([]signUp, error) {
	if err := t.start(ctx, s); err != nil {
		return nil, err
	}
	p := o.plan(round)
	s.database.lose(true)
	done := burst(ctx, s, round, o.concurrency, p)
	s.database.lose(false)
	t.rounds++
	t.acknowledged += len(done)
	bad, err := s.check(ctx)
	if err != nil {
		return nil, err
	}
	lost, err := t.verify(ctx, s, done)
	t.badFiles += bad
	t.lost += lost
	fmt.Printf("round %2d: killed %s, %3d acknowledged, %d lost, %d bad files\n", round, p, len(done), lost, bad)
	return done, err
}

// plan says when a round kills the server.
type plan struct {
	after time.Duration // after the first acknowledgement, or
	count int           // at once with this many
}

// plan takes turns. A random moment meets whatever the server is doing; the
// moment of an acknowledgement meets what it claims to have done, which a
// random one seldom does, because hashing passwords takes most of the time.
func (o options) plan(round int) plan {
	if round%2 == 0 {
		return plan{count: 1 + rand.IntN(maxCount)}
	}
	return plan{after: o.shortest + rand.N(o.longest-o.shortest+1)}
}

func (p plan) String() string {
	if p.count > 0 {
		return fmt.Sprintf("at acknowledgement %d", p.count)
	}
	return fmt.Sprintf("%4d ms after the first", p.after.Milliseconds())
}

func (t *tally) start(ctx context.Context, s *server) error {
	if err := s.start(ctx); err != nil {
		t.failedStarts++
		return err
	}
	t.slowestStart = max(t.slowestStart, s.took)
	return nil
}

// verify starts the server, looks for sign-ups and stops it. It returns how
// many are not there.
func (t *tally) verify(ctx context.Context, s *server, list []signUp) (lost int, err error) {
	if err := t.start(ctx, s); err != nil {
		return 0, err
	}
	defer s.kill()
	return missing(ctx, s, list), ctx.Err()
}

// figure is one entry of the result for machines.
type figure struct {
	Name  string   `json:"name"`
	Value float64  `json:"value"`
	Unit  string   `json:"unit"`
	Goal  *float64 `json:"goal"`
	Holds bool     `json:"holds"`
	How   string   `json:"how"`
}

// report prints the outcome, writes it for machines, and returns an error when
// the server did not keep its word.
func report(o options, t tally) error {
	how := fmt.Sprintf("during %d concurrent sign-ups, changes of names and sign-outs SIGKILL, in turns %v to %v after the first acknowledgement and in the moment of one; then store check, restart, get-session for each acknowledged one",
		o.concurrency, o.shortest, o.longest)
	atMost := func(name string, value int, unit string, goal float64) figure {
		return figure{name, float64(value), unit, &goal, float64(value) <= goal, how}
	}
	wanted := float64(o.rounds)
	one := 1.0
	if o.store == "postgres" {
		how = "PostgreSQL behind a proxy that loses messages and their connections; " + how
	}
	figures := []figure{
		{"torture_rounds", float64(t.rounds), "kills", &wanted, t.rounds >= o.rounds, how},
		{"torture_acknowledged", float64(t.acknowledged), "sign-ups", &one, t.acknowledged >= 1, how},
		atMost("torture_lost", t.lost, "sign-ups", 0),
		atMost("torture_bad_files", t.badFiles, "files", 0),
		atMost("torture_failed_starts", t.failedStarts, "starts", 0),
		{"torture_lost_messages", float64(t.lostMessages), "messages", nil, true, how},
		{"torture_slowest_start", float64(t.slowestStart.Milliseconds()), "ms", nil, true, how + "; the first start compiles the plugins"},
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(o.out, append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Printf("%d kills, %d messages of the database lost, %d sign-ups acknowledged, %d lost, %d bad files; slowest start %v\n",
		t.rounds, t.lostMessages, t.acknowledged, t.lost, t.badFiles, t.slowestStart.Round(time.Millisecond))
	for _, f := range figures {
		if !f.Holds {
			err = errors.Join(err, fmt.Errorf("%s is %v; the goal is %v", f.Name, f.Value, *f.Goal))
		}
	}
	return err
}
