// Command phone-code proves that users have the phones with their numbers. A
// text message takes a code to the number in the user's field phoneNumber; who
// gives it back has that number in verifiedPhoneNumber, which clients cannot
// set. A number that changes later is proved anew: the fields differ.
package main

import (
	"crypto/subtle"
	"strings"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

const (
	digits      = 6
	lifeMinutes = 5

	window   = 60 * 60 // seconds in which messages and guesses are counted
	maxCodes = 5       // to a number, and from a user
	maxTries = 10      // of a user
)

// codeID is the identifier under which the code of a user is kept, with the
// number that it went to: "123456 +4915112345678".
func codeID(user string) string { return "code:" + user }

// send sends a code to the user's number. Each message costs money, and numbers
// that earn from messages exist: both who asks and who gets them are counted.
func send(c *sdk.Call) error {
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: c.Session().UserID})
	if err != nil {
		return err
	}
	number := user.Fields.Get("phoneNumber").String()
	if number == "" {
		return errNoPhoneNumber
	}
	for _, key := range []string{"codes-of:" + user.ID, "codes-to:" + number} {
		if err := count(c, key, maxCodes, errTooManyCodes); err != nil {
			return err
		}
	}
	code, err := c.Random().String(digits, sdk.RandomStringOptions{Alphabet: "digits"})
	if err != nil {
		return err
	}
	kept := sdk.VerificationCreateForOptions{WhenVerified: true} // which tells nothing of the phone
	if _, err := c.Verifications().CreateFor(codeID(user.ID), code+" "+number, user.ID, lifeMinutes*60, kept); err != nil {
		return err
	}
	err = phoneCodeMessage{Code: code, Minutes: lifeMinutes}.Send(c, number)
	if sdk.CodeOf(err) == "number" {
		return errInvalidPhoneNumber
	}
	return c.ReplyUnless(err, sdk.F("sent", sdk.Bool(true)))
}

// verify compares the code, which is good once, and for the number that the user
// still has. The host takes it back when the user gets another address or
// password.
func verify(c *sdk.Call) error {
	id := c.Session().UserID
	if err := count(c, "tries-of:"+id, maxTries, errTooManyTries); err != nil {
		return err
	}
	kept, err := c.Verifications().Find(codeID(id))
	if err != nil {
		return sdk.IfNotFound(err, errCodeExpired)
	}
	code, number, _ := strings.Cut(kept.Value, " ")
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: id})
	if err != nil {
		return err
	}
	if user.Fields.Get("phoneNumber").String() != number {
		return errCodeExpired
	}
	if subtle.ConstantTimeCompare([]byte(code), []byte(verifyBody{c.Request()}.Code())) != 1 {
		return errInvalidCode
	}
	if _, err := c.Verifications().Consume(codeID(id)); err != nil {
		return sdk.IfNotFound(err, errCodeExpired) // somebody was quicker
	}
	_, err = c.Identity().UpdateUser(id, sdk.UpdateUserOptions{Set: []sdk.Field{sdk.F("verifiedPhoneNumber", sdk.String(number))}})
	return c.ReplyUnless(err, sdk.F("verified", sdk.Bool(true)))
}

// count counts one use of a key, and returns an error where there were too many.
func count(c *sdk.Call, key string, most int64, tooMany error) error {
	hit, err := c.RateLimit().Hit(key, window, most)
	if err == nil && !hit.Allowed {
		err = tooMany
	}
	return err
}
