package main

import "github.com/authhost/authhost/sdk"

// The refusals of this plugin, as Better Auth words them.
var (
	errProviderNotFound = sdk.APIError{Status: 404, Code: "PROVIDER_NOT_FOUND", Message: "Provider not found"}
	errNoIDTokens       = sdk.APIError{Status: 404, Code: "ID_TOKEN_NOT_SUPPORTED", Message: "id_token not supported"}
	errConfiguration    = sdk.APIError{Status: 400, Code: "INVALID_OAUTH_CONFIGURATION", Message: "Invalid OAuth configuration"}
	errInvalidToken     = sdk.APIError{Status: 401, Code: "INVALID_TOKEN", Message: "Invalid token"}
	errNoUserInfo       = sdk.APIError{Status: 401, Code: "FAILED_TO_GET_USER_INFO", Message: "Failed to get user info"}
	errNoEmail          = sdk.APIError{Status: 401, Code: "USER_EMAIL_NOT_FOUND", Message: "User email not found"}
	errLinkForbidden    = sdk.APIError{Status: 401, Code: "LINKING_NOT_ALLOWED", Message: "Account not linked - linking not allowed"}
	errLinkEmails       = sdk.APIError{Status: 401, Code: "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED", Message: "Account not linked - different emails not allowed"}
	errLinkFailed       = sdk.APIError{Status: 417, Code: "LINKING_FAILED", Message: "Account not linked - unable to create account"}
	errAccountNotFound  = sdk.APIError{Status: 400, Code: "ACCOUNT_NOT_FOUND", Message: "Account not found"}
	errAmbiguous        = sdk.APIError{Status: 400, Code: "AMBIGUOUS_ACCOUNT", Message: "Multiple accounts share this account ID. Pass a providerId to disambiguate."}
	errNotConfigured    = sdk.APIError{Status: 400, Code: "PROVIDER_NOT_CONFIGURED", Message: "Account is not associated with a configured social provider."}
	errNoAccessToken    = sdk.APIError{Status: 400, Code: "ACCESS_TOKEN_NOT_FOUND", Message: "Access token not found"}
	errNoRefreshToken   = sdk.APIError{Status: 400, Code: "REFRESH_TOKEN_NOT_FOUND", Message: "Refresh token not found"}
	errAccessToken      = sdk.APIError{Status: 400, Code: "FAILED_TO_GET_ACCESS_TOKEN", Message: "Failed to get a valid access token"}
	errRefresh          = sdk.APIError{Status: 400, Code: "FAILED_TO_REFRESH_ACCESS_TOKEN", Message: "Failed to refresh access token"}
)

func unsupported(c *sdk.Call, provider string) sdk.Result {
	return c.Deny(400, "PROVIDER_NOT_SUPPORTED", "Provider "+provider+" is not supported.")
}

func noConfig(c *sdk.Call, provider string) sdk.Result {
	return c.Deny(400, "", "PROVIDER_CONFIG_NOT_FOUND "+provider)
}

// vocabulary is how a callback names what went wrong: the routes of generic
// OAuth have words of their own.
type vocabulary struct {
	noCode, badCode, noProfile, noEmail string
	noName                              string // "": a user may have none
}

var (
	socialWords  = vocabulary{noCode: "no_code", badCode: "invalid_code", noProfile: "unable_to_get_user_info", noEmail: "email_not_found"}
	genericWords = vocabulary{noCode: "oAuth_code_missing", badCode: "oauth_code_verification_failed", noProfile: "user_info_is_missing", noEmail: "email_is_missing", noName: "name_is_missing"}
)

// fail sends the browser to a page with an error, and keeps what was written:
// the state that was used up.
func fail(c *sdk.Call, page, code, description string) sdk.Result {
	if page == "" {
		page = c.Tenant("errorURL").String()
	}
	page = sdk.SetQuery(page, "error", code)
	if description != "" {
		page = sdk.SetQuery(page, "error_description", description)
	}
	c.SetHeader("content-type", sdk.String("application/json"))
	return c.Redirect(page)
}
