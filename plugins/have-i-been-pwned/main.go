// Command have-i-been-pwned is the plugin of that name, with the options of
// Better Auth's haveIBeenPwned: it refuses new passwords that are in the
// database of breached passwords of haveibeenpwned.com, or of a mirror.
//
// It asks by k-anonymity: of the password's SHA-1 hash only the first five of
// forty hexadecimal digits leave the server, and the answer, which is padded,
// has all that follow them.
package main

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// prefixLength is how many digits of a hash are asked for.
const prefixLength = 5

// check refuses a password that is known from breaches.
func check(c *sdk.Call) error {
	password := c.Record("password")
	if password.String() == "" {
		return nil
	}
	config := configOf(c)
	digest, err := c.Crypto().Digest(password, sdk.DigestOptions{Algorithm: "SHA-1", Encoding: "hex"})
	if err != nil {
		return err
	}
	hash := strings.ToUpper(digest)
	answer, err := c.HTTP().Request(config.URL()+"/"+hash[:prefixLength], sdk.HTTPRequestOptions{
		Headers:   []sdk.Field{sdk.F("add-padding", sdk.String("true"))},
		TimeoutMs: config.TimeoutMs(),
	})
	if err != nil {
		return unchecked(c, config, err.Error())
	}
	if answer.Status != 200 {
		return unchecked(c, config, "HTTP "+strconv.FormatInt(answer.Status, 10))
	}
	found, usable := listed(answer.Body.String(), hash[prefixLength:])
	switch {
	case found:
		refused := *errPasswordCompromised
		refused.Message = cmp.Or(config.CustomPasswordCompromisedMessage(), refused.Message)
		return &refused
	case !usable:
		return unchecked(c, config, "the answer is no list of hashes")
	}
	return nil
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
func unchecked(c *sdk.Call, config config, reason string) error {
	if config.OnFailure() == "allow" {
		c.Log(sdk.LevelWarn, "a password could not be looked up, and is taken: "+reason)
		return nil
	}
	c.Log(sdk.LevelError, "a password could not be looked up, and is refused: "+reason)
	return errPasswordCheckFailed
}
