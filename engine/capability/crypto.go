package capability

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// proofClaim is the claim of a token with the proof that it is bound to.
// Plugins do not see it.
const proofClaim = "authhost_proof"

func (h *Functions) cryptoSignToken(ctx context.Context, c *dispatch.Call, a cryptoSignTokenArgs) (document.Value, error) {
	purpose, err := purpose(c, a.Purpose)
	if err != nil {
		return document.Value{}, err
	}
	claims, now := a.Claims.Clone(), c.Exchange.Now
	if a.UserID != "" {
		if a.ExpiresIn > pluginapi.MaxProofSeconds {
			return document.Value{}, invalid(fmt.Sprintf("argument expiresIn must be at most %d with userId", pluginapi.MaxProofSeconds))
		}
		proof, err := h.proofs().Make(ctx, c.Exchange.Tx(), a.UserID, a.WhenVerified, now)
		if err != nil {
			return document.Value{}, err
		}
		claims.Set("sub", document.Text(a.UserID)).Set(proofClaim, document.Text(proof))
	}
	claims.Set("iat", document.Int(now.Unix()))
	claims.Set("exp", document.Int(now.Add(life(a.ExpiresIn)).Unix()))
	token, err := h.Secrets.SignJWT(purpose, claims)
	return textResult("token", token, err)
}

func (h *Functions) cryptoVerifyToken(ctx context.Context, c *dispatch.Call, a cryptoVerifyTokenArgs) (document.Value, error) {
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
	if err := h.checkProof(ctx, c, claims); err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("claims", object(claims))), nil
}

// checkProof takes the proof that a token is bound to, if it is, out of its
// claims, and refuses one that does not hold.
func (h *Functions) checkProof(ctx context.Context, c *dispatch.Call, claims *document.Object) error {
	proof := claims.Get(proofClaim)
	if proof.IsAbsent() {
		return nil
	}
	claims.Delete(proofClaim)
	userID, err := h.proofs().Use(ctx, c.Exchange.Tx(), proof.Str(), c.Exchange.Now)
	if err == nil && (userID == "" || userID != claims.Get("sub").Str()) {
		err = badToken(pluginapi.ProofVoid, "the user that the token is about is gone or has changed")
	}
	return err
}

func (h *Functions) cryptoSeal(_ context.Context, c *dispatch.Call, a cryptoSealArgs) (document.Value, error) {
	purpose, err := purpose(c, a.Purpose)
	if err != nil {
		return document.Value{}, err
	}
	sealed, err := h.Secrets.SealFor(purpose, []byte(a.Value))
	return textResult("sealed", sealed, err)
}

func (h *Functions) cryptoOpen(_ context.Context, c *dispatch.Call, a cryptoOpenArgs) (document.Value, error) {
	value, err := h.unsealed(c, a.Purpose, a.Sealed)
	return textResult("value", value, err)
}

// unsealed gives a text that the plugin has had sealed for a purpose.
func (h *Functions) unsealed(c *dispatch.Call, name, sealed string) (string, error) {
	purpose, err := purpose(c, name)
	if err != nil {
		return "", err
	}
	plain, err := h.Secrets.OpenFor(purpose, sealed)
	if err != nil {
		return "", &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "invalid", Message: "the sealed value is not valid", Cause: err}
	}
	return string(plain), nil
}

// hiddenKey gives a key that the plugin does not see: one that it has had sealed,
// or else a text of its settings. origin says which in an error.
func (h *Functions) hiddenKey(c *dispatch.Call, setting string, sealed *argSealedKey) (text, origin string, err error) {
	if sealed != nil {
		text, err = h.unsealed(c, sealed.Purpose, sealed.Sealed)
		return text, "what the argument sealedKey has sealed", err
	}
	text, err = secretSetting(c.Entry.Plugin, setting)
	return text, "config." + setting, err
}

// textResult is a result with one text, unless there is an error.
func textResult(name, value string, err error) (document.Value, error) {
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set(name, document.Text(value))), nil
}
