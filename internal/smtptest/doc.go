// Package smtptest is a mail server for tests: it takes mails without
// encryption, keeps them, and refuses or delays those that a test chooses.
//
//	s := smtptest.Start(t)
//	s.Answer(func(to string) string { return "451 later" })
//
// Decisions and their reasons: docs/rationale/code.md.
package smtptest
