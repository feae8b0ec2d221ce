package plugintest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
	sdk "github.com/authhost/authhost/sdk/next"
)

// HTTPRequest is a request that a handler made to another server, with the
// secrets that it named filled in.
type HTTPRequest struct {
	Method, URL string
	Headers     map[string]string // by the names that the handler wrote
	Form        map[string]string
	JSON        any
	Body        string
	Auth        Object // username and password, or bearer
}

// HTTPResponse is what the other server answers. Body is a text, or a value
// that stands for JSON.
type HTTPResponse struct {
	Status  int // default 200
	Headers map[string]string
	Body    any
}

// OnHTTP sets what plays the other servers. Without it, every request is
// Unavailable. To refuse single ones, replace the host call "http.request" with
// On.
func (h *Host) OnHTTP(server func(HTTPRequest) HTTPResponse) { h.server = server }

// HTTPRequests returns the requests that were made to other servers, oldest
// first.
func (h *Host) HTTPRequests() []HTTPRequest { return h.requests }

func (h *Host) httpRequest(a Object) (sdk.Status, any) {
	if status := h.fillSecrets(a); status != sdk.OK {
		return status, nil
	}
	r := HTTPRequest{Method: text(a["method"]), URL: text(a["url"]), Headers: texts(a["headers"]), Form: texts(a["form"]), JSON: a["json"], Body: text(a["body"])}
	r.Auth, _ = a["auth"].(Object)
	if r.Method == "" {
		r.Method = "GET"
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" {
		return sdk.Invalid, nil
	}
	if !h.mayCall(u) {
		h.t.Errorf("plugintest: the plugin calls %s, but its manifest does not ask for the host", u.Host)
		return sdk.Denied, nil
	}
	h.requests = append(h.requests, r)
	if h.server == nil {
		return sdk.Unavailable, nil
	}
	answer := h.server(r)
	if answer.Status == 0 {
		answer.Status = 200
	}
	headers := Object{}
	for name, value := range answer.Headers {
		headers[strings.ToLower(name)] = value
	}
	return sdk.OK, Object{"status": answer.Status, "headers": headers, "body": answer.Body}
}

// RemoteToken makes a token that http.verifyToken accepts for an issuer, with
// claims that its checks look at: aud, nonce, exp. Its signature is none.
func (h *Host) RemoteToken(claims Object) string {
	segment := func(v any) string { return base64.RawURLEncoding.EncodeToString(marshal(v)) }
	return segment(Object{"alg": "RS256"}) + "." + segment(claims) + ".signature"
}

// verifyRemote plays http.verifyToken: any token of the form that RemoteToken
// has counts as signed.
func (h *Host) verifyRemote(a Object) (sdk.Status, any) {
	refused := func(code string) (sdk.Status, any) { return sdk.Invalid, Object{"code": code, "message": code} }
	parts := strings.Split(text(a["token"]), ".")
	if len(parts) != 3 || parts[2] != "signature" {
		return refused("invalid")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || !json.Valid(payload) {
		return refused("invalid")
	}
	claims, _ := decode(h.t, string(payload)).(Object)
	among := func(expected, got any) bool {
		list, isList := expected.([]any)
		return expected == got || isList && slices.Contains(list, got)
	}
	switch {
	case !among(a["issuer"], claims["iss"]):
		return refused("issuer")
	case !among(a["audience"], claims["aud"]):
		return refused("audience")
	case a["nonce"] != nil && a["nonce"] != claims["nonce"]:
		return refused("nonce")
	case claims["exp"] != nil && number64(claims["exp"]) <= h.now.Unix():
		return refused("expired")
	}
	return sdk.OK, Object{"claims": claims}
}

// fillSecrets does to arguments what args.secrets says.
func (h *Host) fillSecrets(a Object) sdk.Status {
	named, _ := a["secrets"].(Object)
	for place, path := range named {
		segments, err := pluginapi.ParsePath(place)
		if err != nil || len(segments) < 2 || !slices.Contains([]string{"headers", "form", "json", "auth"}, segments[0]) {
			return sdk.Invalid
		}
		value, ok := h.secret(text(path))
		if !ok || !assign(a, segments, value, false) {
			return sdk.Invalid
		}
	}
	return sdk.OK
}

// secret returns a text of the configuration, whether the plugin may read it
// or not.
func (h *Host) secret(path string) (string, bool) {
	whole := document{root: Object{"config": h.secrets}}
	v, _ := whole.read("config." + path)
	s, ok := v.(string)
	return s, ok
}

// secretMAC is crypto.hmac with a secret of the configuration, as the server
// computes it.
func (h *Host) secretMAC(path string, a Object) (sdk.Status, any) {
	secret, ok := h.secret(path)
	if !ok {
		return sdk.Invalid, nil
	}
	key := []byte(secret)
	if text(a["key"]) == "base64" {
		var err error
		if _, encoded, prefixed := strings.Cut(secret, "_"); prefixed {
			secret = encoded
		}
		if key, err = base64.StdEncoding.DecodeString(secret); err != nil {
			return sdk.Invalid, nil
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text(a["value"])))
	sum := mac.Sum(nil)
	encoded := base64.RawURLEncoding.EncodeToString(sum)
	switch text(a["encoding"]) {
	case "base64":
		encoded = base64.StdEncoding.EncodeToString(sum)
	case "hex":
		encoded = hex.EncodeToString(sum)
	}
	return sdk.OK, Object{"mac": encoded}
}

func (h *Host) mayCall(u *url.URL) bool {
	for _, c := range h.manifest.Capabilities {
		for _, host := range c.Hosts {
			suffix, wild := strings.CutPrefix(host, "*.")
			path, configured := strings.CutPrefix(host, pluginapi.ConfigHost)
			if host == "*" || host == u.Hostname() || wild && strings.HasSuffix(u.Hostname(), "."+suffix) ||
				configured && configuredHost(h.secrets, strings.Split(path, "."), u.Host) {
				return true
			}
		}
	}
	return false
}

func configuredHost(v any, path []string, host string) bool {
	if len(path) == 0 {
		u, err := url.Parse(text(v))
		return err == nil && u.Host != "" && u.Host == host
	}
	var members []any
	switch parent := v.(type) {
	case Object:
		if path[0] != "*" {
			members = []any{parent[path[0]]}
		} else {
			members = slices.Collect(maps.Values(parent))
		}
	case []any:
		if path[0] == "*" {
			members = parent
		}
	}
	return slices.ContainsFunc(members, func(m any) bool { return configuredHost(m, path[1:], host) })
}

func texts(v any) map[string]string {
	out := map[string]string{}
	o, _ := v.(Object)
	for name, value := range o {
		out[name] = text(value)
	}
	return out
}

// withoutSecrets puts true in place of each value that a schema declares as
// writeOnly. References under $defs and combinations of schemas are followed.
func withoutSecrets(v any, root Object, schemas ...any) any {
	if v == nil {
		return nil
	}
	var all []Object
	for len(schemas) > 0 && len(all) < 1000 {
		s, ok := schemas[0].(Object)
		schemas = schemas[1:]
		if !ok {
			continue
		}
		all = append(all, s)
		if s["writeOnly"] == true {
			return true
		}
		for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
			parts, _ := s[keyword].([]any)
			schemas = append(schemas, parts...)
		}
		schemas = append(schemas, s["if"], s["then"], s["else"])
		if name, ok := strings.CutPrefix(text(s["$ref"]), "#/$defs/"); ok {
			definitions, _ := root["$defs"].(Object)
			schemas = append(schemas, definitions[name])
		}
	}
	switch v := v.(type) {
	case Object:
		out := Object{}
		for name, member := range v {
			out[name] = withoutSecrets(member, root, memberSchemas(all, name)...)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var items []any
			for _, s := range all {
				items = append(items, s["items"])
			}
			out[i] = withoutSecrets(item, root, items...)
		}
		return out
	}
	return v
}

func memberSchemas(all []Object, name string) []any {
	var out []any
	for _, s := range all {
		properties, _ := s["properties"].(Object)
		if p, ok := properties[name]; ok {
			out = append(out, p)
		} else {
			out = append(out, s["additionalProperties"])
		}
		patterns, _ := s["patternProperties"].(Object)
		out = slices.AppendSeq(out, maps.Values(patterns))
	}
	return out
}
