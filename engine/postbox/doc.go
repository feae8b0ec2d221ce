// Package postbox has what mails and text messages have in common on their way
// out: a Queue that sends in the background and tries again, an Outbox that
// keeps messages in memory for development and tests, and Versions, which
// finds a text in the language of its reader.
//
// Neighbours: packages mail and sms, which know what a message is and how it is
// sent.
//
//	q := postbox.NewQueue(postbox.Config[string]{Send: send})
//	err := q.Put(ctx, "hello")
//
// Decisions and their reasons: docs/rationale/messages.md.
package postbox
