package main

import (
	"cmp"
	"errors"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// problem is why a flow does not end with a session or a link, by the code that
// the error page gets.
type problem struct {
	code, description string
	refused           bool // another plugin has said so, about the profile
}

func (p *problem) Error() string { return p.code }

// Problems on the way back from a provider, and from a profile to a user. Those
// that both vocabularies name differently are not here.
var (
	errNoState         = &problem{code: "state_not_found"}
	errState           = &problem{code: "state_mismatch"}
	errSealedState     = &problem{code: "state_invalid"}
	errKeepingState    = &problem{code: "internal_server_error"}
	errNoProvider      = &problem{code: "oauth_provider_not_found"}
	errNoIssuer        = &problem{code: "issuer_missing"}
	errIssuer          = &problem{code: "issuer_mismatch"}
	errNotLinked       = &problem{code: "account_not_linked"}
	errLinkFailed      = &problem{code: "unable_to_link_account"}
	errLinkForbidden   = &problem{code: "unable_to_link_account"}
	errLinkEmails      = &problem{code: "email_doesn't_match"}
	errLinkEmails17    = &problem{code: "email_does_not_match"} // in the dialect 1.7
	errLinkedToAnother = &problem{code: "account_already_linked_to_different_user"}
	errSignUpClosed    = &problem{code: "signup_disabled"}
	errNoUser          = &problem{code: "unable_to_create_user"}
	errSession         = &problem{code: "unable_to_create_session"}
	errNotAdmitted     = &problem{code: "validation_failed"}
	errNotVerified     = &problem{code: "email_not_verified"}
)

// vocabulary is how a callback names what went wrong: the routes of generic
// OAuth have words of their own.
type vocabulary struct {
	noCode, badCode, noProfile, noEmail *problem
	noName                              *problem // nil: a user may have none
}

var socialWords = vocabulary{
	noCode: &problem{code: "no_code"}, badCode: &problem{code: "invalid_code"},
	noProfile: &problem{code: "unable_to_get_user_info"}, noEmail: &problem{code: "email_not_found"},
}

var genericWords = vocabulary{
	noCode: &problem{code: "oAuth_code_missing"}, badCode: &problem{code: "oauth_code_verification_failed"},
	noProfile: &problem{code: "user_info_is_missing"}, noEmail: &problem{code: "email_is_missing"}, noName: &problem{code: "name_is_missing"},
}

// refused makes a problem of the error of a call that other plugins may refuse:
// theirs, or what the call is for.
func refused(err error, call *problem) error {
	switch {
	case errors.Is(err, sdk.Denied):
		return &problem{code: cmp.Or(sdk.CodeOf(err), call.code)}
	case errors.Is(err, sdk.Conflict), errors.Is(err, sdk.Invalid):
		return call
	}
	return err
}

// orErrorPage sends the browser to a page if a flow ended with a problem, and
// keeps what was written: the state that was used up. Other errors stay.
func orErrorPage(c *sdk.Call, page string, err error) error {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		return err
	}
	url := sdk.SetQuery(cmp.Or(page, c.Tenant("errorURL").String()), "error", p.code)
	if p.description != "" {
		url = sdk.SetQuery(url, "error_description", p.description)
	}
	return redirect(c, url)
}

// redirect answers as Better Auth does, with a media type.
func redirect(c *sdk.Call, url string) error {
	c.SetHeader("content-type", sdk.String("application/json"))
	return c.Redirect(url)
}

// orLinkError answers a sign-in without a browser that ended with a problem.
func orLinkError(err error) error {
	p, ok := errors.AsType[*problem](err)
	switch {
	case ok && p.refused:
		return p.answer().KeepWrites()
	case ok:
		return errOAuthLinkError.WithMessage(strings.ReplaceAll(p.code, "_", " ")).KeepWrites()
	}
	return err
}

// answer is the answer to a request without a browser whose profile another
// plugin has refused.
func (p *problem) answer() *sdk.Error {
	return &sdk.Error{Status: 403, Code: p.code, Message: cmp.Or(p.description, p.code)}
}
