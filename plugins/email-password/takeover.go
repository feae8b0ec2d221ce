package main

import "github.com/authhost/authhost/sdk"

// shutOut ends what others may have of a user who has reset the password with
// a mailed token: sessions and, where the address was never verified before,
// accounts at providers. Whoever linked those had not shown that the address is
// theirs. Changes of the address that are under way are void with the old
// password.
func shutOut(c *sdk.Call, user sdk.User) error {
	if !user.EmailVerified {
		if err := unlinkProviders(c, user.ID); err != nil {
			return err
		}
	}
	_, err := c.Sessions().RevokeUser(user.ID, sdk.SessionRevokeUserOptions{})
	return err
}

// unlinkProviders leaves a user the password as the only way to sign in.
func unlinkProviders(c *sdk.Call, userID string) error {
	accounts, err := c.Identity().ListAccounts(userID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.ProviderID == sdk.ProviderCredential {
			continue
		}
		err := c.Identity().DeleteAccount(userID, a.ProviderID, sdk.DeleteAccountOptions{AccountID: a.AccountID})
		if err := sdk.IfNotFound(err, nil); err != nil {
			return err
		}
	}
	return nil
}
