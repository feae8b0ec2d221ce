package plugintest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// mac is the HMAC-SHA256 of a text under a key.
func mac(key []byte, value string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(value))
	return m.Sum(nil)
}

// hostKey is the host's key for a use.
func hostKey(use string) []byte { return []byte("plugintest " + use) }

// sign makes a JWT. All are signed with a key for their use, whatever algorithm
// they name, so that no test has to make a key.
func (h *Host) sign(use, alg string, life time.Duration, claims Object) string {
	claims = maps.Clone(claims)
	if claims == nil {
		claims = Object{}
	}
	claims["iat"], claims["exp"] = number(h.now.Unix()), number(h.now.Add(life).Unix())
	signed := segment(Object{"alg": alg, "kid": keyID}) + "." + segment(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac(hostKey(use+" "+alg), signed))
}

// keyID names the one key of a use.
const keyID = "key1"

func segment(v any) string { return base64.RawURLEncoding.EncodeToString(marshal(v)) }

// Claims returns the claims of a token that crypto.signToken or keys.sign gave,
// nil for what is no token. The times iat and exp are int64, in seconds since
// 1970.
func (h *Host) Claims(token string) Object {
	claims := claimsOf(token)
	for _, name := range []string{"iat", "exp"} {
		if claims[name] != nil {
			claims[name] = number64(claims[name])
		}
	}
	delete(claims, boundTo)
	return claims
}

// claimsOf reads a token without checking it.
func claimsOf(token string) Object {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	claims, _ := parse[Object](payload)
	return claims
}

// verify gives the claims of a token of a use that is still good.
func (h *Host) verify(use, alg string, token any) Object {
	claims := h.authentic(use, alg, token)
	if number64(claims["exp"]) <= h.now.Unix() {
		refuseWith(sdk.Invalid, "expired", "the token has expired")
	}
	return Object{"claims": claims}
}

// authentic gives the claims of a token that was signed for a use.
func (h *Host) authentic(use, alg string, token any) Object {
	signed := text(token)
	i := max(strings.LastIndexByte(signed, '.'), 0)
	sum, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(signed[i:], "."))
	claims := claimsOf(signed)
	if err != nil || claims == nil || !hmac.Equal(sum, mac(hostKey(use+" "+alg), signed[:i])) {
		refuseWith(sdk.Invalid, "invalid", "the token is not valid")
	}
	return claims
}

// SignToken returns a token such as the plugin would have got from
// crypto.signToken.
func (h *Host) SignToken(purpose string, life time.Duration, claims Object) string {
	return h.sign("crypto "+purpose, "HS256", life, object(clone(claims)))
}

// SignTokenFor is SignToken for a token about a user, as the user is now.
func (h *Host) SignTokenFor(userID, purpose string, life time.Duration, claims Object) string {
	return h.SignToken(purpose, life, h.bind(Object{"userId": userID, "claims": claims}))
}

func (h *Host) signToken(a Object) Object {
	return Object{"token": h.SignToken(text(a["purpose"]), seconds(a["expiresIn"]), h.bind(a))}
}

func (h *Host) verifyToken(a Object) Object {
	claims := object(h.verify("crypto "+text(a["purpose"]), "HS256", a["token"])["claims"])
	return Object{"claims": h.checkBound(claims)}
}

func (h *Host) sealValue(a Object) Object {
	return Object{"sealed": h.sign("seal "+text(a["purpose"]), "", 0, Object{"value": a["value"]})}
}

func (h *Host) openSealed(a Object) Object { return Object{"value": h.unsealed(a)} }

// unsealed gives a text that the plugin has had sealed for a purpose.
func (h *Host) unsealed(a Object) string {
	h.checkPurpose(text(a["purpose"]))
	return text(h.authentic("seal "+text(a["purpose"]), "", a["sealed"])["value"])
}

// checkPurpose refuses a purpose that the manifest does not ask for.
func (h *Host) checkPurpose(purpose string) {
	asked, _ := h.manifest.Capability(pluginapi.CapCrypto)
	if !slices.Contains(asked.Purposes, purpose) {
		refuse(sdk.Denied, "the manifest does not ask for the purpose "+strconv.Quote(purpose))
	}
}

// encoded writes bytes as a call asks for, base64url if it does not.
func encoded(encoding any, sum []byte) string {
	switch encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(sum)
	case "hex":
		return hex.EncodeToString(sum)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// decoded gives the bytes that an argument writes in an encoding; a text stands
// for itself if the call names none.
func decoded(encoding any, a Object, name string) []byte {
	s := text(a[name])
	out, err := []byte(s), error(nil)
	switch encoding {
	case "base64url":
		out, err = base64.RawURLEncoding.Strict().DecodeString(s)
	case "base64":
		out, err = base64.StdEncoding.Strict().DecodeString(s)
	case "hex":
		out, err = hex.DecodeString(s)
	}
	if err != nil {
		refuse(sdk.Invalid, "argument "+name+" is not "+text(encoding))
	}
	return out
}

// hashFunction is the one that a call names, SHA-256 if it does not.
func hashFunction(a Object) func() hash.Hash {
	return hashes[cmp.Or(text(a["algorithm"]), pluginapi.HashSHA256)]
}

func (h *Host) digest(a Object) Object {
	sum := hashFunction(a)()
	sum.Write(decoded(a["valueEncoding"], a, "value"))
	return Object{"digest": encoded(a["encoding"], sum.Sum(nil))}
}

func (h *Host) hmac(a Object) Object {
	value, key := decoded(a["valueEncoding"], a, "value"), h.macKey(a)
	if len(key) == 0 {
		refuse(sdk.Invalid, "the key is empty")
	}
	m := hmac.New(hashFunction(a), key)
	m.Write(value)
	return Object{"mac": encoded(a["encoding"], m.Sum(nil))}
}

// macKey is the key of a call of hmac.
func (h *Host) macKey(a Object) []byte {
	var key string
	switch sealed, purpose := object(a["sealedKey"]), text(a["purpose"]); {
	case purpose != "":
		if alg := text(a["algorithm"]); alg != "" && alg != pluginapi.HashSHA256 {
			refuse(sdk.Invalid, "a key of the host's is for "+pluginapi.HashSHA256+" alone")
		}
		return hostKey("hmac " + purpose)
	case text(a["keyBytes"]) != "":
		return decoded("base64url", a, "keyBytes")
	case sealed != nil:
		key = h.unsealed(sealed)
	default:
		key = h.secret(text(a["secret"]))
	}
	if a["key"] != "base64" {
		return []byte(key)
	}
	if _, after, prefixed := strings.Cut(key, "_"); prefixed { // such as whsec_ of Standard Webhooks
		key = after
	}
	out, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		refuse(sdk.Invalid, "the key is not base64")
	}
	return out
}

// algorithms are those of keys; the first signs where a plugin names none.
var algorithms = []string{"RS256", "PS256", "ES256", "ES512", "EdDSA"}

func algorithm(a Object) string {
	alg := cmp.Or(text(a["alg"]), algorithms[0])
	if !slices.Contains(algorithms, alg) {
		refuse(sdk.Invalid, "there is no such algorithm")
	}
	return alg
}

// signKey never reuses a token: a host need not.
func (h *Host) signKey(a Object) Object {
	claims, alg := Object{}, algorithm(a)
	maps.Copy(claims, object(a["base"]))
	maps.DeleteFunc(claims, func(name string, _ any) bool { return among(a["omit"], name) })
	maps.Copy(claims, object(a["claims"]))
	delete(claims, "iat")
	delete(claims, "exp")
	h.raise(pluginapi.EventTokenClaims, text(a["use"]), subject{claims: claims, reserved: a["reserved"]})
	h.checkSubject(claims["sub"])
	if a["id"] == true {
		claims["jti"] = h.uuid()
	}
	return Object{"token": h.sign("keys "+text(a["use"]), alg, seconds(a["expiresIn"]), claims), "kid": keyID}
}

func (h *Host) verifyKey(a Object) Object {
	return h.verify("keys "+text(a["use"]), algorithm(a), a["token"])
}

// jwks gives a key that is there to be looked at: it verifies nothing.
func (h *Host) jwks(a Object) Object {
	key := Object{"alg": algorithm(a), "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": keyID}
	return Object{"keys": []any{key}, "maxAge": 600}
}
