package importer

import "strings"

// key is a name without what conventions differ in: emailVerified and
// email_verified are the same column.
func key(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// sameTable reports whether a table is that of a model: in camel or snake case,
// singular or plural.
func sameTable(table, model string) bool {
	t, m := key(table), key(model)
	return t == m || t == m+"s" || t == m+"es" || strings.HasSuffix(m, "y") && t == m[:len(m)-1]+"ies"
}

// knownTables are the tables of Better Auth's plugins, for the report: what is
// not one of them is the application's own.
var knownTables = []string{
	"twoFactor", "passkey", "organization", "member", "invitation", "team", "teamMember", "organizationRole",
	"apikey", "oauthApplication", "oauthAccessToken", "oauthRefreshToken", "oauthConsent", "oauthClient", "deviceCode", "ssoProvider",
	"scimProvider", "walletAddress", "subscription", "jwks", "rateLimit",
}

// pluginFields say which plugin of authhost has a field of Better Auth's, to
// name it in a remedy.
var pluginFields = map[string]string{
	"user.twoFactorEnabled": "two-factor",
	"user.username":         "username", "user.displayUsername": "username",
	"user.phoneNumber": "phone-number", "user.phoneNumberVerified": "phone-number",
	"user.isAnonymous": "anonymous",
	"user.role":        "admin", "user.banned": "admin", "user.banReason": "admin", "user.banExpires": "admin",
	"session.activeOrganizationId": "organization", "session.activeTeamId": "organization",
	"user.lastLoginMethod": "last-login-method",
}
