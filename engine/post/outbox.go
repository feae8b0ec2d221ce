package post

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/semaphore"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// Way takes messages over.
type Way[T postbox.Message] interface {
	// Put takes a message over as part of a unit of work. It returns ErrFull,
	// or what Check of the message does.
	Put(ctx context.Context, tx *store.Tx, message T) error
}

// ErrFull is returned by Put when as many messages of the tenant wait as may.
var ErrFull = errors.New("the tenant's outbox has too many messages that wait")

const (
	// slotWait is how long a message waits for one of the slots that tenants
	// share, before it waits for its next turn in the outbox.
	slotWait = outbox.DeliveryTimeout / 3
	// sendTime is how long a message may take, that wait included; the rest of
	// the time of a delivery is for noting that it was sent.
	sendTime = outbox.DeliveryTimeout * 4 / 5
	// member is where the content of a message is in its entry.
	member = "sealed"
)

// Config is what an Outbox needs. All members but Sent and Refused are required.
type Config[T postbox.Message] struct {
	Kind    string // of the messages: the name of a capability
	Store   store.Tenant
	Secrets *secret.Secrets
	Unpack  func([]byte) (T, error)
	// Send sends a message. The id is the same whenever it is tried again. An
	// error that is final (postbox.IsFinal) makes it a dead letter.
	Send func(ctx context.Context, id string, message T) error
	// Slots bounds what all tenants send at the same time. Whoever waits comes
	// first; no tenant has more than outbox.MessageConcurrency messages there.
	Slots *semaphore.Weighted
	// Committed tells the worker of the outbox that there is a message.
	Committed func()
	Sent      func() // is told of each message that was sent
	Refused   func() // is told of each message for which there was no room
}

// Outbox sends the messages of one kind of a tenant through its outbox.
type Outbox[T postbox.Message] struct{ config Config[T] }

// New returns an Outbox.
func New[T postbox.Message](c Config[T]) *Outbox[T] {
	if c.Sent == nil {
		c.Sent = func() {}
	}
	if c.Refused == nil {
		c.Refused = func() {}
	}
	return &Outbox[T]{c}
}

// Put implements Way. The content of the message is sealed: tokens in it are as
// good as passwords.
func (o *Outbox[T]) Put(ctx context.Context, tx *store.Tx, message T) error {
	if err := message.Check(); err != nil {
		return err
	}
	plain, err := message.Pack()
	if err != nil {
		return err
	}
	sealed, err := o.config.Secrets.SealFor(o.purpose(), plain)
	if err != nil {
		return err
	}
	about := message.About()
	err = outbox.Post(ctx, tx, o.config.Store, outbox.Event{
		Message: o.config.Kind, Plugin: about.Plugin, Name: about.Name, Time: about.At,
		Record: document.NewObject(1).Set(member, document.Text(sealed)),
	})
	if errors.Is(err, outbox.ErrFull) {
		o.config.Refused()
		return ErrFull
	}
	if err == nil {
		tx.OnCommit(o.config.Committed)
	}
	return err
}

func (o *Outbox[T]) purpose() string { return "outbox/" + o.config.Kind }

// Deliver sends the message of an entry. The error is for the outbox: an
// *outbox.Refused if trying again is pointless, and outbox.ErrBusy while others
// have all slots.
func (o *Outbox[T]) Deliver(ctx context.Context, e *outbox.Entry) error {
	plain, err := o.config.Secrets.OpenFor(o.purpose(), e.Record.Get(member).Str())
	if err != nil {
		return &outbox.Refused{Reason: fmt.Sprintf("the content cannot be read: %v", err)}
	}
	message, err := o.config.Unpack(plain)
	if err != nil {
		return &outbox.Refused{Reason: fmt.Sprintf("the content cannot be read: %v", err)}
	}
	if message.About().Decoy {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if err := o.slot(ctx); err != nil {
		return err
	}
	defer o.config.Slots.Release(1)
	err = o.config.Send(ctx, e.ID, message)
	switch {
	case err == nil:
		o.config.Sent()
	case postbox.IsFinal(err):
		return &outbox.Refused{Reason: err.Error()}
	}
	return err
}

func (o *Outbox[T]) slot(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	if o.config.Slots.Acquire(ctx, 1) != nil {
		return outbox.ErrBusy
	}
	return nil
}
