// Command two-factor is the plugin of that name: a second step after a sign-in,
// with codes of an authenticator app (TOTP, RFC 6238), mailed codes or backup
// codes, as Better Auth's twoFactor plugin has it. Devices may be trusted to
// skip it.
//
// The step is put before a session where sessions begin (the event
// session.creating), so it holds whichever plugin signs the user in; the option
// policy says for which sign-ins. Secrets and codes are sealed by the host.
//
// The parts: gate.go opens a challenge, challenge.go and trust.go say who
// answers one and what an answer brings, totp.go, otp.go and backup.go check
// the three sorts of codes, lockout.go counts failures, manage.go turns all
// this on and off, record.go is what is kept of a user. manifest.json declares
// routes, hook, model, errors and options.
//
// A refusal keeps what was written before it, such as a code that was used up.
package main

func main() {} // never called: the host calls handlers
