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
func voidChanges(c *sdk.Call, userID string) sdk.Status {
	return c.Verifications().Create(changesVoid+userID, c.Get("now.unix").Text(), changesVoidFor)
}

// isVoid reports whether the verified token at hand, which would change the
// address of a user, was made void. Those of the same second are.
func isVoid(c *sdk.Call, userID string, issued int64) (bool, sdk.Status) {
	until, status := c.Verifications().Find(changesVoid + userID)
	if status == sdk.NotFound {
		return false, sdk.OK
	}
	if status != sdk.OK {
		return false, status
	}
	last, err := strconv.ParseInt(until, 10, 64)
	return err != nil || issued <= last, sdk.OK
}

// shutOut ends what others may have of a user who has reset the password with
// a mailed token: sessions, changes of the address that are under way and,
// where the address was never verified before, accounts at providers. Whoever
// linked those had not shown that the address is theirs.
func shutOut(c *sdk.Call, userID string) sdk.Status {
	user, status := c.Identity().FindUserByID(userID)
	if status == sdk.OK && !user.EmailVerified {
		status = unlinkProviders(c, userID)
	}
	if status == sdk.OK {
		status = voidChanges(c, userID)
	}
	if status == sdk.OK {
		status = c.Sessions().RevokeUser(userID, "")
	}
	return status
}

// unlinkProviders leaves a user the password as the only way to sign in.
func unlinkProviders(c *sdk.Call, userID string) sdk.Status {
	status := c.Identity().ListAccounts(userID)
	if status != sdk.OK {
		return status
	}
	var linked [][2]string
	for i := int64(0); ; i++ {
		account := "accounts." + sdk.Int(i).Text()
		if c.Result(account + ".id").IsAbsent() {
			break
		}
		if provider := c.Result(account + ".providerId").String(); provider != sdk.ProviderCredential {
			linked = append(linked, [2]string{provider, c.Result(account + ".accountId").String()})
		}
	}
	for _, l := range linked {
		if status := c.Identity().DeleteAccount(userID, l[0], l[1]); status != sdk.OK && status != sdk.NotFound {
			return status
		}
	}
	return sdk.OK
}
