package main

import (
	"errors"
	"slices"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// sessionReason is what session hooks see as event.reason.
const sessionReason = "social"

// linking are the tenant's settings on links between accounts and users.
func (p *provider) linking() configAccountAccountLinking {
	return configOf(p.c).Account().AccountLinking()
}

// resolve finds the user whose account at the provider this is; or the one
// with the address, if the account may be linked to it without asking; or
// makes a new one. user gets the id that the account has here. requested says that the user asked to sign up.
func (p *provider) resolve(user *profile, t tokens, requested bool) (id string, isNew bool, err error) {
	known, err := p.find(user)
	if err == nil {
		if err := p.check(toSignIn, known.User.ID, *user); err != nil {
			return "", false, err
		}
		return known.User.ID, false, p.refreshUser(known.User, *user, t)
	}
	if !errors.Is(err, sdk.NotFound) {
		return "", false, err
	}
	same, err := p.c.Identity().FindUser(sdk.FindUserOptions{Email: user.email})
	if errors.Is(err, sdk.NotFound) {
		id, err = p.signUp(*user, t, requested)
		return id, true, err
	}
	if err != nil {
		return "", false, err
	}
	return same.ID, false, p.linkImplicitly(same, *user, t)
}

// find finds the account that a profile is about, and names it by the id that
// it has here.
func (p *provider) find(user *profile) (sdk.FindLinkedResult, error) {
	known, err := p.c.Identity().FindLinked(p.id, user.id)
	if user.otherID == "" || user.otherID == user.id || !errors.Is(err, sdk.NotFound) {
		return known, err
	}
	known, err = p.c.Identity().FindLinked(p.id, user.otherID)
	if err == nil {
		user.id = user.otherID
	}
	return known, err
}

// refreshUser keeps what a sign-in brings: tokens, a verified address and, if
// asked, the profile.
func (p *provider) refreshUser(known sdk.User, user profile, t tokens) error {
	if configOf(p.c).Account().UpdateAccountOnSignIn() {
		if newer(p.c) {
			t.scopes = sdk.Value{} // what was granted before stays: sign-ins ask for less
		}
		if err := p.keepTokens(user.id, t); err != nil {
			return err
		}
	}
	var set []sdk.Field
	if user.verified && !known.EmailVerified && known.Email == user.email {
		set = append(set, sdk.F("emailVerified", sdk.Bool(true)))
	}
	if p.OverrideUserInfoOnSignIn() {
		more, err := p.override(known, user)
		if err != nil {
			return err
		}
		set = append(set, more...)
	}
	return change(p.c, known.ID, set)
}

// override is what replaces a user's own by the profile. An address that is
// another user's stays with that one: it would keep this one from signing in.
func (p *provider) override(known sdk.User, user profile) ([]sdk.Field, error) {
	set := user.fields()
	if known.Email == user.email {
		return set, nil
	}
	_, err := p.c.Identity().FindUser(sdk.FindUserOptions{Email: user.email})
	switch {
	case err == nil:
		p.c.Log(sdk.LevelWarn, "the provider "+p.id+" gives the user "+known.ID+" an address that another user has; the user keeps the address of before")
		return set, nil
	case !errors.Is(err, sdk.NotFound):
		return nil, err
	}
	return append(set, sdk.F("email", sdk.String(user.email)), sdk.F("emailVerified", sdk.Bool(user.verified))), nil
}

// keepTokens replaces the tokens of an account by those that came.
func (p *provider) keepTokens(accountID string, t tokens) error {
	fields := t.fields()
	if len(fields) == 0 {
		return nil
	}
	_, err := p.c.Identity().UpdateAccount(p.id, accountID, fields)
	return err
}

// fields are what a profile sets of a user, but for the address.
func (u profile) fields() []sdk.Field {
	return present(append([]sdk.Field{sdk.F("name", given(u.name)), sdk.F("image", u.image)}, u.extra...)...)
}

func change(c *sdk.Call, id string, set []sdk.Field) error {
	if len(set) == 0 {
		return nil
	}
	_, err := c.Identity().UpdateUser(id, sdk.UpdateUserOptions{Set: set})
	return err
}

// believes reports whether the address of a profile is one that its user owns:
// the provider has verified it, or the tenant takes the provider's word.
func (p *provider) believes(user profile) bool {
	return user.verified || slices.Contains(p.linking().TrustedProviders(), p.id)
}

// linkImplicitly links an account to the user with its address, who has not
// asked for it. Both sides must have verified the address: whoever signed up
// here with a foreign address would otherwise share the account with its owner.
func (p *provider) linkImplicitly(known sdk.User, user profile, t tokens) error {
	rules := p.linking()
	if !rules.Enabled() || rules.DisableImplicitLinking() || !p.believes(user) || !known.EmailVerified && rules.RequireLocalEmailVerified() {
		return errNotLinked
	}
	if err := p.add(known.ID, true, user, t); err != nil {
		return err
	}
	if !known.EmailVerified && user.verified {
		if err := p.takeOver(known.ID, user.id); err != nil {
			return err
		}
	}
	if p.OverrideUserInfoOnSignIn() {
		return change(p.c, known.ID, user.fields()) // the address is the same
	}
	return p.afterLink(known.ID, user)
}

// takeOver gives a user to whom an account at the provider is: the provider's
// user has shown that the address is theirs, and whoever set the password,
// linked another account or holds a session has not.
func (p *provider) takeOver(userID, accountID string) error {
	accounts, err := p.c.Identity().ListAccounts(userID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.ProviderID == p.id && a.AccountID == accountID {
			continue
		}
		err := p.c.Identity().DeleteAccount(userID, a.ProviderID, sdk.DeleteAccountOptions{AccountID: a.AccountID})
		if err := sdk.IfNotFound(err, nil); err != nil {
			return err
		}
	}
	if _, err := p.c.Sessions().RevokeUser(userID, sdk.SessionRevokeUserOptions{}); err != nil {
		return err
	}
	return change(p.c, userID, []sdk.Field{sdk.F("emailVerified", sdk.Bool(true))})
}

// afterLink copies the profile to the user, if asked. The address stays.
func (p *provider) afterLink(id string, user profile) error {
	if !p.linking().UpdateUserInfoOnLink() {
		return nil
	}
	return change(p.c, id, user.fields())
}

// add links the account to a user.
func (p *provider) add(userID string, implicit bool, user profile, t tokens) error {
	if err := p.check(toLinkAccount, userID, user); err != nil {
		return err
	}
	_, err := p.c.Identity().LinkAccount(userID, sdk.LinkedAccount{ProviderID: p.id, AccountID: user.id, Fields: t.fields()}, sdk.LinkAccountOptions{
		Implicit: implicit, Profile: []sdk.Field{
			sdk.F("email", sdk.String(user.email)), sdk.F("emailVerified", sdk.Bool(user.verified)), sdk.F("name", sdk.String(user.name)),
		},
	})
	return refused(err, errLinkFailed)
}

// link links an account to the user who has asked for it. unbound says that
// the flow may have been ended by another browser than began it.
func (p *provider) link(userID, email string, unbound bool, user profile, t tokens) error {
	rules := p.linking()
	if !rules.Enabled() || !p.believes(user) {
		return errLinkForbidden
	}
	if user.email != sdk.ToLower(email) && (unbound || !rules.AllowDifferentEmails()) {
		if newer(p.c) {
			return errLinkEmails17
		}
		return errLinkEmails
	}
	known, err := p.find(&user)
	switch {
	case errors.Is(err, sdk.NotFound):
		err = p.add(userID, false, user, t)
	case err == nil && known.User.ID != userID:
		return errLinkedToAnother
	case err == nil:
		if newer(p.c) {
			t.scopes = mergeScopes(known.Account.Scope, t.scopes)
		}
		err = p.keepTokens(user.id, t)
	}
	if err != nil {
		return err
	}
	return p.afterLink(userID, user)
}

// signUp makes a user of a profile.
func (p *provider) signUp(user profile, t tokens, requested bool) (id string, err error) {
	if p.DisableSignUp() || p.DisableImplicitSignUp() && !requested {
		return "", errSignUpClosed
	}
	if err := p.check(toCreateUser, "", user); err != nil {
		return "", err
	}
	created, err := p.c.Identity().CreateUser(sdk.NewUser{
		Email: user.email, Name: sdk.String(user.name), Image: user.image, EmailVerified: user.verified, Fields: user.extra,
	}, sdk.CreateUserOptions{Account: sdk.NewAccount{ProviderID: p.id, AccountID: user.id, Fields: t.fields()}})
	return created.User.ID, refused(err, errNoUser)
}

// requireVerified refuses a session to a user whose address is not verified
// here, if the provider's settings ask for that. The user stays.
func (p *provider) requireVerified(id string) error {
	if !p.RequireEmailVerification() {
		return nil
	}
	user, err := p.c.Identity().FindUser(sdk.FindUserOptions{ID: id})
	if err == nil && !user.EmailVerified {
		err = errNotVerified
	}
	return err
}

// askToVerify mails a new user whose provider has not verified the address a
// link that email-password serves. page is where it leads in the end.
func (p *provider) askToVerify(userID string, user profile, page string) error {
	rules := configOf(p.c).EmailVerification()
	if user.verified || !rules.SendOnSignUp() && !p.RequireEmailVerification() {
		return nil
	}
	mail := kit.LinkMail{To: user.email, Template: mailVerifyEmail, Path: "/verify-email", CallbackURL: page}
	return mail.SendSigned(p.c, purposeEmailVerification, rules.ExpiresIn(), sdk.SignTokenOptions{
		UserID: userID, WhenVerified: true, Claims: []sdk.Field{sdk.F("email", sdk.String(user.email))},
	})
}
