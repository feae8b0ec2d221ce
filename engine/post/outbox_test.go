package post_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/post"
	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

var message = mail.Message{Tenant: "main", To: "ada@example.com", Plugin: "p", Template: "t", Token: "canary", Values: map[string]string{"token": "canary"}}

// office is a way for mails with its store.
type office struct {
	*post.Outbox[mail.Message]
	data                     store.Tenant
	slots                    *semaphore.Weighted
	sent                     []mail.Message
	fails                    error // of the next tries
	committed, left, refused int   // how often it was told of each
}

func newOffice(t *testing.T) *office {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	data, err := s.Open(t.Context(), "main", outbox.Schema())
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := secret.New([]secret.Version{{Value: strings.Repeat("secret", 8)}})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{data: data, slots: semaphore.NewWeighted(1)}
	o.Outbox = post.New(post.Config[mail.Message]{
		Kind: "email", Store: data, Secrets: secrets, Unpack: mail.Unpack, Slots: o.slots,
		Committed: func() { o.committed++ }, Sent: func() { o.left++ }, Refused: func() { o.refused++ },
		Send: func(_ context.Context, id string, m mail.Message) error {
			m.ID = id
			if o.fails == nil {
				o.sent = append(o.sent, m)
			}
			return o.fails
		},
	})
	return o
}

func (o *office) put(t *testing.T, m mail.Message) error {
	t.Helper()
	m.CreatedAt = time.Now()
	tx := store.Begin(o.data)
	if err := o.Put(t.Context(), tx, m); err != nil {
		return err
	}
	return tx.Commit(t.Context())
}

// run delivers what waits, until so many attempts were made.
func (o *office) run(t *testing.T, attempts int) (outcomes []string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	done := make(chan string, 10)
	w := outbox.New(outbox.Config{Store: o.data, Observe: func(_ *outbox.Entry, outcome string) { done <- outcome }, Deliver: func(ctx context.Context, e *outbox.Entry, finish outbox.Finish) error {
		if err := o.Deliver(ctx, e); err != nil {
			return err
		}
		tx := store.Begin(o.data)
		if err := finish(ctx, tx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	}})
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx) }()
	for range attempts {
		outcomes = append(outcomes, <-done)
	}
	stop()
	<-ended
	return outcomes
}

func (o *office) entries(t *testing.T) []*store.Record {
	t.Helper()
	page, err := o.data.List(t.Context(), store.Query{Model: outbox.Model})
	if err != nil {
		t.Fatal(err)
	}
	return page.Records
}

// TestOutbox: a mail waits sealed, and is sent once, as it was.
func TestOutbox(t *testing.T) {
	o := newOffice(t)
	if err := o.put(t, message); err != nil {
		t.Fatal(err)
	}
	if list := o.entries(t); len(list) != 1 || strings.Contains(string(document.Obj(list[0].Fields).JSON()), "canary") || strings.Contains(string(document.Obj(list[0].Fields).JSON()), "ada@") {
		t.Errorf("entries %v", list)
	}
	if got := o.run(t, 1); got[0] != outbox.OutcomeDelivered || o.committed != 1 || o.left != 1 {
		t.Errorf("outcomes %v, told %d, %d", got, o.committed, o.left)
	}
	if len(o.sent) != 1 || o.sent[0].Token != "canary" || len(o.sent[0].ID) != 32 || len(o.entries(t)) != 0 {
		t.Errorf("sent %+v, left %d", o.sent, len(o.entries(t)))
	}
}

// TestDecoy: a decoy goes the way of a mail, and is not sent.
func TestDecoy(t *testing.T) {
	o, decoy := newOffice(t), message
	decoy.Decoy = true
	if err := o.put(t, decoy); err != nil || len(o.entries(t)) != 1 {
		t.Fatal(err)
	}
	if got := o.run(t, 1); got[0] != outbox.OutcomeDelivered || len(o.sent) != 0 || o.left != 0 || len(o.entries(t)) != 0 {
		t.Errorf("outcomes %v, sent %v", got, o.sent)
	}
}

// TestFaults: an error that may pass is tried again, a final one is not, nor is
// what cannot be opened.
func TestFaults(t *testing.T) {
	o := newOffice(t)
	o.fails = errors.New("later")
	if err := o.put(t, message); err != nil {
		t.Fatal(err)
	}
	if got := o.run(t, 1); got[0] != outbox.OutcomeRetry {
		t.Errorf("an error that may pass: %v", got)
	}
	o.fails = postbox.Final(errors.New("never"))
	if got := o.run(t, 1); got[0] != outbox.OutcomeDead || o.entries(t)[0].Str("lastError") != "never" {
		t.Errorf("a final error: %v", got)
	}
	var refused *outbox.Refused
	if err := o.Deliver(t.Context(), &outbox.Entry{Event: outbox.Event{Record: document.NewObject(0)}}); !errors.As(err, &refused) {
		t.Errorf("nothing to open: %v", err)
	}
	bad := message
	bad.To = "a@example.com, b@example.com"
	if err := o.put(t, bad); !errors.Is(err, mail.ErrAddress) {
		t.Errorf("two addresses: %v", err)
	}
}

// TestBusy: a message that finds no slot was not tried.
func TestBusy(t *testing.T) {
	o := newOffice(t)
	if err := o.put(t, message); err != nil {
		t.Fatal(err)
	}
	record := o.entries(t)[0].Get("record").Object()
	if err := o.slots.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := o.Deliver(ctx, &outbox.Entry{Event: outbox.Event{Record: record}}); !errors.Is(err, outbox.ErrBusy) || len(o.sent) != 0 {
		t.Errorf("got %v", err)
	}
}

// TestFull: a tenant has so many messages waiting and no more, decoys included,
// and so many dead letters.
func TestFull(t *testing.T) {
	o := newOffice(t)
	o.fill(t, outbox.StateDead, outbox.MaxDeadMessages)
	o.fails = postbox.Final(errors.New("never"))
	if err := o.put(t, message); err != nil {
		t.Fatal(err)
	}
	if got := o.run(t, 1); got[0] != outbox.OutcomeDead {
		t.Errorf("outcomes %v", got)
	}
	n, err := o.data.Count(t.Context(), store.Query{Model: outbox.Model})
	if err != nil || n != outbox.MaxDeadMessages {
		t.Errorf("%d dead letters, %v", n, err)
	}
	o.fill(t, outbox.StateDue, outbox.MaxMessages)
	for _, decoy := range []bool{false, true} {
		m := message
		m.Decoy = decoy
		if err := o.put(t, m); !errors.Is(err, post.ErrFull) {
			t.Errorf("decoy %v: %v", decoy, err)
		}
	}
	if o.refused != 2 {
		t.Errorf("%d were refused", o.refused)
	}
}

// fill puts messages into the outbox.
func (o *office) fill(t *testing.T, state string, n int) {
	t.Helper()
	ops := make([]store.Op, n)
	for i := range ops {
		ops[i] = store.Op{Kind: store.Insert, Model: outbox.Model, ID: secret.RandomString(32, secret.Alnum), Fields: document.NewObject(5).
			Set("message", document.Text("email")).Set("channel", document.Text("@email")).Set("state", document.Text(state)).
			Set("dueAt", document.Time(time.Now().Add(time.Hour))).Set("createdAt", document.Time(time.Now()))}
	}
	if err := o.data.Apply(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
}
