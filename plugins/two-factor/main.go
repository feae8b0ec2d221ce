// Command two-factor is the plugin of that name: a second step after a sign-in,
// with codes of an authenticator app (TOTP, RFC 6238), mailed codes or backup
// codes, as Better Auth's twoFactor plugin has it. Devices may be trusted to
// skip it.
//
// The step is put before a session where sessions begin (the event
// session.creating), so it holds whichever plugin signs the user in; the option
// policy says for which sign-ins. Secrets and codes are sealed by the host.
//
// The parts: gate.go opens a challenge, challenge.go and trust.go say who
// answers one and what an answer brings, totp.go, otp.go and backup.go check
// the three sorts of codes, lockout.go counts failures, manage.go turns all
// this on and off. manifest.json declares routes, hook, model and options.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, enable)
	sdk.Register(2, disable)
	sdk.Register(3, totpURI)
	sdk.Register(4, verifyTOTP)
	sdk.Register(5, sendOTP)
	sdk.Register(6, verifyOTP)
	sdk.Register(7, verifyBackupCode)
	sdk.Register(8, generateBackupCodes)
	sdk.Register(9, gate)
	sdk.Register(10, viewBackupCodes)
	sdk.Register(11, enableMethod)
}

func main() {} // never called: the host calls handlers

// pluginID is the id in manifest.json. Sessions that this plugin creates have
// passed its own step.
const pluginID = "two-factor"

// Cookies, by their names in manifest.json.
const (
	challengeCookie = "two_factor"
	trustCookie     = "trust_device"
)

// Groups of options in manifest.json that have an allowPasswordless of their
// own.
const (
	groupTOTP  = "totpOptions"
	groupCodes = "backupCodeOptions"
)

// Purposes of what the host seals and signs for this plugin.
const (
	purposeSecret = "totp-secret"
	purposeCodes  = "backup-codes"
	purposeOTP    = "otp"
	purposeTrust  = "trust-device"
)

// The refusals of this plugin, as Better Auth words them.
var (
	errInvalidPassword  = sdk.APIError{Status: 400, Code: "INVALID_PASSWORD", Message: "Invalid password"}
	errTOTPDisabled     = sdk.APIError{Status: 400, Code: "TOTP_NOT_CONFIGURED", Message: "totp isn't configured"}
	errTOTPNotEnabled   = sdk.APIError{Status: 400, Code: "TOTP_NOT_ENABLED", Message: "TOTP not enabled"}
	errNoTOTP           = sdk.APIError{Status: 400, Code: "TOTP_NOT_CONFIGURED", Message: "TOTP is not available"} // of enableMethod
	errNoOTP            = sdk.APIError{Status: 400, Code: "OTP_NOT_CONFIGURED", Message: "OTP is not available"}   // of enableMethod
	errOTPNotConfigured = sdk.APIError{Status: 400, Code: "OTP_NOT_CONFIGURED", Message: "otp isn't configured"}
	errOTPExpired       = sdk.APIError{Status: 400, Code: "OTP_HAS_EXPIRED", Message: "OTP has expired"}
	errNotEnabled       = sdk.APIError{Status: 400, Code: "TWO_FACTOR_NOT_ENABLED", Message: "Two factor isn't enabled"}
	errNoBackupCodes    = sdk.APIError{Status: 400, Code: "BACKUP_CODES_NOT_ENABLED", Message: "Backup codes aren't enabled"}
	errTooManyAttempts  = sdk.APIError{Status: 400, Code: "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE", Message: "Too many attempts. Please request a new code."}
	errInvalidCode      = sdk.APIError{Status: 401, Code: "INVALID_CODE", Message: "Invalid code"}
	errInvalidBackup    = sdk.APIError{Status: 401, Code: "INVALID_BACKUP_CODE", Message: "Invalid backup code"}
	errInvalidCookie    = sdk.APIError{Status: 401, Code: "INVALID_TWO_FACTOR_COOKIE", Message: "Invalid two factor cookie"}
	errAlreadyEnabled   = sdk.APIError{Status: 400, Code: "TOTP_ALREADY_ENABLED", Message: "TOTP is already enabled"}
	errLocked           = sdk.APIError{Status: 429, Code: "ACCOUNT_TEMPORARILY_LOCKED", Message: "Too many failed verification attempts. Your account is temporarily locked. Please try again later."}
)

// outcome is how a part of a handler ended that is not done yet: with a refusal,
// with a host call that was not done, or, as the zero outcome, well.
type outcome struct {
	refused *sdk.APIError
	status  sdk.Status
}

func (o outcome) ok() bool { return o.refused == nil && o.status == sdk.OK }

func refuse(e *sdk.APIError) outcome { return outcome{refused: e} }

func failed(s sdk.Status) outcome { return outcome{status: s} }

// end answers with an outcome that is not well. The writes of the call are
// kept, such as a code that was used up.
func (o outcome) end(c *sdk.Call) sdk.Result {
	if o.refused != nil {
		return o.refused.Respond(c)
	}
	return c.Fail(o.status)
}
