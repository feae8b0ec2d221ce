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
// when the user turns the second factor off, since it holds for that record.
func trustDevice(c *sdk.Call, userID string, f factor) sdk.Status {
	seconds := c.Config("trustDeviceMaxAge").Int(0)
	random, status := c.Random().String(trustLength, sdk.Alnum)
	if status != sdk.OK {
		return status
	}
	id := trustPrefix + random
	mac, status := c.Crypto().HMAC(purposeTrust, sdk.String(userID+"!"+id))
	if status == sdk.OK {
		status = c.Verifications().Create(id, trustValue(userID, f), seconds)
	}
	if status == sdk.OK {
		status = c.SetCookieFor(trustCookie, mac+"!"+id, seconds)
	}
	return status
}

func trustValue(userID string, f factor) string { return userID + "!" + f.id }

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
	if status == sdk.NotFound || status == sdk.OK && value != trustValue(userID, f) {
		return false, sdk.OK
	}
	if status != sdk.OK {
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
