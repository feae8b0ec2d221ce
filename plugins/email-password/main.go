// Command email-password is the plugin of that name: sign-up and sign-in with
// an address and a password, password change and reset, and e-mail
// verification, with the routes, answers and options of Better Auth's
// emailAndPassword and emailVerification.
//
// Passwords are hashed and compared by the host (capability identity), mailed
// tokens are random and kept by the host (verification) or signed by it
// (crypto); the plugin holds no secret. manifest.json declares the routes,
// the options and the errors.
package main

import "github.com/authhost/authhost/sdk"

func main() {} // never called: the host calls handlers

// done answers a change that was made, unless there was an error.
func done(c *sdk.Call, err error) error { return c.ReplyUnless(err, sdk.F("status", sdk.Bool(true))) }
