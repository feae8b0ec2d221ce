package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

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
	records     int
	cuts        int
	damages     int
}

func main() {
	var o options
	flag.StringVar(&o.binary, "bin", "build/authhost", "the server's binary")
	flag.StringVar(&o.out, "out", "build/torture.json", "where the figures go")
	flag.IntVar(&o.rounds, "rounds", 20, "how often the server is killed")
	flag.IntVar(&o.concurrency, "concurrency", 32, "users at a time")
	flag.StringVar(&o.store, "store", "bolt", "bolt, or postgres behind a proxy that loses messages")
	flag.IntVar(&o.oneOf, "lose", 300, "of so many messages to and from PostgreSQL one is lost")
	flag.DurationVar(&o.shortest, "shortest", 300*time.Millisecond, "shortest time from the first acknowledgement to the kill")
	flag.DurationVar(&o.longest, "longest", 2*time.Second, "longest time from the first acknowledgement to the kill")
	flag.IntVar(&o.records, "records", 3, "how often a load is recorded, for power cuts; with bolt")
	flag.IntVar(&o.cuts, "cuts", 15, "power cuts in each of them")
	flag.IntVar(&o.damages, "damages", 12, "how many files get a flipped bit, and how many are cut short; with bolt")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

func (o options) check() error {
	switch {
	case o.rounds < 1 || o.concurrency < 1 || o.oneOf < 2 || o.shortest <= 0 || o.longest < o.shortest:
		return errors.New("-rounds, -concurrency and -shortest are positive, -lose is above 1, and -longest is not below -shortest")
	case o.store != "bolt" && o.store != "postgres":
		return fmt.Errorf("-store is bolt or postgres, not %q", o.store)
	case o.records < 0 || o.cuts < 0 || o.damages < 0:
		return errors.New("-records, -cuts and -damages are not negative")
	}
	return nil
}

func run(ctx context.Context, o options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	s := &server{}
	if s.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	if _, err := os.Stat(s.binary); err != nil {
		return fmt.Errorf("%w; run \"make build\" first", err)
	}
	if s.mails, err = newMailbox(); err != nil {
		return err
	}
	defer s.mails.close() //nolint:errcheck // nothing depends on it
	if o.store == "postgres" {
		if s.database, err = newDatabase(o.oneOf); err != nil {
			return err
		}
		defer s.database.stop() //nolint:errcheck // nothing depends on it
	}
	if s.dir, err = os.MkdirTemp("", "torture-"); err != nil {
		return err
	}
	if err := errors.Join(s.configure(), torture(ctx, o, s)); err != nil {
		fmt.Fprintln(os.Stderr, "the data is kept in", s.dir)
		return err
	}
	return os.RemoveAll(s.dir)
}

// part is one way to do the server harm.
type part interface {
	run(ctx context.Context) error
	// figures prints and returns what came of it.
	figures() []figure
}

// torture does the server harm in every way that its store allows. A part that
// fails does not keep the others from running.
func torture(ctx context.Context, o options, s *server) error {
	parts := []part{&kills{o: o, s: s, ledger: newLedger()}}
	if o.store == "bolt" {
		parts = append(parts, &power{o: o, s: s, ledger: newLedger()}, &damage{o: o, s: s, ledger: newLedger()})
	}
	var all []figure
	var failed error
	for _, p := range parts {
		if err := p.run(ctx); err != nil {
			failed = errors.Join(failed, err)
		}
		all = append(all, p.figures()...)
	}
	return errors.Join(failed, write(o.out, all))
}
