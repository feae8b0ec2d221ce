package workers

import (
	"context"
	"fmt"

	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Way sends messages of one kind that wait in the outbox of a tenant.
type Way interface {
	// Deliver sends the message of an entry; the error is as outbox.Config has it.
	Deliver(ctx context.Context, e *outbox.Entry) error
}

// Outcomes of messages in metrics.
const (
	OutcomeSent    = "sent"
	OutcomeRetry   = "retry"   // a try failed, and there is another
	OutcomeFailed  = "failed"  // given up
	OutcomeRefused = "refused" // there was no room in the outbox
)

// posts reports whether plugins of the tenant send messages through the outbox.
func (t *Tenant) posts() bool {
	for _, p := range t.API.Plugins.Plugins() {
		for kind := range t.Ways {
			if _, sends := p.Capability(kind); sends {
				return true
			}
		}
	}
	return false
}

// send has the message of an entry sent, and ends the entry.
func (t *Tenant) send(ctx context.Context, entry *outbox.Entry, finish outbox.Finish) error {
	way := t.Ways[entry.Message]
	if way == nil {
		return fmt.Errorf("nothing is configured that sends messages of the kind %q", entry.Message)
	}
	if err := way.Deliver(ctx, entry); err != nil {
		return err
	}
	tx := store.Begin(t.Store)
	if err := finish(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// messageTried notes what came of an attempt to send a message. What was sent is
// counted when it is: here decoys cannot be told from it.
func (g *Group) messageTried(entry *outbox.Entry, outcome string) {
	count := g.Metrics.Mail
	if entry.Message == pluginapi.CapSMS {
		count = g.Metrics.SMS
	}
	switch outcome {
	case outbox.OutcomeRetry:
		count(OutcomeRetry)
	case outbox.OutcomeDead:
		count(OutcomeFailed)
	}
}
