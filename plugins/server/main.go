// Command server is the plugin of that name: what servers of the application do
// with users and their sessions, where no user is signed in at them. In a
// Better Auth server that was code that called auth.api and the adapter.
//
// Every endpoint is for service keys alone (access "server" in manifest.json);
// to everybody else it does not exist. What changes something is in the audit
// log, with the user it was done to, beside the host's entry with the key.
// Nothing here gives a session or a token away.
package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// known returns the user with an id.
func known(c *sdk.Call, id string) (sdk.User, error) {
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: id})
	return user, ofUser(err)
}

// ofUser says in the plugin's words that there is no such user.
func ofUser(err error) error {
	if errors.Is(err, sdk.NotFound) {
		return errUserNotFound
	}
	return err
}

// done records what was done to a user, and answers.
func done(c *sdk.Call, action, user string) error {
	key := sdk.F("serviceKey", sdk.String(c.Request().ServiceKey()))
	err := c.Audit().Record(action, sdk.AuditRecordOptions{UserID: user, Details: []sdk.Field{key}})
	return c.ReplyUnless(err, sdk.F("status", sdk.Bool(true)))
}
