package capability

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/pluginapi"
)

// purpose gives a purpose its full name if the manifest asks for it. Purposes
// keep the tokens and seals of one use worthless in every other; one that no
// standard of the protocol names belongs to the plugin alone.
func purpose(c *dispatch.Call, name string) (string, error) {
	request, _ := c.Entry.Plugin.Capability(pluginapi.CapCrypto)
	if !slices.Contains(request.Purposes, name) {
		return "", refuse(pluginapi.StatusDenied, "the manifest does not ask for the purpose "+name)
	}
	return secret.PluginPurpose(c.Entry.Plugin.ID, name), nil
}

func (h *Host) cryptoSignToken(_ context.Context, c *dispatch.Call, a cryptoSignTokenArgs) (document.Value, error) {
	purpose, err := purpose(c, a.Purpose)
	if err != nil {
		return document.Value{}, err
	}
	claims, now := a.Claims.Clone(), c.Exchange.Now
	claims.Set("iat", document.Int(now.Unix()))
	claims.Set("exp", document.Int(now.Add(life(a.ExpiresIn)).Unix()))
	token, err := h.Secrets.SignJWT(purpose, claims)
	return textResult("token", token, err)
}

func (h *Host) cryptoVerifyToken(_ context.Context, c *dispatch.Call, a cryptoVerifyTokenArgs) (document.Value, error) {
	purpose, err := purpose(c, a.Purpose)
	if err != nil {
		return document.Value{}, err
	}
	claims, err := h.Secrets.VerifyJWT(purpose, a.Token, c.Exchange.Now)
	switch {
	case errors.Is(err, secret.ErrTokenExpired):
		return document.Value{}, badToken("expired", "the token has expired")
	case err != nil:
		return document.Value{}, badToken("invalid", "the token is not valid")
	}
	return object(document.NewObject(1).Set("claims", object(claims))), nil
}

func (h *Host) cryptoSeal(_ context.Context, c *dispatch.Call, a cryptoSealArgs) (document.Value, error) {
	purpose, err := purpose(c, a.Purpose)
	if err != nil {
		return document.Value{}, err
	}
	sealed, err := h.Secrets.SealFor(purpose, []byte(a.Value))
	return textResult("sealed", sealed, err)
}

func (h *Host) cryptoOpen(_ context.Context, c *dispatch.Call, a cryptoOpenArgs) (document.Value, error) {
	purpose, err := purpose(c, a.Purpose)
	if err != nil {
		return document.Value{}, err
	}
	plain, err := h.Secrets.OpenFor(purpose, a.Sealed)
	if err != nil {
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "invalid", Message: "the sealed value is not valid", Cause: err}
	}
	return textResult("value", string(plain), nil)
}

func (h *Host) cryptoHMAC(_ context.Context, c *dispatch.Call, a cryptoHMACArgs) (document.Value, error) {
	if a.Purpose != "" {
		purpose, err := purpose(c, a.Purpose)
		if err != nil {
			return document.Value{}, err
		}
		return textResult("mac", encoded(a.Encoding, h.Secrets.MAC(purpose, a.Value)), nil)
	}
	key, err := macKey(c.Entry.Plugin, a)
	if err != nil {
		return document.Value{}, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(a.Value))
	return textResult("mac", encoded(a.Encoding, mac.Sum(nil)), nil)
}

// macKey is the key that the configuration has for hmac: one that another
// server knows, too.
func macKey(p *dispatch.Plugin, a cryptoHMACArgs) ([]byte, error) {
	value, err := secretSetting(p, a.Secret)
	if err != nil || a.Key == "" {
		return []byte(value), err
	}
	_, text, prefixed := strings.Cut(value, "_") // such as whsec_ of Standard Webhooks
	if !prefixed {
		text = value
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, invalid("config." + a.Secret + " is not base64")
	}
	return key, nil
}

func (h *Host) cryptoDigest(_ context.Context, _ *dispatch.Call, a cryptoDigestArgs) (document.Value, error) {
	sum := sha256.Sum256([]byte(a.Value))
	return textResult("digest", encoded(a.Encoding, sum[:]), nil)
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

// textResult is a result with one text, unless there is an error.
func textResult(name, value string, err error) (document.Value, error) {
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set(name, document.Text(value))), nil
}
