// Command account is the plugin of that name: what signed-in users do with
// their own account. They change their profile and their address, list and
// unlink accounts, and delete themselves, with the routes, answers and options
// of Better Auth's user and account settings.
//
// Links that change an address lead to /verify-email, which the plugin
// email-password serves: both sign tokens of the purpose
// "email-verification". manifest.json declares routes, options and error
// codes.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, updateUser)
	sdk.Register(2, changeEmail)
	sdk.Register(3, deleteUser)
	sdk.Register(4, deleteUserCallback)
	sdk.Register(5, listAccounts)
	sdk.Register(6, unlinkAccount)
	sdk.Register(7, updateSession)
	sdk.Register(8, unlinkAccountByID)
}

func main() {} // never called: the host calls handlers
