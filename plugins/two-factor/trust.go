package main

import (
	"crypto/subtle"
	"strings"

	"github.com/authhost/authhost/sdk"
)

const (
	trustPrefix = "trust-device-"
	trustLength = 32 // characters of 62: 190 bits
)

// trustDevice lets the device skip the second step from now on. Its trust ends
// when the user turns the second factor off, or gets another password: it holds
// for the records of both as they are.
func (f *factor) trustDevice(c *sdk.Call) error {
	seconds := configOf(c).TrustDeviceMaxAge()
	random, err := c.Random().String(trustLength, sdk.RandomStringOptions{})
	if err != nil {
		return err
	}
	id := trustPrefix + random
	mac, err := f.trustMAC(c, id)
	if err != nil {
		return err
	}
	value, err := f.trustValue(c)
	if err != nil {
		return err
	}
	if _, err := c.Verifications().Create(id, value, seconds); err != nil {
		return err
	}
	c.SetCookieFor(cookieTrustDevice, mac+"!"+id, seconds)
	return nil
}

// trustMAC binds the cookie of a trusted device to the user.
func (f *factor) trustMAC(c *sdk.Call, id string) (string, error) {
	return c.Crypto().HMAC(sdk.String(f.userID+"!"+id), sdk.HMACOptions{Purpose: purposeTrustDevice})
}

// trustValue names what a device's trust holds for.
func (f *factor) trustValue(c *sdk.Call) (string, error) {
	account, err := c.Identity().FindAccount(f.userID, sdk.ProviderCredential)
	return f.userID + "!" + f.id + "!" + account.UpdatedAt, sdk.IfNotFound(err, nil)
}

// useTrust reports whether the device is trusted, and renews its trust. A
// cookie that is worth nothing is taken away.
func (f *factor) useTrust(c *sdk.Call) (bool, error) {
	mac, id, ok := trustOf(c)
	if !ok {
		return false, nil
	}
	want, err := f.trustMAC(c, id)
	if err != nil {
		return false, err
	}
	c.ExpireCookie(cookieTrustDevice)
	if subtle.ConstantTimeCompare([]byte(mac), []byte(want)) != 1 {
		return false, nil
	}
	trust, err := c.Verifications().Consume(id)
	if err != nil {
		return false, sdk.IfNotFound(err, nil)
	}
	value, err := f.trustValue(c)
	if err != nil || trust.Value != value {
		return false, err
	}
	return true, f.trustDevice(c)
}

// endTrust takes the trust of this device away.
func endTrust(c *sdk.Call) error {
	_, id, ok := trustOf(c)
	if !ok {
		return nil
	}
	c.ExpireCookie(cookieTrustDevice)
	return c.Verifications().Delete(id)
}

// trustOf reads the cookie of a trusted device, whose signature the host has
// checked.
func trustOf(c *sdk.Call) (mac, id string, ok bool) {
	mac, id, ok = strings.Cut(c.Request().Cookie(cookieTrustDevice).String(), "!")
	return mac, id, ok && strings.HasPrefix(id, trustPrefix)
}
