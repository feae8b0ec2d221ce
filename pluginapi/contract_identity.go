package pluginapi

// Members that several functions have.
var (
	argUserID     = Param{Name: "userId", Type: TypeText, Required: true, Doc: "the user's id"}
	argProviderID = Param{Name: "providerId", Type: TypeText, Required: true, Doc: "the provider: `github`, or `credential` for a password"}
	argAccountID  = Param{Name: "accountId", Type: TypeText, Required: true, Doc: "the user's id at the provider"}
	argPassword   = Param{Name: "password", Type: TypeText, Required: true, Empty: true, Copied: true, Doc: "the password"}
	argInput      = Param{Name: "input", Type: TypeObject, Copied: true, Doc: "an object that a client sent; the host takes the fields that are open to clients"}
	argSetFields  = Param{Name: "set", Type: TypeObject, Open: true, Doc: "fields by name, with new values"}
	notFound      = Outcome{StatusNotFound, "there is none"}
)

// NoFields is the code of a change of nothing.
const NoFields = "NO_FIELDS"

// FieldNotAllowed is the code of a client's change of a field that is not open
// to clients.
const FieldNotAllowed = "FIELD_NOT_ALLOWED"

var shapes = []Shape{
	{Name: "user", Doc: "a user", Members: []Param{
		{Name: "id", Type: TypeText, Required: true},
		{Name: "email", Type: TypeText, Required: true, Doc: "in lower case"},
		{Name: "emailVerified", Type: TypeBool, Required: true},
		{Name: "name", Type: TypeText, Required: true},
		{Name: "image", Type: TypeText | TypeNull},
		{Name: "createdAt", Type: TypeText, Required: true},
		{Name: "updatedAt", Type: TypeText, Required: true},
	}},
	{Name: "account", Doc: "an account of a user at a provider, without its secrets", Members: []Param{
		{Name: "id", Type: TypeText, Required: true},
		{Name: "userId", Type: TypeText, Required: true},
		{Name: "providerId", Type: TypeText, Required: true},
		{Name: "accountId", Type: TypeText, Required: true},
		{Name: "hasPassword", Type: TypeBool, Required: true, Doc: "whether it has a password"},
		{Name: "scope", Type: TypeText | TypeNull, Doc: "what the provider granted"},
		{Name: "accessTokenExpiresAt", Type: TypeText | TypeNull},
		{Name: "refreshTokenExpiresAt", Type: TypeText | TypeNull},
		{Name: "createdAt", Type: TypeText, Required: true},
		{Name: "updatedAt", Type: TypeText, Required: true},
	}},
	{Name: "session", Doc: "a session as `/get-session` shows it; of a server call without its token", Members: []Param{
		{Name: "id", Type: TypeText, Required: true},
		{Name: "token", Type: TypeText},
		{Name: "userId", Type: TypeText, Required: true},
		{Name: "expiresAt", Type: TypeText, Required: true},
		{Name: "createdAt", Type: TypeText, Required: true},
		{Name: "updatedAt", Type: TypeText, Required: true},
		{Name: "ipAddress", Type: TypeText | TypeNull},
		{Name: "userAgent", Type: TypeText | TypeNull},
		{Name: "impersonatedBy", Type: TypeText, Doc: "the id of the user who acts in it, if that is not its own"},
		{Name: "virtual", Type: TypeBool, Doc: "true in a [virtual](#virtual-sessions) session"},
	}},
	{Name: "verification", Doc: "a value under an identifier", Members: []Param{
		{Name: "id", Type: TypeText, Required: true},
		{Name: "identifier", Type: TypeText, Required: true},
		{Name: "value", Type: TypeText, Required: true},
		{Name: "expiresAt", Type: TypeText, Required: true},
		{Name: "createdAt", Type: TypeText, Required: true},
		{Name: "updatedAt", Type: TypeText, Required: true},
	}},
	{Name: "record", Doc: "a record of a plugin's model, with all fields of the model", Members: []Param{
		{Name: "id", Type: TypeText, Required: true},
		{Name: "version", Type: TypeInt, Required: true, Doc: "from 1; each unit of work that writes it adds 1"},
	}},
}

// Shapes lists the records that functions give.
func Shapes() []Shape { return shapes }

// newUser describes a user to be created.
var newUser = Param{Name: "user", Go: "NewUser", Type: TypeObject, Required: true, Open: true, Doc: "the fields, as the plugin states them", Members: []Param{
	{Name: "email", Type: TypeText, Required: true},
	{Name: "name", Type: TypeAny, Copied: true},
	{Name: "image", Type: TypeAny, Copied: true},
	{Name: "emailVerified", Type: TypeBool},
}}

var newAccount = Param{Name: "account", Go: "NewAccount", Type: TypeObject, Open: true, Doc: "an account to create with the user; its tokens need `tokens`", Members: []Param{
	{Name: "providerId", Type: TypeText, Required: true},
	{Name: "accountId", Type: TypeText, Doc: "default: the user's id"},
	{Name: "password", Type: TypeText, Copied: true, Doc: "of the provider `credential`"},
}}

var identityFunctions = []Function{
	{
		Capability: CapIdentity, Name: "findUser", Access: AccessRead, Model: "user", Doc: "finds a user by id, by address, or by any field that is declared unique",
		Args: []Param{
			{Name: "id", Type: TypeText},
			{Name: "email", Type: TypeText, Doc: "in any case"},
			{Name: "field", Type: TypeText, Doc: "the name of a unique field, with value; since 1.1"},
			{Name: "value", Type: TypeAny, Copied: true, Doc: "the value of the field"},
		},
		OneOf: [][]string{{"id", "email", "field"}}, Record: "user", Statuses: []Outcome{notFound},
	},
	{
		Capability: CapIdentity, Name: "createUser", Access: AccessWrite, Model: "user", Doc: "creates a user and, if asked, an account",
		Args:     []Param{newUser, argInput, newAccount},
		Result:   []Param{{Name: "user", Record: "user", Type: TypeObject, Required: true}, {Name: "account", Record: "account", Type: TypeObject}},
		Statuses: []Outcome{{StatusConflict, "the address is taken"}},
	},
	{
		Capability: CapIdentity, Name: "draftUser", Access: AccessRead, Model: "user", Doc: "gives what createUser would have given, with a new id and times, and stores nothing",
		Args:   []Param{newUser, argInput, newAccount},
		Result: []Param{{Name: "user", Record: "user", Type: TypeObject, Required: true}},
	},
	{
		Capability: CapIdentity, Name: "updateUser", Access: AccessWrite, Model: "user", Doc: "changes fields of a user",
		Args:   []Param{{Name: "id", Type: TypeText, Required: true, Doc: "the user's id"}, argSetFields, argInput},
		Record: "user", Statuses: []Outcome{notFound, {StatusConflict, "a unique value is taken"}},
		Codes: []Code{{NoFields, "nothing is to change"}, {FieldNotAllowed, "`input` has a field that is not open to clients"}},
	},
	{
		Capability: CapIdentity, Name: "deleteUser", Access: AccessWrite, Model: "user", Doc: "deletes a user with accounts, sessions and all records that refer to the user",
		Args: []Param{{Name: "id", Type: TypeText, Required: true, Doc: "the user's id"}}, Statuses: []Outcome{notFound},
	},
	{
		Capability: CapIdentity, Name: "findAccount", Access: AccessRead, Model: "account", Doc: "finds a user's account at a provider",
		Args: []Param{argUserID, argProviderID}, Record: "account", Statuses: []Outcome{notFound},
	},
	{
		Capability: CapIdentity, Name: "listAccounts", Access: AccessRead, Model: "account", Doc: "lists a user's accounts, at most 200, without additional fields that clients do not see, but for the plugin's own and those that its permission `fields` names",
		Args: []Param{argUserID}, Result: []Param{{Name: "accounts", Type: TypeArray, Record: "account", Required: true}},
	},
	{
		Capability: CapIdentity, Name: "deleteAccount", Access: AccessWrite, Model: "account", Doc: "removes a user's account at a provider",
		Args:     []Param{argUserID, argProviderID, {Name: "accountId", Type: TypeText, Doc: "which one, if there are several"}},
		Statuses: []Outcome{notFound},
	},
	{
		Capability: CapIdentity, Name: "findLinked", Access: AccessRead, Model: "account", Doc: "finds the user whom a provider knows by an id",
		Args:     []Param{argProviderID, argAccountID},
		Result:   []Param{{Name: "account", Record: "account", Type: TypeObject, Required: true}, {Name: "user", Record: "user", Type: TypeObject, Required: true}},
		Statuses: []Outcome{notFound},
	},
	{
		Capability: CapIdentity, Name: "linkAccount", Access: AccessWrite, Model: "account", Doc: "links an account at a provider to a user; raises `identity.linking`",
		Args: []Param{
			argUserID,
			{Name: "account", Go: "LinkedAccount", Type: TypeObject, Required: true, Open: true, Doc: "the account; its tokens need `tokens`", Members: []Param{
				{Name: "providerId", Type: TypeText, Required: true},
				{Name: "accountId", Type: TypeText, Required: true},
			}},
			{Name: "profile", Type: TypeObject, Open: true, Doc: "the provider's data about the user, for hooks"},
			{Name: "implicit", Type: TypeBool, Doc: "not requested by the user"},
		},
		Record: "account", Statuses: []Outcome{notFound, {StatusConflict, "the account is linked to a user already"}, {StatusDenied, "a hook refused"}},
	},
	{
		Capability: CapIdentity, Name: "updateAccount", Access: AccessWrite, Model: "account", Doc: "changes tokens, their times and scope of an account",
		Args:   []Param{argProviderID, argAccountID, {Name: "set", Type: TypeObject, Required: true, Open: true, Doc: "fields by name, with new values"}},
		Record: "account", Statuses: []Outcome{notFound},
	},
	{
		Capability: CapIdentity, Name: "accountTokens", Access: AccessRead, Model: IdentityTokens, Doc: "gives the tokens of an account; needs `tokens`",
		Args: []Param{argProviderID, argAccountID, {Name: "stored", Type: TypeBool, Doc: "in their stored form, which is encrypted unless the tenant turns that off"}},
		Result: []Param{
			{Name: "accessToken", Type: TypeText}, {Name: "refreshToken", Type: TypeText}, {Name: "idToken", Type: TypeText},
		},
		Statuses: []Outcome{notFound},
	},
	{
		Capability: CapIdentity, Name: "verifyPassword", Access: AccessRead, Model: "account", Doc: "compares a password; an unknown user and one without a password are not valid, and cost the same time",
		Args:   []Param{{Name: "email", Type: TypeText}, {Name: "userId", Type: TypeText}, argPassword},
		OneOf:  [][]string{{"email", "userId"}},
		Result: []Param{{Name: "valid", Type: TypeBool, Required: true}, {Name: "user", Record: "user", Type: TypeObject, Doc: "only if valid"}},
	},
	{
		Capability: CapIdentity, Name: "setPassword", Access: AccessWrite, Model: "account", Doc: "sets a user's password, and makes the account `credential` if there is none",
		Args: []Param{argUserID, {Name: "password", Type: TypeText, Required: true, Copied: true, Doc: "the password"}}, Statuses: []Outcome{notFound},
	},
	{
		Capability: CapIdentity, Name: "equalize", Doc: "takes as long as hashing a password, for answers whose time must not show that nothing was hashed",
		Args: []Param{argPassword},
	},
}
