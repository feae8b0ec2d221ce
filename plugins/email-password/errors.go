package main

import "github.com/authhost/authhost/sdk"

// The refusals of this plugin, as Better Auth words them.
var (
	errDisabled           = sdk.APIError{Status: 400, Code: "EMAIL_PASSWORD_DISABLED", Message: "Email and password is not enabled"}
	errSignUpDisabled     = sdk.APIError{Status: 400, Code: "EMAIL_PASSWORD_SIGN_UP_DISABLED", Message: "Email and password sign up is not enabled"}
	errResetDisabled      = sdk.APIError{Status: 400, Code: "RESET_PASSWORD_DISABLED", Message: "Reset password isn't enabled"}
	errVerifyDisabled     = sdk.APIError{Status: 400, Code: "VERIFICATION_EMAIL_NOT_ENABLED", Message: "Verification email isn't enabled"}
	errInvalidEmail       = sdk.APIError{Status: 400, Code: "INVALID_EMAIL", Message: "Invalid email"}
	errInvalidPassword    = sdk.APIError{Status: 400, Code: "INVALID_PASSWORD", Message: "Invalid password"}
	errPasswordTooShort   = sdk.APIError{Status: 400, Code: "PASSWORD_TOO_SHORT", Message: "Password too short"}
	errPasswordTooLong    = sdk.APIError{Status: 400, Code: "PASSWORD_TOO_LONG", Message: "Password too long"}
	errPasswordWord       = sdk.APIError{Status: 400, Code: "PASSWORD_NOT_ALLOWED", Message: "The password has a word that is too easy to guess here"}
	errNoCredential       = sdk.APIError{Status: 400, Code: "CREDENTIAL_ACCOUNT_NOT_FOUND", Message: "Credential account not found"}
	errResetToken         = sdk.APIError{Status: 400, Code: "INVALID_TOKEN", Message: "Invalid token"}
	errEmailMismatch      = sdk.APIError{Status: 400, Code: "EMAIL_MISMATCH", Message: "Email mismatch"}
	errAlreadyVerified    = sdk.APIError{Status: 400, Code: "EMAIL_ALREADY_VERIFIED", Message: "Email is already verified"}
	errInvalidCredentials = sdk.APIError{Status: 401, Code: "INVALID_EMAIL_OR_PASSWORD", Message: "Invalid email or password"}
	errVerifyToken        = sdk.APIError{Status: 401, Code: "INVALID_TOKEN", Message: "Invalid token"}
	errTokenExpired       = sdk.APIError{Status: 401, Code: "TOKEN_EXPIRED", Message: "Token expired"}
	errUserNotFound       = sdk.APIError{Status: 401, Code: "USER_NOT_FOUND", Message: "User not found"}
	errInvalidUser        = sdk.APIError{Status: 401, Code: "INVALID_USER", Message: "Invalid user"}
	errNotVerified        = sdk.APIError{Status: 403, Code: "EMAIL_NOT_VERIFIED", Message: "Email not verified"}
	errLocked             = sdk.APIError{Status: 429, Code: "ACCOUNT_TEMPORARILY_LOCKED", Message: "Too many failed sign-in attempts. Please try again later."}
	errUserExists         = sdk.APIError{Status: 422, Code: "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", Message: "User already exists. Use another email."}
)
