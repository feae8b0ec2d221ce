package capability

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/pluginapi"
)

func (h *Host) cryptoFunctions() map[string]function {
	return map[string]function{
		"signToken":   h.signToken,
		"verifyToken": h.verifyToken,
		"seal":        h.seal,
		"open":        h.open,
		"hmac":        h.hmac,
		"digest":      digest,
	}
}

// purpose returns the argument of that name if the manifest asks for it.
// Purposes keep the tokens and seals of one use worthless in every other; one
// that no standard of the protocol names belongs to the plugin alone.
func (h *Host) purpose(c *dispatch.Call, args *document.Object) (string, error) {
	name, err := text(args, "purpose")
	if err != nil {
		return "", err
	}
	if !asked(c, pluginapi.CapCrypto, name, func(r pluginapi.Capability) []string { return r.Purposes }) {
		return "", refuse(pluginapi.StatusDenied, "the manifest does not ask for the purpose "+name)
	}
	return secret.PluginPurpose(c.Entry.Plugin.ID, name), nil
}

func (h *Host) signToken(_ context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	purpose, err := h.purpose(c, args)
	if err != nil {
		return document.Value{}, err
	}
	life, err := seconds(args, "expiresIn")
	if err != nil {
		return document.Value{}, err
	}
	claims := args.Get("claims").Object().Clone()
	claims.Set("iat", document.Int(c.Exchange.Now.Unix()))
	claims.Set("exp", document.Int(c.Exchange.Now.Add(life).Unix()))
	token, err := h.Secrets.SignJWT(purpose, claims)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("token", document.Text(token))), nil
}

func (h *Host) verifyToken(_ context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	purpose, err := h.purpose(c, args)
	if err != nil {
		return document.Value{}, err
	}
	claims, err := h.Secrets.VerifyJWT(purpose, args.Get("token").Str(), c.Exchange.Now)
	switch {
	case errors.Is(err, secret.ErrTokenExpired):
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "expired", Message: "the token has expired"}
	case err != nil:
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "invalid", Message: "the token is not valid"}
	}
	return object(document.NewObject(1).Set("claims", object(claims))), nil
}

func (h *Host) seal(_ context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	purpose, err := h.purpose(c, args)
	if err != nil {
		return document.Value{}, err
	}
	sealed, err := h.Secrets.SealFor(purpose, []byte(args.Get("value").Str()))
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("sealed", document.Text(sealed))), nil
}

func (h *Host) open(_ context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	purpose, err := h.purpose(c, args)
	if err != nil {
		return document.Value{}, err
	}
	plain, err := h.Secrets.OpenFor(purpose, args.Get("sealed").Str())
	if err != nil {
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "invalid", Message: "the sealed value is not valid", Cause: err}
	}
	return object(document.NewObject(1).Set("value", document.Text(string(plain)))), nil
}

func (h *Host) hmac(_ context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	if !args.Get("secret").IsAbsent() {
		return secretMAC(c, args)
	}
	purpose, err := h.purpose(c, args)
	if err != nil {
		return document.Value{}, err
	}
	mac := h.Secrets.MAC(purpose, args.Get("value").Str())
	return object(document.NewObject(1).Set("mac", document.Text(mac))), nil
}

// secretMAC is hmac with a secret of the plugin's configuration: what another
// server that knows the secret can check.
func secretMAC(c *dispatch.Call, args *document.Object) (document.Value, error) {
	path, err := text(args, "secret")
	if err != nil {
		return document.Value{}, err
	}
	value, err := secretSetting(c.Entry.Plugin, path)
	if err != nil {
		return document.Value{}, err
	}
	key := []byte(value)
	if args.Get("key").Str() == "base64" {
		_, encoded, prefixed := strings.Cut(value, "_") // such as whsec_ of Standard Webhooks
		if !prefixed {
			encoded = value
		}
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return document.Value{}, invalid("config." + path + " is not base64")
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(args.Get("value").Str()))
	sum := mac.Sum(nil)
	return encoded(args, "mac", sum)
}

// digest is SHA-256, which has no key and so needs no purpose.
func digest(_ context.Context, _ *dispatch.Call, args *document.Object) (document.Value, error) {
	sum := sha256.Sum256([]byte(args.Get("value").Str()))
	return encoded(args, "digest", sum[:])
}

// encoded is a result with one member, in the encoding that the arguments ask
// for.
func encoded(args *document.Object, member string, sum []byte) (document.Value, error) {
	text := ""
	switch args.Get("encoding").Str() {
	case "", "base64url":
		text = base64.RawURLEncoding.EncodeToString(sum)
	case "base64":
		text = base64.StdEncoding.EncodeToString(sum)
	case "hex":
		text = hex.EncodeToString(sum)
	default:
		return document.Value{}, invalid("argument encoding must be base64url, base64 or hex")
	}
	return object(document.NewObject(1).Set(member, document.Text(text))), nil
}
