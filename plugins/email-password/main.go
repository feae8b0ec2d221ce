// Command email-password is the plugin of that name: sign-up and sign-in with
// an address and a password, password change and reset, and e-mail
// verification, with the routes, answers and options of Better Auth's
// emailAndPassword and emailVerification.
//
// Passwords are hashed and compared by the host (capability identity), mailed
// tokens are random and kept by the host (verification) or signed by it
// (crypto); the plugin holds no secret. manifest.json declares the routes,
// the options and the error codes.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, signUp)
	sdk.Register(2, signIn)
	sdk.Register(3, changePassword)
	sdk.Register(4, verifyPassword)
	sdk.Register(5, requestPasswordReset)
	sdk.Register(6, resetPasswordCallback)
	sdk.Register(7, resetPassword)
	sdk.Register(8, sendVerificationEmail)
	sdk.Register(9, verifyEmail)
	sdk.Register(10, refuseDeniedWord)
}

func main() {} // never called: the host calls handlers
