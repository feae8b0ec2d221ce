package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// sessionReason is what session hooks see as event.reason.
const sessionReason = "social"

// Problems on the way from a profile to a user, as the callback names them.
const (
	notLinked     = "account_not_linked"
	linkFailed    = "unable_to_link_account"
	signUpClosed  = "signup_disabled"
	noUser        = "unable_to_create_user"
	linkForbidden = "unable_to_link_account "
	linkEmails    = "email_doesn't_match"
	linkEmails17  = "email_does_not_match" // in the dialect 1.7
	linkedToOther = "account_already_linked_to_different_user"
)

func spaced(problem string) string {
	return strings.TrimSpace(strings.ReplaceAll(problem, "_", " "))
}

// found is a user, and whether it is new.
type found struct {
	id    string
	isNew bool
}

// resolve finds the user whose account at the provider this is; or the one
// with the address, if the account may be linked to it without asking; or
// makes a new one. fields are those of the account. The status is OK unless
// the handler has to end.
func (p *provider) resolve(user profile, fields []sdk.Field, requested bool) (found, string, sdk.Status) {
	c := p.c
	known, status := c.Identity().FindLinked(p.id, user.id)
	switch status {
	case sdk.OK:
		status = p.refreshUser(known, user, fields)
		return found{id: known.ID}, "", status
	case sdk.NotFound:
	default:
		return found{}, "", status
	}
	same, status := c.Identity().FindUserByEmail(user.email)
	switch status {
	case sdk.OK:
		problem, status := p.linkImplicitly(same, user, fields)
		return found{id: same.ID}, problem, status
	case sdk.NotFound:
		return p.signUp(user, fields, requested)
	}
	return found{}, "", status
}

// refreshUser keeps what a sign-in brings: tokens, a verified address and, if
// asked, the profile.
func (p *provider) refreshUser(known sdk.User, user profile, fields []sdk.Field) sdk.Status {
	c := p.c
	if len(fields) > 0 && !c.Config("account.updateAccountOnSignIn").IsFalse() {
		if status := c.Identity().UpdateAccount(p.id, user.id, fields...); status != sdk.OK {
			return status
		}
	}
	var set []sdk.Field
	same := known.Email == user.email
	if user.verified && !known.EmailVerified && same {
		set = append(set, sdk.F("emailVerified", sdk.Bool(true)))
	}
	if p.flag("overrideUserInfoOnSignIn", false) {
		set = append(set, user.fields()...)
		if !same {
			set = append(set, sdk.F("email", sdk.String(user.email)), sdk.F("emailVerified", sdk.Bool(user.verified)))
		}
	}
	return change(c, known.ID, set)
}

// fields are what a profile sets of a user, but for the address.
func (u profile) fields() []sdk.Field {
	var out []sdk.Field
	if u.name != "" {
		out = append(out, sdk.F("name", sdk.String(u.name)))
	}
	if !u.image.IsAbsent() {
		out = append(out, sdk.F("image", u.image))
	}
	for _, f := range u.extra {
		if !f.Value.IsAbsent() {
			out = append(out, f)
		}
	}
	return out
}

func change(c *sdk.Call, id string, set []sdk.Field) sdk.Status {
	if len(set) == 0 {
		return sdk.OK
	}
	_, status := c.Identity().UpdateUser(id, "", set...)
	return status
}

func linking(c *sdk.Call, name string) sdk.Value { return c.Config("account.accountLinking." + name) }

// trusted reports whether the tenant takes the provider's word for addresses
// that it has not verified.
func (p *provider) trusted() bool {
	for _, id := range list(p.c, "config.account.accountLinking.trustedProviders") {
		if id == p.id {
			return true
		}
	}
	return false
}

// linkImplicitly links an account to the user with its address, who has not
// asked for it. Both sides must have verified the address: whoever signed up
// here with a foreign address would otherwise share the account with its owner.
func (p *provider) linkImplicitly(known sdk.User, user profile, fields []sdk.Field) (string, sdk.Status) {
	c := p.c
	unproved := !known.EmailVerified
	switch {
	case linking(c, "enabled").IsFalse(), linking(c, "disableImplicitLinking").IsTrue(),
		!user.verified && !p.trusted(), unproved && !linking(c, "requireLocalEmailVerified").IsFalse():
		return notLinked, sdk.OK
	}
	problem, status := p.add(known.ID, true, user, fields)
	if problem != "" || status != sdk.OK {
		return problem, status
	}
	if unproved && user.verified {
		// Whoever set the password, linked another account or holds a session
		// has never shown that the address is theirs; the provider's user has.
		if status := p.unlinkOthers(known.ID, user.id); status != sdk.OK {
			return "", status
		}
		if status := c.Sessions().RevokeUser(known.ID, ""); status != sdk.OK {
			return "", status
		}
		if status := change(c, known.ID, []sdk.Field{sdk.F("emailVerified", sdk.Bool(true))}); status != sdk.OK {
			return "", status
		}
	}
	return "", p.afterLink(known.ID, user)
}

// unlinkOthers takes all ways to sign in from a user but for the account at
// this provider.
func (p *provider) unlinkOthers(userID, accountID string) sdk.Status {
	c := p.c
	status := c.Identity().ListAccounts(userID)
	if status != sdk.OK {
		return status
	}
	var others [][2]string
	for i := int64(0); ; i++ {
		account := "accounts." + sdk.Int(i).Text()
		if c.Result(account + ".id").IsAbsent() {
			break
		}
		other := [2]string{c.Result(account + ".providerId").String(), c.Result(account + ".accountId").String()}
		if other != [2]string{p.id, accountID} {
			others = append(others, other)
		}
	}
	for _, other := range others {
		if status := c.Identity().DeleteAccount(userID, other[0], other[1]); status != sdk.OK && status != sdk.NotFound {
			return status
		}
	}
	return sdk.OK
}

// afterLink copies the profile to the user, if asked. The address stays.
func (p *provider) afterLink(id string, user profile) sdk.Status {
	if !linking(p.c, "updateUserInfoOnLink").IsTrue() {
		return sdk.OK
	}
	return change(p.c, id, user.fields())
}

// add links the account to a user.
func (p *provider) add(userID string, implicit bool, user profile, fields []sdk.Field) (string, sdk.Status) {
	c := p.c
	status := c.Identity().LinkAccount(sdk.Link{
		UserID: userID, ProviderID: p.id, AccountID: user.id, Implicit: implicit, Fields: fields,
		Profile: []sdk.Field{sdk.F("email", sdk.String(user.email)), sdk.F("emailVerified", sdk.Bool(user.verified)), sdk.F("name", sdk.String(user.name))},
	})
	switch status {
	case sdk.OK:
		return "", sdk.OK
	case sdk.Conflict, sdk.Invalid:
		return linkFailed, sdk.OK
	case sdk.Denied:
		return vetoed(c, linkFailed), sdk.OK
	}
	return "", status
}

// vetoed is the code of another plugin's refusal.
func vetoed(c *sdk.Call, fallback string) string {
	if code := c.Result("code").String(); code != "" {
		return code
	}
	return fallback
}

// link links an account to the user who has asked for it. unbound says that
// the flow may have been ended by another browser than began it.
func (p *provider) link(userID, email string, unbound bool, user profile, fields []sdk.Field) (string, sdk.Status) {
	c := p.c
	if linking(c, "enabled").IsFalse() || !user.verified && !p.trusted() {
		return linkForbidden, sdk.OK
	}
	if user.email != sdk.ToLower(email) && (unbound || !linking(c, "allowDifferentEmails").IsTrue()) {
		if newer(c) {
			return linkEmails17, sdk.OK
		}
		return linkEmails, sdk.OK
	}
	known, status := c.Identity().FindLinked(p.id, user.id)
	switch {
	case status == sdk.NotFound:
		problem, status := p.add(userID, false, user, fields)
		if problem != "" || status != sdk.OK {
			return problem, status
		}
	case status != sdk.OK:
		return "", status
	case known.ID != userID:
		return linkedToOther, sdk.OK
	case len(fields) > 0:
		if status := c.Identity().UpdateAccount(p.id, user.id, fields...); status != sdk.OK {
			return "", status
		}
	}
	return "", p.afterLink(userID, user)
}

// signUp makes a user of a profile.
func (p *provider) signUp(user profile, fields []sdk.Field, requested bool) (found, string, sdk.Status) {
	if p.flag("disableSignUp", false) || p.flag("disableImplicitSignUp", false) && !requested {
		return found{}, signUpClosed, sdk.OK
	}
	created, status := p.c.Identity().CreateUser(sdk.NewUser{
		Email: user.email, Name: sdk.String(user.name), Image: user.image, EmailVerified: user.verified, Fields: user.extra,
		ProviderID: p.id, AccountID: user.id, Account: fields,
	})
	switch status {
	case sdk.OK:
		return found{id: created.ID, isNew: true}, "", mailVerification(p.c, user)
	case sdk.Denied:
		return found{}, vetoed(p.c, noUser), sdk.OK
	case sdk.Conflict, sdk.Invalid:
		return found{}, noUser, sdk.OK
	}
	return found{}, "", status
}

// mailVerification asks a new user whose provider has not done so to verify
// the address. The link is the one that email-password serves.
func mailVerification(c *sdk.Call, user profile) sdk.Status {
	if user.verified || !c.Config("emailVerification.sendOnSignUp").IsTrue() {
		return sdk.OK
	}
	token, status := c.Crypto().SignToken("email-verification", c.Config("emailVerification.expiresIn").Int(0), sdk.F("email", sdk.String(user.email)))
	if status != sdk.OK {
		return status
	}
	page := c.Kept("state.callbackURL").String()
	if page == "" {
		page = c.Request().Body("callbackURL").StringOr("/")
	}
	return c.Email().Send(sdk.Mail{
		To: user.email, Template: "verify-email", Token: token,
		URL: c.Tenant("authURL").String() + "/verify-email?token=" + token + "&callbackURL=" + sdk.EncodeURIComponent(page),
	})
}
