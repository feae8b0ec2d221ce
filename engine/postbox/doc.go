// Package postbox has what mails and text messages have in common: a Catcher
// that keeps them in memory for development and tests, Versions, which finds a
// text in the language of its reader, and the mark of an error that trying again
// does not cure.
//
// Neighbours: packages mail and sms, which know what a message is and how it is
// sent, and package post, which brings messages there.
//
//	c := postbox.NewCatcher[string](0)
//	c.Keep("main", func(number int) string { return "hello" })
//
// Decisions and their reasons: docs/rationale/messages.md.
package postbox
