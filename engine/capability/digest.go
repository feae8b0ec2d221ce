package capability

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/pluginapi"
)

func (h *Functions) cryptoDigest(_ context.Context, _ *dispatch.Call, a cryptoDigestArgs) (document.Value, error) {
	value, err := decoded(a.ValueEncoding, a.Value, "value")
	if err != nil {
		return document.Value{}, err
	}
	hash, err := hashFunction(a.Algorithm)
	if err != nil {
		return document.Value{}, err
	}
	sum := hash()
	sum.Write(value)
	return textResult("digest", encoded(a.Encoding, sum.Sum(nil)), nil)
}

func (h *Functions) cryptoHMAC(_ context.Context, c *dispatch.Call, a cryptoHMACArgs) (document.Value, error) {
	value, err := decoded(a.ValueEncoding, a.Value, "value")
	if err != nil {
		return document.Value{}, err
	}
	if a.Purpose != "" {
		purpose, err := purpose(c, a.Purpose)
		switch {
		case err != nil:
			return document.Value{}, err
		case a.Algorithm != "" && a.Algorithm != pluginapi.HashSHA256:
			return document.Value{}, invalid("a key of the host's is for " + pluginapi.HashSHA256 + " alone")
		}
		return textResult("mac", encoded(a.Encoding, h.Secrets.MAC(purpose, string(value))), nil)
	}
	key, err := h.macKey(c, a)
	if err == nil && len(key) == 0 {
		err = invalid("the key is empty")
	}
	if err != nil {
		return document.Value{}, err
	}
	hash, err := hashFunction(a.Algorithm)
	if err != nil {
		return document.Value{}, err
	}
	mac := hmac.New(hash, key)
	mac.Write(value)
	return textResult("mac", encoded(a.Encoding, mac.Sum(nil)), nil)
}

// macKey is a key of hmac that another server knows, too: a text of the
// configuration, one that was sealed, or bytes that the plugin gives.
func (h *Functions) macKey(c *dispatch.Call, a cryptoHMACArgs) ([]byte, error) {
	if a.KeyBytes != "" {
		return decoded("base64url", a.KeyBytes, "keyBytes")
	}
	text, origin, err := h.hiddenKey(c, a.Secret, a.SealedKey)
	if err != nil || a.Key == "" {
		return []byte(text), err
	}
	if _, after, prefixed := strings.Cut(text, "_"); prefixed { // such as whsec_ of Standard Webhooks
		text = after
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, invalid(origin + " is not base64")
	}
	return key, nil
}

// hashFunction is the one that the arguments name; SHA-256 if they name none.
func hashFunction(name string) (func() hash.Hash, error) {
	f, ok := secret.Hash(cmp.Or(name, pluginapi.HashSHA256))
	if !ok {
		return nil, invalid("there is no hash function " + name)
	}
	return f, nil
}

// decoded gives the bytes that an argument writes in an encoding; a text stands
// for itself if none is named. Base64url has no padding, base64 has.
func decoded(encoding, text, argument string) ([]byte, error) {
	var out []byte
	var err error
	switch encoding {
	case "base64url":
		out, err = base64.RawURLEncoding.Strict().DecodeString(text)
	case "base64":
		out, err = base64.StdEncoding.Strict().DecodeString(text)
	case "hex":
		out, err = hex.DecodeString(text)
	default:
		return []byte(text), nil
	}
	if err != nil {
		return nil, invalid("argument " + argument + " is not " + encoding)
	}
	return out, nil
}

// encoded writes bytes as the arguments ask for; base64url if they do not.
func encoded(encoding string, sum []byte) string {
	switch encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(sum)
	case "hex":
		return hex.EncodeToString(sum)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}
