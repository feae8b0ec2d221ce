package httpapi

// Texts of errorMessages that several codes share.
const (
	otherErrorMessage = "Something went wrong. Please go back and try again."
	againMessage      = "The sign-in took too long, or was begun in another browser. Please go back and begin again."
	providerMessage   = "The provider did not confirm the sign-in. Please go back and try again; if it happens again, use another way to sign in."
	profileMessage    = "The provider did not say enough about your account. Please use another account or another way to sign in."
	setupMessage      = "This way to sign in is not set up correctly. Please use another one, and tell whoever runs the application."
	linkMessage       = "The account could not be linked. Please go back and try again."
	expiredMessage    = "The link has expired or was used before. Please ask for a new one."
)

// errorMessages explain the codes with which browsers are sent to the error
// page, those of the official server included.
var errorMessages = map[string]string{
	"state_not_found": againMessage, "state_mismatch": againMessage, "state_invalid": againMessage, "please_restart_the_process": againMessage,
	"invalid_code": providerMessage, "no_code": providerMessage, "oAuth_code_missing": providerMessage, "oauth_code_verification_failed": providerMessage,
	"issuer_mismatch": providerMessage, "issuer_missing": providerMessage, "nonce_binding_missing": providerMessage, "invalid_callback_request": providerMessage,
	"temporarily_unavailable": providerMessage, "server_error": providerMessage,
	"unable_to_get_user_info": profileMessage, "user_info_is_missing": profileMessage, "id_is_missing": profileMessage, "name_is_missing": profileMessage,
	"oauth_provider_not_found": setupMessage, "invalid_scope": setupMessage, "invalid_request": setupMessage, "unauthorized_client": setupMessage,
	"unsupported_response_type": setupMessage, "invalid_client": setupMessage, "no_callback_url": setupMessage,
	"email_not_found":  "The provider did not give your e-mail address. Please allow it there, or use another way to sign in.",
	"email_is_missing": "The provider did not give your e-mail address. Please allow it there, or use another way to sign in.",
	"access_denied":    "You did not allow the sign-in at the provider. Please go back if you want to try again.",
	"account_not_linked": "There is an account with this e-mail address already. Please sign in the way you did before; you can link " +
		"the provider afterwards.",
	"unable_to_link_account": linkMessage, "linking_failed": linkMessage,
	"account_already_linked_to_different_user": "This account is linked to another user already.",
	"email_doesn't_match":                      "The account has another e-mail address than you have here.",
	"email_does_not_match":                     "The account has another e-mail address than you have here.",
	"signup_disabled":                          "There is no account for you yet, and new ones are not made this way.",
	"email_not_verified":                       "Your e-mail address is not verified. Please follow the link in the mail that was sent to you.",
	"unable_to_create_user":                    "Your account could not be made. Please go back and try again.",
	"unable_to_create_session":                 "You could not be signed in. Please go back and try again.",
	"internal_server_error":                    otherErrorMessage,
	"INVALID_TOKEN":                            expiredMessage, "TOKEN_EXPIRED": expiredMessage, "invalid_token": expiredMessage,
	"USER_NOT_FOUND": "There is no account for this link any more.",
	"INVALID_USER":   "You are signed in as somebody else. Please sign out, and follow the link again.",
}
