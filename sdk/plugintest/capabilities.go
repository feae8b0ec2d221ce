package plugintest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// Call implements sdk.Host.
func (h *Host) Call(capability, function string) sdk.Status {
	h.t.Helper()
	args, _ := h.doc.root["args"].(Object)
	if args == nil {
		args = Object{}
	}
	delete(h.doc.root, "args")
	name := capability + "." + function
	if !slices.ContainsFunc(h.manifest.Capabilities, func(c pluginapi.Capability) bool { return c.Name == capability }) {
		h.t.Errorf("plugintest: the plugin calls %s, but its manifest does not ask for %q", name, capability)
	}
	f, ok := h.overrides[name]
	if !ok {
		f = h.function(name)
	}
	if f == nil {
		h.t.Errorf("plugintest: there is no host call %s", name)
		return sdk.Unsupported
	}
	status, result := f(args)
	if status != sdk.OK && result == nil {
		result = Object{"message": name}
	}
	if result == nil {
		result = Object{}
	}
	h.doc.root["result"] = clone(result)
	h.refreshSession()
	return status
}

func (h *Host) function(name string) Function {
	capability, _, _ := strings.Cut(name, ".")
	switch capability {
	case "identity":
		return h.identity()[name]
	case "session":
		return h.sessions()[name]
	case "storage":
		return h.storage()[name]
	default:
		return h.services()[name]
	}
}

func (h *Host) services() map[string]Function {
	return map[string]Function{
		"verification.create":  h.createVerification,
		"verification.find":    func(a Object) (sdk.Status, any) { return h.takeVerification(a, false) },
		"verification.consume": func(a Object) (sdk.Status, any) { return h.takeVerification(a, true) },
		"verification.delete": func(a Object) (sdk.Status, any) {
			h.dropVerification(text(a["identifier"]))
			return sdk.OK, nil
		},
		"crypto.signToken":   func(a Object) (sdk.Status, any) { return h.sign(a, text(a["purpose"])) },
		"crypto.verifyToken": h.verifyToken,
		"crypto.seal":        h.sealValue,
		"crypto.open":        h.openSealed,
		"http.request":       h.httpRequest,
		"http.verifyToken":   h.verifyRemote,
		"crypto.digest": func(a Object) (sdk.Status, any) {
			sum := sha256.Sum256([]byte(text(a["value"])))
			if a["encoding"] == "hex" {
				return sdk.OK, Object{"digest": hex.EncodeToString(sum[:])}
			}
			return sdk.OK, Object{"digest": base64.RawURLEncoding.EncodeToString(sum[:])}
		},
		"crypto.hmac": func(a Object) (sdk.Status, any) {
			if path, named := a["secret"]; named {
				return h.secretMAC(text(path), a)
			}
			sum := sha256.Sum256([]byte(text(a["purpose"]) + "\x00" + text(a["value"])))
			return sdk.OK, Object{"mac": base64.RawURLEncoding.EncodeToString(sum[:])}
		},
		"keys.sign": h.signKey,
		"keys.verify": func(a Object) (sdk.Status, any) {
			a["purpose"] = text(a["use"]) + " " + text(a["alg"])
			return h.verifyToken(a)
		},
		"keys.jwks": func(a Object) (sdk.Status, any) {
			key := Object{"alg": a["alg"], "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "key1"}
			return sdk.OK, Object{"keys": []any{key}, "maxAge": 600}
		},
		"email.send": h.sendMail,
		"random.string": func(a Object) (sdk.Status, any) {
			n := int(number64(a["length"]))
			return sdk.OK, Object{"value": h.id("r", n)[:n]}
		},
		"random.uuid": func(Object) (sdk.Status, any) {
			return sdk.OK, Object{"value": "00000000-0000-4000-8000-" + h.id("", 12)[:12]}
		},
		"cookies.inject": func(a Object) (sdk.Status, any) {
			h.injected = text(a["header"])
			return sdk.OK, nil
		},
		"cookies.detach": func(Object) (sdk.Status, any) {
			lines := h.setCookies
			h.setCookies = nil
			return sdk.OK, Object{"lines": lines}
		},
		"openapi.describe": func(Object) (sdk.Status, any) {
			return sdk.OK, Object{
				"openapi": "3.1.1", "info": Object{"title": h.tenant["appName"], "version": "1"},
				"paths": Object{"/ok": Object{"get": Object{"summary": "Is it there?", "responses": Object{"200": Object{"description": "Yes"}}}}},
			}
		},
		"ratelimit.hit": h.hit,
		"ratelimit.reset": func(a Object) (sdk.Status, any) {
			h.keep(func() { delete(h.state.Hits, text(a["key"])) })
			return sdk.OK, nil
		},
		"audit.record": func(a Object) (sdk.Status, any) {
			h.keep(func() { h.state.Audit = append(h.state.Audit, a) })
			return sdk.OK, nil
		},
	}
}

// signKey plays keys.sign. It never reuses a token: a host need not.
func (h *Host) signKey(a Object) (sdk.Status, any) {
	claims := Object{}
	if base, ok := a["base"].(Object); ok {
		maps.Copy(claims, base)
	}
	if omit, ok := a["omit"].([]any); ok {
		for _, name := range omit {
			delete(claims, text(name))
		}
	}
	if own, ok := a["claims"].(Object); ok {
		maps.Copy(claims, own)
	}
	if a["id"] == true {
		claims["jti"] = h.id("jti", 12)
	}
	a["claims"] = claims
	return h.sign(a, text(a["use"])+" "+text(a["alg"]))
}

func (h *Host) createVerification(a Object) (sdk.Status, any) {
	h.dropVerification(text(a["identifier"]))
	record := Object{
		"id": h.id("verification", 32), "identifier": a["identifier"], "value": a["value"],
		"expiresAt": h.iso(h.now.Add(seconds(a))), "createdAt": h.iso(h.now), "updatedAt": h.iso(h.now),
	}
	h.state.Verifications = append(h.state.Verifications, record)
	return sdk.OK, record
}

func (h *Host) takeVerification(a Object, consume bool) (sdk.Status, any) {
	record := find(h.state.Verifications, "identifier", a["identifier"])
	if record == nil || text(record["expiresAt"]) <= h.iso(h.now) {
		return sdk.NotFound, nil
	}
	if consume {
		h.dropVerification(text(a["identifier"]))
	}
	return sdk.OK, record
}

func (h *Host) dropVerification(identifier string) {
	h.state.Verifications = slices.DeleteFunc(h.state.Verifications, func(v Object) bool { return v["identifier"] == identifier })
}

// SignToken returns a token such as another plugin would have got from
// crypto.signToken.
func (h *Host) SignToken(purpose string, life time.Duration, claims Object) string {
	_, result := h.sign(Object{"claims": claims, "expiresIn": int64(life / time.Second)}, purpose)
	return text(result.(Object)["token"])
}

func (h *Host) sign(a Object, purpose string) (sdk.Status, any) {
	claims, _ := a["claims"].(Object)
	if claims == nil {
		claims = Object{}
	}
	claims["iat"], claims["exp"] = h.now.Unix(), h.now.Add(seconds(a)).Unix()
	token := h.id("token", 32)
	h.state.Tokens[token] = Object{"purpose": purpose, "claims": claims}
	return sdk.OK, Object{"token": token, "kid": "key1"}
}

func (h *Host) verifyToken(a Object) (sdk.Status, any) {
	kept := h.state.Tokens[text(a["token"])]
	if kept == nil || kept["purpose"] != a["purpose"] {
		return sdk.Invalid, Object{"code": "invalid", "message": "the token is not valid"}
	}
	claims := kept["claims"].(Object)
	if number64(claims["exp"]) <= h.now.Unix() {
		return sdk.Invalid, Object{"code": "expired", "message": "the token has expired"}
	}
	return sdk.OK, Object{"claims": claims}
}

func (h *Host) sealValue(a Object) (sdk.Status, any) {
	sealed := h.id("sealed", 32)
	h.state.Tokens[sealed] = Object{"purpose": a["purpose"], "value": a["value"]}
	return sdk.OK, Object{"sealed": sealed}
}

func (h *Host) openSealed(a Object) (sdk.Status, any) {
	kept := h.state.Tokens[text(a["sealed"])]
	if kept == nil || kept["purpose"] != a["purpose"] {
		return sdk.Invalid, Object{"code": "invalid"}
	}
	return sdk.OK, Object{"value": kept["value"]}
}

func (h *Host) sendMail(a Object) (sdk.Status, any) {
	m := Mail{
		To: text(a["to"]), Template: text(a["template"]), Subject: text(a["subject"]),
		URL: text(a["url"]), Token: text(a["token"]), OTP: text(a["otp"]),
	}
	m.Data, _ = a["data"].(Object)
	if m.To == "" || m.Template == "" {
		return sdk.Invalid, nil
	}
	h.state.Mails = append(h.state.Mails, m)
	return sdk.OK, nil
}

// hit counts in windows that start with the first use of a key.
func (h *Host) hit(a Object) (sdk.Status, any) {
	key := text(a["key"])
	h.keep(func() { h.state.Hits[key]++ })
	if h.state.Hits[key] > int(number64(a["max"])) {
		return sdk.OK, Object{"allowed": false, "retryAfter": a["window"]}
	}
	return sdk.OK, Object{"allowed": true}
}

func seconds(a Object) time.Duration { return time.Duration(number64(a["expiresIn"])) * time.Second }

func number64(v any) int64 {
	switch n := v.(type) {
	case json.Number:
		i, _ := n.Int64()
		return i
	case int64:
		return n
	case int:
		return int64(n)
	default:
		return 0
	}
}
