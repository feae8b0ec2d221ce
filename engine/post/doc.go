// Package post takes mails and text messages over from plugins as part of
// their units of work, and sends them when those are committed.
//
// An Outbox writes them, sealed, into the outbox of the tenant, from which its
// worker hands them back to be sent: what was committed is sent, whatever
// happens to the process, and at least once. A Catcher hands them to what keeps
// them in memory, for development and tests.
//
// A decoy goes the way of a message up to where that would be sent. A request
// that must not tell whether it has sent something puts one in place of a
// message.
//
// Neighbours: package outbox, which knows when to try again; mail and sms, which
// know what a message is and how it is sent.
//
//	o := post.New(post.Config[mail.Message]{Kind: "email", Store: data, Secrets: secrets, Unpack: mail.Unpack, Send: send, Slots: slots, Committed: wake})
//	err := o.Put(ctx, tx, message) // and from the worker of the outbox:
//	err = o.Deliver(ctx, entry)
//
// Decisions and their reasons: docs/rationale/messages.md.
package post
