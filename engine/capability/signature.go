package capability

import (
	"context"
	"fmt"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

func (h *Functions) cryptoVerify(_ context.Context, _ *dispatch.Call, a cryptoVerifyArgs) (document.Value, error) {
	value, err := decoded(a.ValueEncoding, a.Value, "value")
	if err != nil {
		return document.Value{}, err
	}
	signature, err := decoded("base64url", a.Signature, "signature")
	if err != nil {
		return document.Value{}, err
	}
	key, err := givenKey(a.Alg, a.Key)
	switch {
	case err != nil:
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "key", Message: err.Error()}
	case len(signature) > pluginapi.MaxSignature || key.Verify(value, signature, a.Format == "der") != nil:
		return document.Value{}, badSignature()
	}
	return empty(), nil
}

// givenKey reads a public key of the arguments: a JWK, or a
// SubjectPublicKeyInfo.
func givenKey(alg string, v document.Value) (*keyring.PublicKey, error) {
	if v.Kind() == document.String {
		if len(v.Str()) > pluginapi.MaxPublicKey {
			return nil, errLongKey
		}
		return keyring.ParseSPKI(alg, v.Str())
	}
	text := v.JSON()
	if len(text) > pluginapi.MaxPublicKey {
		return nil, errLongKey
	}
	return keyring.ParseJWK(alg, text)
}

var errLongKey = fmt.Errorf("the key is longer than %d bytes", pluginapi.MaxPublicKey)

func (h *Functions) cryptoSign(ctx context.Context, c *dispatch.Call, a cryptoSignArgs) (document.Value, error) {
	value, err := decoded(a.ValueEncoding, a.Value, "value")
	if err != nil {
		return document.Value{}, err
	}
	text, _, err := h.hiddenKey(c, a.Secret, a.SealedKey)
	if err != nil {
		return document.Value{}, err
	}
	key, err := keyring.ParsePrivateKey(a.Alg, text)
	if err != nil {
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "key", Message: err.Error()}
	}
	sandbox.Charge(ctx, fuelSign)
	signature, err := key.Sign(value)
	if err != nil {
		return document.Value{}, err
	}
	return textResult("signature", encoded("", signature), nil)
}

func (h *Functions) cryptoRecoverKey(_ context.Context, _ *dispatch.Call, a cryptoRecoverKeyArgs) (document.Value, error) {
	digest, err := decoded("base64url", a.Digest, "digest")
	if err != nil {
		return document.Value{}, err
	}
	signature, err := decoded("base64url", a.Signature, "signature")
	if err != nil {
		return document.Value{}, err
	}
	key, err := keyring.RecoverKey(digest, signature)
	if err != nil {
		return document.Value{}, badSignature()
	}
	return textResult("key", encoded("", key), nil)
}

func badSignature() error {
	return &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "signature", Message: "the signature is not valid"}
}
