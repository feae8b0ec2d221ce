// Command account is the plugin of that name: what signed-in users do with
// their own account. They change their profile and their address, list and
// unlink accounts, and delete themselves, with the routes, answers and options
// of Better Auth's user and account settings.
//
// Links that change an address lead to /verify-email, which the plugin
// email-password serves: both sign tokens of the purpose
// "email-verification". manifest.json declares routes, options and errors.
package main

import "github.com/authhost/authhost/sdk"

func main() {} // never called: the host calls handlers

// done answers a change that was made, unless there was an error.
func done(c *sdk.Call, err error) error { return c.ReplyUnless(err, sdk.F("status", sdk.Bool(true))) }
