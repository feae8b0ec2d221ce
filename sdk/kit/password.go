package kit

import "github.com/authhost/authhost/sdk"

// Refusals are the errors of CheckPassword, usually those that the plugin's
// manifest declares.
type Refusals struct {
	// WrongPassword: the password is not the user's.
	WrongPassword error
	// NoPassword: the user has none. If nil, the error is WrongPassword then,
	// after the same time: the client cannot tell the two apart.
	NoPassword error
}

// CheckPassword compares a password with a user's, and returns nil if they are
// the same. The password may be a value made by sdk.Copy, which stays in the
// host. The manifest needs the capability identity, to read accounts.
func CheckPassword(c *sdk.Call, userID string, password sdk.Value, r Refusals) error {
	if r.NoPassword != nil {
		if has, err := HasPassword(c, userID); err != nil {
			return err
		} else if !has {
			return r.NoPassword
		}
	}
	check, err := c.Identity().VerifyPassword(password, sdk.VerifyPasswordOptions{UserID: userID})
	if err == nil && !check.Valid {
		err = r.WrongPassword
	}
	return err
}

// HasPassword reports whether a user has a password. The manifest needs the
// capability identity, to read accounts.
func HasPassword(c *sdk.Call, userID string) (bool, error) {
	account, err := c.Identity().FindAccount(userID, sdk.ProviderCredential)
	return account.HasPassword, sdk.IfNotFound(err, nil)
}
