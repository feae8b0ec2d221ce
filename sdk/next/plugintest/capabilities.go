package plugintest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	sdk "github.com/authhost/authhost/sdk/next"
)

// Call implements sdk.Host. What a plugin must not do fails the test: call
// what its manifest does not ask for, or with arguments that the contract does
// not have.
func (h *Host) Call(capability, function string, in []byte) (sdk.Status, []byte) {
	h.t.Helper()
	args, err := h.arguments(in)
	status, result := sdk.Invalid, any(nil)
	if err != nil {
		h.wrong("%s.%s: %v", capability, function, err)
		result = Object{"message": err.Error()}
	} else {
		status, result = h.call(capability, function, args)
	}
	if status != sdk.OK && result == nil {
		result = Object{"message": capability + "." + function}
	}
	if result == nil {
		result = Object{}
	}
	h.doc.root["result"] = clone(result)
	h.refreshSession()
	return status, marshal(h.doc.root["result"])
}

// arguments are those in the JSON text in, or those at args if that is empty.
func (h *Host) arguments(in []byte) (Object, error) {
	if len(in) == 0 {
		args, _ := h.doc.root["args"].(Object)
		delete(h.doc.root, "args")
		if args == nil {
			args = Object{}
		}
		return args, nil
	}
	if !json.Valid(in) {
		return nil, errNoObject
	}
	args, ok := decode(h.t, string(in)).(Object)
	if !ok {
		return nil, errNoObject
	}
	return args, nil
}

var errNoObject = errors.New("arguments are not a JSON object")

// wrong fails the test for a call that no plugin should make, unless the test
// makes such calls.
func (h *Host) wrong(format string, args ...any) {
	h.t.Helper()
	if !h.allowInvalid {
		h.t.Errorf("plugintest: "+format, args...)
	}
}

// call checks a call against the contract and the manifest, and does it.
func (h *Host) call(capability, name string, args Object) (sdk.Status, any) {
	h.t.Helper()
	asked, ok := h.manifest.Capability(capability)
	if !ok {
		h.t.Errorf("plugintest: the plugin calls %s.%s, but its manifest does not ask for %q", capability, name, capability)
		return sdk.Denied, nil
	}
	f, ok := pluginapi.FindFunction(capability, name)
	if !ok {
		h.t.Errorf("plugintest: there is no host call %s.%s", capability, name)
		return sdk.Unsupported, nil
	}
	if err := f.Check(args); err != nil {
		h.wrong("%s: %v", f.FullName(), err)
		return sdk.Invalid, Object{"message": err.Error()}
	}
	if what := unasked(f, args, asked); what != "" {
		h.t.Errorf("plugintest: the plugin calls %s, but its manifest does not ask for %s", f.FullName(), what)
		return sdk.Denied, nil
	}
	if do, ok := h.overrides[f.FullName()]; ok {
		return do(args)
	}
	return h.function(f.FullName())(args)
}

// unasked says what a call needs that the manifest does not ask for, "" if
// there is nothing.
func unasked(f *pluginapi.Function, args Object, asked pluginapi.Capability) string {
	lists := []struct {
		what, name string
		among      []string
	}{
		{"the purpose", text(args["purpose"]), asked.Purposes},
		{"the key use", text(args["use"]), asked.Keys},
	}
	if f.Access != pluginapi.AccessNone {
		among := asked.Write
		if f.Access == pluginapi.AccessRead {
			among = slices.Concat(asked.Read, asked.Write)
		}
		lists = append(lists, struct {
			what, name string
			among      []string
		}{"access (" + string(f.Access) + ") to", cmp.Or(f.Model, text(args["model"])), among})
	}
	for _, l := range lists {
		if l.name != "" && !slices.Contains(l.among, l.name) {
			return l.what + " " + strconv.Quote(l.name)
		}
	}
	return ""
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
