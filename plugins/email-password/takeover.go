package main

import (
	"strconv"

	"github.com/authhost/authhost/sdk"
)

// changesVoid starts the identifier under which it is kept, for a user, until
// when links that change the address were voided.
const changesVoid = "address-changes-void:"

// changesVoidFor is how long that is kept, in seconds: as long as a link may
// be good at the most (emailVerification.expiresIn).
const changesVoidFor = 30 * 24 * 60 * 60

// voidChanges makes links void that were mailed up to now and would change
// the address of a user: who asked for them may be whom the user shuts out.
func voidChanges(c *sdk.Call, userID string) error {
	_, err := c.Verifications().Create(changesVoid+userID, c.Get("now.unix").Text(), changesVoidFor)
	return err
}

// checkVoid refuses a link that was issued at a time and would change the
// address of a user, if it was made void. Those of the same second are.
func checkVoid(c *sdk.Call, userID string, issued int64) error {
	until, err := c.Verifications().Find(changesVoid + userID)
	if err != nil {
		return sdk.IfNotFound(err, nil)
	}
	if last, err := strconv.ParseInt(until.Value, 10, 64); err != nil || issued <= last {
		return errInvalidLink
	}
	return nil
}

// shutOut ends what others may have of a user who has reset the password with
// a mailed token: sessions, changes of the address that are under way and,
// where the address was never verified before, accounts at providers. Whoever
// linked those had not shown that the address is theirs.
func shutOut(c *sdk.Call, user sdk.User) error {
	if !user.EmailVerified {
		if err := unlinkProviders(c, user.ID); err != nil {
			return err
		}
	}
	if err := voidChanges(c, user.ID); err != nil {
		return err
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
