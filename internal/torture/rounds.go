package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// maxCount is the last acknowledgement at which a round kills the server.
const maxCount = 30

// firstUsers is how many users there are before the first kill.
const firstUsers = 12

// kills are the rounds of a load during which the server is killed.
type kills struct {
	o      options
	s      *server
	ledger *ledger

	rounds, badFiles, failedStarts int
	outcome                        outcome
	slowestStart                   time.Duration
}

// run runs the rounds, and at the end looks at everything that was said in all of
// them once more.
func (k *kills) run(ctx context.Context) error {
	if err := k.populate(ctx); err != nil {
		return fmt.Errorf("the first users: %w", err)
	}
	for round := 1; round <= k.o.rounds; round++ {
		if err := k.round(ctx, round); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	last, err := k.verify(ctx, k.ledger.now())
	k.outcome.add(last)
	fmt.Printf("at the end: of all %d acknowledged operations %d claims hold, %d are broken\n", k.ledger.total, last.held, last.broken)
	return err
}

// populate makes users who have done everything once, without a kill.
func (k *kills) populate(ctx context.Context) error {
	if err := k.start(ctx); err != nil {
		return err
	}
	defer k.s.kill()
	k.s.database.lose(true)
	defer k.s.database.lose(false)
	client := newClient(k.s, 2*k.o.concurrency)
	defer client.close()
	all := []deed{(*user).rename, (*user).useOneTimeToken, (*user).signOutAndIn, (*user).resetPassword, (*user).enrol, (*user).revokeOther}
	var workers sync.WaitGroup
	for i := range firstUsers {
		workers.Go(func() {
			u := &user{client: client, l: k.ledger, mails: k.s.mails, email: fmt.Sprintf("first-%d@example.com", i)}
			if err := u.live(ctx, all...); err == nil {
				k.ledger.rests(u)
			} else {
				k.ledger.failed(u.email, err)
			}
		})
	}
	workers.Wait()
	return ctx.Err()
}

// round kills the server once and looks what is left.
func (k *kills) round(ctx context.Context, round int) error {
	if err := k.start(ctx); err != nil {
		return err
	}
	p, before := k.o.plan(round), k.ledger.count()
	k.s.database.lose(true)
	burst(ctx, k.s, k.ledger, fmt.Sprintf("r%d", round), k.o.concurrency, p)
	k.s.database.lose(false)
	k.rounds++
	bad, err := k.s.check(ctx)
	if err != nil {
		return err
	}
	k.badFiles += bad
	var recent []*claim
	for _, c := range k.ledger.now() {
		if c.from >= int64(before) {
			recent = append(recent, c)
		}
	}
	got, err := k.verify(ctx, recent)
	k.outcome.add(got)
	fmt.Printf("round %2d: killed %s, %3d acknowledged, %d claims hold, %d are broken, %d bad files\n", round, p, k.ledger.count()-before, got.held, got.broken, bad)
	return err
}

func (k *kills) start(ctx context.Context) error {
	if err := k.s.start(ctx); err != nil {
		k.failedStarts++
		return err
	}
	k.slowestStart = max(k.slowestStart, k.s.took)
	return nil
}

// verify starts the server, looks at claims and stops it.
func (k *kills) verify(ctx context.Context, list []*claim) (outcome, error) {
	if err := k.start(ctx); err != nil {
		return outcome{}, err
	}
	defer k.s.kill()
	o := verify(ctx, k.s, list)
	return o, ctx.Err()
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
		return fmt.Sprintf("at acknowledgement %2d    ", p.count)
	}
	return fmt.Sprintf("%4d ms after the first", p.after.Milliseconds())
}

// burst keeps so many users busy, and kills the server as planned.
func burst(ctx context.Context, s *server, l *ledger, name string, concurrency int, p plan) {
	client := newClient(s, 2*concurrency) // some requests are sent twice
	defer client.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first := make(chan struct{})
	begun := l.count()
	l.said = func(n int) {
		if n == begun+1 {
			close(first)
		}
		if n == begun+p.count {
			s.kill()
		}
	}
	defer func() { l.said = func(int) {} }()
	var workers sync.WaitGroup
	for worker := range concurrency {
		workers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				u := l.returning()
				if u == nil {
					u = &user{l: l, mails: s.mails, email: fmt.Sprintf("%s-w%d-%d@example.com", name, worker, i)}
				}
				u.client = client
				if err := u.live(ctx, someDeeds()...); err == nil {
					l.rests(u)
				} else if l.failed(u.email, err) {
					return
				}
			}
		})
	}
	s.lasts(ctx, p, first)
	s.kill()
	cancel()
	workers.Wait()
}

// lasts waits until a plan is fulfilled.
func (s *server) lasts(ctx context.Context, p plan, first <-chan struct{}) {
	select {
	case <-first:
	case <-time.After(requestTimeout):
		return
	case <-ctx.Done():
		return
	}
	if p.count > 0 {
		s.awaitExit(ctx)
		return
	}
	select {
	case <-time.After(p.after):
	case <-s.exited:
	case <-ctx.Done():
	}
}

// figures prints and returns what came of it.
func (k *kills) figures() []figure {
	how := fmt.Sprintf("during a mixed load of %d users SIGKILL, in turns %v to %v after the first acknowledgement and in the moment of one; then store check, restart, and a look at each claim",
		k.o.concurrency, k.o.shortest, k.o.longest)
	if k.o.store == "postgres" {
		how = "PostgreSQL behind a proxy that loses messages and their connections; " + how
	}
	list := []figure{
		atLeast("torture_rounds", k.rounds, "kills", k.o.rounds, how),
		atLeast("torture_acknowledged", k.ledger.total, "operations", 1, how),
		atMost("torture_broken", k.outcome.broken, "claims", 0, how),
		atMost("torture_unanswered", k.outcome.unanswered, "claims", 0, how),
		atMost("torture_wrong_answers", k.ledger.wrong, "answers", 0, how),
		atMost("torture_bad_files", k.badFiles, "files", 0, how),
		atMost("torture_failed_starts", k.failedStarts, "starts", 0, how),
		{"torture_lost_messages", float64(k.s.database.losses()), "messages", nil, true, how},
		{"torture_slowest_start", float64(k.slowestStart.Milliseconds()), "ms", nil, true, how + "; the first start compiles the plugins"},
	}
	for _, kind := range everyKind {
		list = append(list, atLeast("torture_acknowledged: "+kind, k.ledger.acknowledged[kind], "operations", 1, how))
	}
	fmt.Printf("%d kills, %d messages of the database lost; acknowledged: %s; %d refused; %d looks: %d broken, %d unanswered; %d wrong answers; %d bad files; slowest start %v\n",
		k.rounds, k.s.database.losses(), kinds(k.ledger.acknowledged), k.ledger.refused,
		k.outcome.held+k.outcome.broken+k.outcome.unanswered, k.outcome.broken, k.outcome.unanswered, k.ledger.wrong, k.badFiles, k.slowestStart.Round(time.Millisecond))
	return list
}
