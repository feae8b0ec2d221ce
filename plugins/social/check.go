package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

// What a profile is for, in the event profile.checking.
const (
	toCreateUser  = "create-user"
	toSignIn      = "sign-in"
	toLinkAccount = "link-account"
)

// check asks other plugins whether a provider's user may sign up, sign in or get
// the account linked, as validateUserInfo decides in Better Auth. userID is the
// user here; "" if there is none yet.
func (p *provider) check(action, userID string, user profile) error {
	err := p.c.Plugins().Raise(eventProfileChecking, present(
		sdk.F("action", sdk.String(action)), sdk.F("providerId", sdk.String(p.id)), sdk.F("accountId", sdk.String(user.id)), sdk.F("userId", given(userID)),
		sdk.F("email", sdk.String(user.email)), sdk.F("emailVerified", sdk.Bool(user.verified)), sdk.F("name", sdk.String(user.name)),
		sdk.F("profile", user.info)))
	refusal, ok := errors.AsType[*sdk.HostError](err)
	if !ok || refusal.Status != sdk.Denied {
		return err
	}
	out := &problem{code: refusal.Code, description: refusal.Message, refused: true}
	if out.code == "" {
		out.code = errNotAdmitted.code
	}
	return out
}
