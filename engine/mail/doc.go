// Package mail writes and delivers the mails of tenants: built-in templates in
// text and HTML, an SMTP sender, a queue with retries in front of it, and an
// outbox that keeps mails in memory for development and tests.
//
// What comes from users is never trusted here: it cannot break out of a
// header or of HTML, and the built-in templates show none of it, so that
// nobody can use a sign-up form to mail a text of theirs to strangers.
//
// Neighbours: the email capability makes Messages; the engine chooses the
// Sender. The SMTP library stays behind this package.
//
//	outbox := mail.NewOutbox(0)
//	m, err := mail.Render("My App", nil, mail.Message{To: "a@example.com", Template: mail.ResetPassword, URL: link})
//	err = outbox.Send(ctx, m)
package mail
