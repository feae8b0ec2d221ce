package config

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/authhost/authhost/engine/secret"
)

// keys checks that a rotation can leave no verifier without the key that it
// needs: a node may go on with an old set for a while after a key was
// published, and verifiers for maxAge after that.
func (c *checker) keys(t *Tenant) {
	k := t.Keys
	if k.PublishAhead < 2*k.MaxAge && !c.noted(t.Origin, "/keys/publishAhead") {
		c.at(t.Origin, "/keys/publishAhead", fmt.Sprintf("publishAhead (%s) is less than twice maxAge (%s), so a key could sign before every verifier has seen it", k.PublishAhead, k.MaxAge), fmt.Sprintf("write at least %s, or a shorter maxAge", 2*k.MaxAge))
	}
	if k.RotateEvery > 0 && k.RotateEvery <= k.PublishAhead {
		c.at(t.Origin, "/keys/rotateEvery", fmt.Sprintf("rotateEvery (%s) is not longer than publishAhead (%s)", k.RotateEvery, k.PublishAhead), "make it longer; weeks or months are usual")
	}
}

const newServiceKey = `make one with "authhost keys new-service-key"`

func (c *checker) serviceKeys(t *Tenant) {
	ids, values := map[string]bool{}, map[string]string{}
	for i, k := range t.ServiceKeys {
		at := fmt.Sprintf("/serviceKeys/%d", i)
		switch {
		case k.ID == "": // noted as missing
		case !validID(k.ID, maxPluginID):
			c.at(t.Origin, at+"/id", fmt.Sprintf("service key id %q is not allowed", k.ID), fmt.Sprintf("use 1 to %d of a-z, 0-9 and -, with a letter or digit first", maxPluginID))
		case ids[k.ID]:
			c.at(t.Origin, at+"/id", fmt.Sprintf("there is a service key %q already", k.ID), "choose another id")
		}
		ids[k.ID] = true
		hash := c.serviceKeyValue(t, at, k)
		if other, taken := values[hash]; taken && hash != "" {
			c.at(t.Origin, at, fmt.Sprintf("service keys %q and %q are the same key", other, k.ID), "give each a key of its own; "+newServiceKey)
		}
		values[hash] = k.ID
		if _, ok := k.ExpiresAt(); !ok {
			c.at(t.Origin, at+"/expires", fmt.Sprintf("%q is neither a date nor a time", k.Expires), "write 2027-01-31 or 2027-01-31T12:00:00Z")
		}
		c.scopes(t, at, k)
	}
}

// serviceKeyValue checks the key or its hash, and returns the hash.
func (c *checker) serviceKeyValue(t *Tenant, at string, k ServiceKey) string {
	switch {
	case k.Key != "" && k.KeyHash != "":
		c.at(t.Origin, at+"/keyHash", "both key and keyHash are set", "keep one of them")
	case k.Key != "":
		if !secret.IsServiceKey(k.Key.Reveal()) {
			c.at(t.Origin, at+"/key", fmt.Sprintf("the key of service key %q is not one of this server's making, so it may be weak", k.ID), newServiceKey)
		}
		return secret.HashServiceKey(k.Key.Reveal())
	case k.KeyHash == "":
		c.at(t.Origin, at, fmt.Sprintf("service key %q has neither key nor keyHash", k.ID), newServiceKey)
	default:
		hash := strings.ToLower(k.KeyHash.Reveal())
		if raw, err := hex.DecodeString(hash); err != nil || len(raw) != 32 {
			c.at(t.Origin, at+"/keyHash", fmt.Sprintf("the keyHash of service key %q is not a SHA-256 in hex", k.ID), newServiceKey+" and write the hash that it prints")
		}
		return hash
	}
	return ""
}

func (c *checker) scopes(t *Tenant, at string, k ServiceKey) {
	if len(k.Scopes) == 0 && !c.noted(t.Origin, at) {
		c.at(t.Origin, at+"/scopes", fmt.Sprintf("service key %q may call nothing", k.ID), "list the paths that it may call, such as /server/*")
	}
	for j, scope := range k.Scopes {
		if !strings.HasPrefix(scope, "/") && scope != "*" {
			c.at(t.Origin, fmt.Sprintf("%s/scopes/%d", at, j), fmt.Sprintf("%q does not start with /", scope), "write a path below basePath, such as /change-password or /server/*")
		}
	}
}
