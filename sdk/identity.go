package sdk

// Identity is the capability "identity": users and their accounts. Passwords
// are hashed and compared by the host; hashes never reach a plugin. The
// manifest lists the models that a plugin reads and writes.
type Identity struct{ c *Call }

// Identity returns the capability.
func (c *Call) Identity() Identity { return Identity{c} }

// User is what most handlers need of a user record. The whole record is at
// the path that the method names, until the next capability call.
type User struct {
	ID            string
	Email         string
	EmailVerified bool
}

func (c *Call) user(prefix string) User {
	return User{
		ID:            c.at(prefix, "id").String(),
		Email:         c.at(prefix, "email").String(),
		EmailVerified: c.at(prefix, "emailVerified").IsTrue(),
	}
}

// FindUserByEmail finds a user by address, whatever its case. The record is
// at result.
func (i Identity) FindUserByEmail(email string) (User, Status) {
	i.c.Arg("email", String(email))
	return i.found("findUser", "result.")
}

// FindUserByID finds a user by id. The record is at result.
func (i Identity) FindUserByID(id string) (User, Status) {
	i.c.Arg("id", String(id))
	return i.found("findUser", "result.")
}

func (i Identity) found(fn, prefix string) (User, Status) {
	if s := i.c.host.identity(fn); s != OK {
		return User{}, s
	}
	return i.c.user(prefix), OK
}

// NewUser describes a user to be created.
type NewUser struct {
	Email         string
	Name, Image   Value
	EmailVerified bool
	// Fields are further fields that the plugin decides on.
	Fields []Field
	// Input is the path of an object that the client sent, "" for none. Of
	// its members the host takes the fields that plugins declare as open to
	// clients, and ignores all others.
	Input string
	// ProviderID links an account, "" for none; AccountID is the user's id
	// there, by default the id here.
	ProviderID, AccountID string
	// Account are further fields of the account, such as tokens.
	Account []Field
	// Password is for the provider "credential". Copy keeps it out of the
	// plugin's memory.
	Password Value
}

// ProviderCredential is the provider of accounts that have a password.
const ProviderCredential = "credential"

// CreateUser creates a user, and an account if a provider is given. The
// status is Conflict when the address is taken. The records are at
// result.user and result.account.
func (i Identity) CreateUser(n NewUser) (User, Status) {
	n.arguments(i.c)
	return i.found("createUser", "result.user.")
}

// DraftUser returns the user that CreateUser would create, with an id, times
// and defaults, and creates nothing. An answer made of it cannot be told from
// a real one. The record is at result.user.
func (i Identity) DraftUser(n NewUser) (User, Status) {
	n.arguments(i.c)
	return i.found("draftUser", "result.user.")
}

func (n *NewUser) arguments(c *Call) {
	c.args("args.user.", n.Fields)
	c.Arg("user.email", String(n.Email))
	c.Arg("user.name", n.Name)
	c.Arg("user.image", n.Image)
	c.Arg("user.emailVerified", Bool(n.EmailVerified))
	if n.Input != "" {
		c.Arg("input", Copy(n.Input))
	}
	if n.ProviderID == "" {
		return
	}
	c.Arg("account.providerId", String(n.ProviderID))
	c.Arg("account.password", n.Password)
	c.args("args.account.", n.Account)
	if n.AccountID != "" {
		c.Arg("account.accountId", String(n.AccountID))
	}
}

// UpdateUser changes fields of a user; input is as in NewUser. With nothing to
// change the status is Invalid and result.code "NO_FIELDS". The changed record
// is at result.
func (i Identity) UpdateUser(id, input string, set ...Field) (User, Status) {
	i.c.Arg("id", String(id))
	i.c.args("args.set.", set)
	if input != "" {
		i.c.Arg("input", Copy(input))
	}
	return i.found("updateUser", "result.")
}

// DeleteUser deletes a user with accounts and sessions.
func (i Identity) DeleteUser(id string) Status {
	i.c.Arg("id", String(id))
	return i.c.host.identity("deleteUser")
}

// FindAccount finds a user's account at a provider and reports whether it has
// a password. The record, without its secrets, is at result.
func (i Identity) FindAccount(userID, providerID string) (hasPassword bool, s Status) {
	i.c.Arg("userId", String(userID))
	i.c.Arg("providerId", String(providerID))
	s = i.c.host.identity("findAccount")
	return s == OK && i.c.Result("hasPassword").IsTrue(), s
}

// ListAccounts lists a user's accounts. They are at result.accounts.0,
// result.accounts.1 …
func (i Identity) ListAccounts(userID string) Status {
	i.c.Arg("userId", String(userID))
	return i.c.host.identity("listAccounts")
}

// DeleteAccount unlinks a user's account at a provider: the one with an
// account id, or any if that is "".
func (i Identity) DeleteAccount(userID, providerID, accountID string) Status {
	i.c.Arg("userId", String(userID))
	i.c.Arg("providerId", String(providerID))
	if accountID != "" {
		i.c.Arg("accountId", String(accountID))
	}
	return i.c.host.identity("deleteAccount")
}

// FindLinked finds the user whose account a provider knows by an id. The
// records are at result.user and result.account.
func (i Identity) FindLinked(providerID, accountID string) (User, Status) {
	i.linked(providerID, accountID)
	return i.found("findLinked", "result.user.")
}

func (i Identity) linked(providerID, accountID string) {
	i.c.Arg("providerId", String(providerID))
	i.c.Arg("accountId", String(accountID))
}

// Link is an account to be linked. Fields are those of the account, tokens
// among them; Profile is for hooks on identity.linking.
type Link struct {
	UserID, ProviderID, AccountID string
	Implicit                      bool // not asked for by the user, but because of the address
	Fields, Profile               []Field
}

// LinkAccount links an account at a provider to a user. Conflict says that it
// is linked already, to anybody; Denied that another plugin refused. The record
// is at result.
func (i Identity) LinkAccount(l Link) Status {
	i.c.Arg("userId", String(l.UserID))
	i.c.Arg("account.providerId", String(l.ProviderID))
	i.c.Arg("account.accountId", String(l.AccountID))
	i.c.args("args.account.", l.Fields)
	i.c.args("args.profile.", l.Profile)
	if l.Implicit {
		i.c.Arg("implicit", Bool(true))
	}
	return i.c.host.identity("linkAccount")
}

// UpdateAccount changes fields of an account, tokens among them. The record is
// at result.
func (i Identity) UpdateAccount(providerID, accountID string, set ...Field) Status {
	i.linked(providerID, accountID)
	i.c.args("args.set.", set)
	return i.c.host.identity("updateAccount")
}

// AccountTokens reads the tokens of an account: result.accessToken,
// result.refreshToken and result.idToken, as far as there are.
func (i Identity) AccountTokens(providerID, accountID string) Status {
	i.linked(providerID, accountID)
	return i.c.host.identity("accountTokens")
}

// StoredTokens is AccountTokens with the tokens as the host keeps them, which
// is encrypted if the tenant has them so: for a plugin that hands them on and
// need not know them.
func (i Identity) StoredTokens(providerID, accountID string) Status {
	i.linked(providerID, accountID)
	i.c.Set("args.stored", Bool(true))
	return i.c.host.identity("accountTokens")
}

// VerifyPasswordByEmail checks the password of the user with an address. An
// unknown address, a user without a password and a wrong password all take
// the same time and report false. The record of the user is at result.user if
// the password is right.
func (i Identity) VerifyPasswordByEmail(email string, password Value) (user User, valid bool, s Status) {
	i.c.Arg("email", String(email))
	return i.verifyPassword(password)
}

// VerifyPasswordByID is VerifyPasswordByEmail for a user's id.
func (i Identity) VerifyPasswordByID(id string, password Value) (valid bool, s Status) {
	i.c.Arg("userId", String(id))
	_, valid, s = i.verifyPassword(password)
	return valid, s
}

func (i Identity) verifyPassword(password Value) (User, bool, Status) {
	i.c.Arg("password", password)
	if s := i.c.host.identity("verifyPassword"); s != OK {
		return User{}, false, s
	}
	if !i.c.Result("valid").IsTrue() {
		return User{}, false, OK
	}
	return i.c.user("result.user."), true, OK
}

// SetPassword sets a user's password, and creates the credential account if
// there is none.
func (i Identity) SetPassword(userID string, password Value) Status {
	i.c.Arg("userId", String(userID))
	i.c.Arg("password", password)
	return i.c.host.identity("setPassword")
}

// Equalize takes as long as hashing the password, for answers that must not
// tell by their time that no hashing was needed.
func (i Identity) Equalize(password Value) Status {
	i.c.Arg("password", password)
	return i.c.host.identity("equalize")
}
