package main

import "github.com/authhost/authhost/sdk"

// The refusals of this plugin, as Better Auth words them. Some have no code.
var (
	errNoFields           = sdk.APIError{Status: 400, Message: "No fields to update"}
	errSameEmail          = sdk.APIError{Status: 400, Message: "Email is the same"}
	errCannotSend         = sdk.APIError{Status: 400, Message: "Verification email isn't enabled"}
	errEmailNotUpdatable  = sdk.APIError{Status: 400, Code: "EMAIL_CAN_NOT_BE_UPDATED", Message: "Email can not be updated"}
	errChangeDisabled     = sdk.APIError{Status: 400, Code: "CHANGE_EMAIL_DISABLED", Message: "Change email is disabled"}
	errInvalidPassword    = sdk.APIError{Status: 400, Code: "INVALID_PASSWORD", Message: "Invalid password"}
	errNoCredential       = sdk.APIError{Status: 400, Code: "CREDENTIAL_ACCOUNT_NOT_FOUND", Message: "Credential account not found"}
	errSessionExpired     = sdk.APIError{Status: 400, Code: "SESSION_EXPIRED", Message: "Session expired. Re-authenticate to perform this action."}
	errLastAccount        = sdk.APIError{Status: 400, Code: "FAILED_TO_UNLINK_LAST_ACCOUNT", Message: "You can't unlink your last account"}
	errAccountNotFound    = sdk.APIError{Status: 400, Code: "ACCOUNT_NOT_FOUND", Message: "Account not found"}
	errDeleteDisabled     = sdk.APIError{Status: 404}
	errCallbackDisabled   = sdk.APIError{Status: 404, Code: "NOT_FOUND", Message: "Not found"}
	errInvalidDeleteToken = sdk.APIError{Status: 404, Code: "INVALID_TOKEN", Message: "Invalid token"}
	errNoSession          = sdk.APIError{Status: 404, Code: "FAILED_TO_GET_USER_INFO", Message: "Failed to get user info"}
)
