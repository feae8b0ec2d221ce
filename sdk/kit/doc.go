// Package kit has pieces that several plugins are made of. Each is built on
// package sdk alone, needs no more than the capabilities that its comment
// names, and can be left out without the others.
//
// An endpoint that asks for the user's password once more:
//
//	var wrong = kit.Refusals{WrongPassword: errInvalidPassword}
//
//	func forget(c *sdk.Call) error {
//		password := forgetBody{c.Request()}.Password()
//		if err := kit.CheckPassword(c, c.Session().UserID, password, wrong); err != nil {
//			return err
//		}
//		…
//	}
//
// A token about the session's user:
//
//	o := kit.UserClaims(c, session, "id", "image")
//	o.Claims = append(o.Claims, sdk.F("iss", sdk.String(issuer)))
//	signed, err := c.Keys().Sign("tokens", 900, o)
//
// A token with which another client comes into the session:
//
//	tokens := kit.OneTimeTokens{Lifetime: 180, Unknown: errInvalidToken, Ended: errSessionNotFound}
//	token, err := tokens.Issue(c)
//	…
//	return tokens.Exchange(c, exchangeBody{c.Request()}.Token())
//
// Decisions and their reasons: docs/rationale/authoring.md.
package kit
