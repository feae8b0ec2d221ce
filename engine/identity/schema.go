package identity

import "github.com/authhost/authhost/engine/store"

// Models of this package.
const (
	User         = "user"
	Account      = "account"
	Verification = "verification"
)

// CredentialProvider is the providerId of an account with a password.
const CredentialProvider = "credential"

// CoreSchema returns the models that every tenant has, sessions and signing
// keys included. Plugins add fields and models to it. Users have indexes for
// searches by address and name, and to be listed by age.
func CoreSchema() store.Schema {
	str := func(name string) store.Field { return store.Field{Name: name, Type: store.String} }
	req := func(name string) store.Field { return store.Field{Name: name, Type: store.String, Required: true} }
	date := func(name string) store.Field { return store.Field{Name: name, Type: store.Date} }
	userID := store.Field{Name: "userId", Type: store.String, Required: true, References: User}
	return store.Schema{Models: []store.Model{
		{Name: User, Fields: []store.Field{
			{Name: "name", Type: store.String, Required: true, Index: true, Fold: true},
			{Name: "email", Type: store.String, Required: true, Unique: true, Fold: true},
			{Name: "emailVerified", Type: store.Boolean},
			str("image"), {Name: "createdAt", Type: store.Date, Index: true}, date("updatedAt"),
		}},
		{Name: "session", Fields: []store.Field{
			{Name: "token", Type: store.String, Required: true, Unique: true},
			{Name: "expiresAt", Type: store.Date, Required: true, Index: true},
			date("createdAt"), date("updatedAt"), str("ipAddress"), str("userAgent"), userID,
			date("notAfter"), {Name: "forgotten", Type: store.Boolean}, str("impersonatedBy"),
		}, Indexes: []store.Index{{Fields: []string{"userId", "createdAt"}}}},
		{Name: Account, Fields: []store.Field{
			req("accountId"), req("providerId"), userID,
			str("accessToken"), str("refreshToken"), str("idToken"),
			date("accessTokenExpiresAt"), date("refreshTokenExpiresAt"), str("scope"), str("password"),
			date("createdAt"), date("updatedAt"),
		}, Indexes: []store.Index{
			{Fields: []string{"userId", "providerId"}},
			{Fields: []string{"providerId", "accountId"}, Unique: true},
		}},
		{Name: Verification, Fields: []store.Field{
			{Name: "identifier", Type: store.String, Required: true, Unique: true},
			req("value"),
			{Name: "expiresAt", Type: store.Date, Required: true, Index: true},
			date("createdAt"), date("updatedAt"), str(boundTo),
		}},
		{Name: "jwks", Fields: []store.Field{
			req("use"), req("alg"), {Name: "number", Type: store.Number, Required: true},
			req("publicKey"), req("privateKey"),
			date("createdAt"), date("activeAt"), date("retiresAt"),
		}, Indexes: []store.Index{{Fields: []string{"use", "alg", "number"}, Unique: true}}},
	}}
}
