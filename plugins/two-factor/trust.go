package main

import (
	"crypto/subtle"
	"strings"

	"github.com/authhost/authhost/sdk"
)

const (
	trustPrefix = "trust-device-"
	trustLength = 32 // characters of sdk.Alnum: 190 bits
)

// trustDevice lets the device skip the second step from now on. Its trust ends
// when the user turns the second factor off, or gets another password: it holds
// for the records of both as they are.
func trustDevice(c *sdk.Call, userID string, f factor) sdk.Status {
	seconds := c.Config("trustDeviceMaxAge").Int(0)
	random, status := c.Random().String(trustLength, sdk.Alnum)
	if status != sdk.OK {
		return status
	}
	id := trustPrefix + random
	mac, status := c.Crypto().HMAC(purposeTrust, sdk.String(userID+"!"+id))
	if status != sdk.OK {
		return status
	}
	value, status := trustValue(c, userID, f)
	if status == sdk.OK {
		status = c.Verifications().Create(id, value, seconds)
	}
	if status == sdk.OK {
		status = c.SetCookieFor(trustCookie, mac+"!"+id, seconds)
	}
	return status
}

// trustValue names what a device's trust holds for.
func trustValue(c *sdk.Call, userID string, f factor) (string, sdk.Status) {
	password := ""
	_, status := c.Identity().FindAccount(userID, sdk.ProviderCredential)
	switch status {
	case sdk.OK:
		password = c.Result("updatedAt").String()
	case sdk.NotFound:
	default:
		return "", status
	}
	return userID + "!" + f.id + "!" + password, sdk.OK
}

// useTrust reports whether the device is trusted, and renews its trust. A
// cookie that is worth nothing is taken away.
func useTrust(c *sdk.Call, userID string, f factor) (bool, sdk.Status) {
	mac, id, ok := trustOf(c)
	if !ok {
		return false, sdk.OK
	}
	want, status := c.Crypto().HMAC(purposeTrust, sdk.String(userID+"!"+id))
	if status != sdk.OK {
		return false, status
	}
	c.ExpireCookie(trustCookie)
	if subtle.ConstantTimeCompare([]byte(mac), []byte(want)) != 1 {
		return false, sdk.OK
	}
	value, status := c.Verifications().Consume(id)
	if status == sdk.NotFound {
		return false, sdk.OK
	}
	if status != sdk.OK {
		return false, status
	}
	holds, status := trustValue(c, userID, f)
	if status != sdk.OK || value != holds {
		return false, status
	}
	return true, trustDevice(c, userID, f)
}

// endTrust takes the trust of this device away.
func endTrust(c *sdk.Call) sdk.Status {
	_, id, ok := trustOf(c)
	if !ok {
		return sdk.OK
	}
	c.ExpireCookie(trustCookie)
	return c.Verifications().Delete(id)
}

// trustOf reads the cookie of a trusted device, whose signature the host has
// checked.
func trustOf(c *sdk.Call) (mac, id string, ok bool) {
	mac, id, ok = strings.Cut(c.Request().Cookie(trustCookie).String(), "!")
	return mac, id, ok && strings.HasPrefix(id, trustPrefix)
}
