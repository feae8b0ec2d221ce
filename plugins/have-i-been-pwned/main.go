// Command have-i-been-pwned is the plugin of that name, with the options of
// Better Auth's haveIBeenPwned: it refuses new passwords that are in the
// database of breached passwords of haveibeenpwned.com, or of a mirror.
//
// It asks by k-anonymity: of the password's SHA-1 hash only the first five of
// forty hexadecimal digits leave the server, and the answer, which is padded,
// has all that follow them.
package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

var (
	errCompromised = sdk.APIError{Status: 400, Code: "PASSWORD_COMPROMISED", Message: "The password you entered has been compromised. Please choose a different password."}
	errUnchecked   = sdk.APIError{Status: 500, Code: "PASSWORD_CHECK_FAILED", Message: "Failed to check password. Please try again later."}
)

func init() { sdk.Register(1, check) }

func main() {} // never called: the host calls handlers

// prefixLength is how many digits of a hash are asked for.
const prefixLength = 5

// check refuses a password that is known from breaches.
func check(c *sdk.Call) sdk.Result {
	password := c.Record("password").String()
	if password == "" {
		return sdk.Continue
	}
	hash := hexSHA1(password)
	status := c.HTTP().Do(sdk.HTTPRequest{
		URL:       c.Config("url").String() + "/" + hash[:prefixLength],
		Headers:   []sdk.Field{sdk.F("add-padding", sdk.String("true"))},
		TimeoutMs: c.Config("timeoutMs").Int(0),
	})
	if status != sdk.OK {
		return unchecked(c, c.Result("message").StringOr("the request could not be made"))
	}
	if code := c.Result("status"); code.Int(0) != 200 {
		return unchecked(c, "HTTP "+code.Text())
	}
	found, usable := listed(c.Result("body").String(), hash[prefixLength:])
	switch {
	case found:
		refused := errCompromised
		refused.Message = c.Config("customPasswordCompromisedMessage").StringOr(refused.Message)
		return refused.Deny(c)
	case !usable:
		return unchecked(c, "the answer is no list of hashes")
	}
	return sdk.Continue
}

// listed looks for a suffix in lines "SUFFIX:COUNT". A count of 0 is padding.
// usable reports whether all lines have that form, and there are any: every
// range has some.
func listed(body, suffix string) (found, usable bool) {
	for line := range strings.SplitSeq(body, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		hash, count, ok := strings.Cut(line, ":")
		if !ok || len(hash) != len(suffix) {
			return false, false
		}
		usable = true
		if strings.EqualFold(hash, suffix) && strings.Trim(count, " 0") != "" {
			return true, true
		}
	}
	return false, usable
}

// unchecked does what the configuration says for a password that could not be
// looked up.
func unchecked(c *sdk.Call, reason string) sdk.Result {
	if c.Config("onFailure").String() == "allow" {
		c.Log(sdk.Warn, "a password could not be looked up, and is taken: "+reason)
		return sdk.Continue
	}
	c.Log(sdk.Error, "a password could not be looked up, and is refused: "+reason)
	return errUnchecked.Deny(c)
}
