// Command partner connects users with a partner's server. Each user shares a
// secret with the partner. The plugin keeps it sealed in a record of its own and
// has the host use it: the secret itself is never in the plugin's memory.
package main

import (
	"crypto/subtle"
	"errors"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// connect keeps the user's secret in place of an earlier one. The host copies it
// from the body to the seal, and what was sealed to the record.
func connect(c *sdk.Call) error {
	user := c.Session().UserID
	if _, err := c.Storage(modelPartnerAccount).Consume("userId", sdk.String(user)); err != nil && !errors.Is(err, sdk.NotFound) {
		return err
	}
	if _, err := c.Crypto().Seal(purposePartnerSecret, connectBody{c.Request()}.Secret()); err != nil {
		return err
	}
	_, err := c.Storage(modelPartnerAccount).Insert([]sdk.Field{sdk.F("userId", sdk.String(user)), sdk.F("secret", sdk.Copy("result.sealed"))})
	return c.ReplyUnless(err, sdk.F("connected", sdk.Bool(true)))
}

// points asks the partner in the user's name: the host opens the secret and puts
// it into the request.
func points(c *sdk.Call) error {
	if _, err := c.Storage(modelPartnerAccount).Find("userId", sdk.String(c.Session().UserID)); err != nil {
		return sdk.IfNotFound(err, errNotConnected)
	}
	answer, err := c.HTTP().Request(configOf(c).URL()+"/points", sdk.HTTPRequestOptions{
		SealedSecrets: []sdk.SealedSecret{{Place: "auth.bearer", Purpose: purposePartnerSecret, Sealed: sdk.Copy("result.secret")}},
		Answer:        "json",
	})
	if err != nil || answer.Status != 200 {
		return errPartnerFailed
	}
	return c.Reply(sdk.F("points", answer.Body.Get("points")))
}

// event takes an event whose body the partner has signed with the user's
// secret.
func event(c *sdk.Call) error {
	_, err := c.Storage(modelPartnerAccount).Find("userId", sdk.String(c.Request().Param("user")))
	if err != nil {
		return sdk.IfNotFound(err, errInvalidSignature)
	}
	mac, err := c.Crypto().HMAC(sdk.Copy("request.rawBody"), sdk.HMACOptions{
		SealedKey: sdk.SealedKey{Purpose: purposePartnerSecret, Sealed: sdk.Copy("result.secret")},
		Encoding:  "hex",
	})
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(mac), []byte(c.Request().Header("x-signature"))) != 1 {
		return errInvalidSignature
	}
	return c.Reply(sdk.F("received", sdk.Bool(true)))
}

// device checks what a device signed with its own key.
func device(c *sdk.Call) error {
	body := deviceBody{c.Request()}
	err := c.Crypto().Verify("ES256", body.Key(), sdk.String(body.Challenge()), sdk.String(body.Signature()), sdk.VerifyOptions{Format: "der"})
	switch {
	case err == nil:
		return c.Reply(sdk.F("verified", sdk.Bool(true)))
	case sdk.CodeOf(err) == "key":
		return errInvalidKey
	case errors.Is(err, sdk.Invalid):
		return errInvalidSignature
	}
	return err
}
