package plugintest

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
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

// OnTXT sets what plays the DNS: it gives the TXT records of a name, in lower
// case and without the dot at its end. Without it, every look-up is Unavailable.
func (h *Host) OnTXT(records func(name string) []string) { h.txt = records }

// labels are what a name is made of.
const labels = "abcdefghijklmnopqrstuvwxyz0123456789-_"

func (h *Host) lookupTXT(a Object) Object {
	name := strings.ToLower(strings.TrimSuffix(text(a["name"]), "."))
	h.checkHost(&url.URL{Host: name})
	if !strings.Contains(name, ".") || slices.ContainsFunc(strings.Split(name, "."), func(l string) bool { return strings.Trim(l, labels) != "" || l == "" }) {
		refuse(sdk.Invalid, "not a name of the DNS with two labels or more")
	}
	if h.txt == nil {
		refuse(sdk.Unavailable, "the other server did not answer")
	}
	records := h.txt(name)
	if len(records) == 0 {
		refuse(sdk.NotFound, "there are no such records")
	}
	return Object{"records": clone(records)}
}

func (h *Host) httpRequest(a Object) Object {
	a = clone(a)
	h.fillSecrets(a)
	checkOutgoing(a)
	r := HTTPRequest{
		Method: cmp.Or(text(a["method"]), "GET"), URL: text(a["url"]), Headers: texts(a["headers"]), Form: texts(a["form"]),
		JSON: a["json"], Body: text(a["body"]), Auth: object(a["auth"]),
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		refuse(sdk.Invalid, "not an absolute URL of http or https")
	}
	h.checkHost(u)
	h.requests = append(h.requests, r)
	if h.server == nil {
		refuse(sdk.Unavailable, "the other server did not answer")
	}
	answer := h.server(r)
	headers := Object{}
	for name, value := range answer.Headers {
		headers[strings.ToLower(name)] = value
	}
	return Object{"status": number(int64(cmp.Or(answer.Status, 200))), "headers": headers, "body": answered(answer.Body, a["answer"])}
}

// answered is a body in the form that a call asks for.
func answered(body, as any) any {
	s, isText := body.(string)
	if !isText {
		s = string(marshal(body))
	}
	switch as {
	case "bytes":
		return base64.RawURLEncoding.EncodeToString([]byte(s))
	case "text":
		return s
	case "json":
		s = strings.TrimPrefix(s, "\uFEFF") // which readers of JSON may pass over
		if v, err := parse[any]([]byte(s)); err == nil {
			return v
		}
		return s
	}
	return body
}

// checkOutgoing refuses a request that is not one.
func checkOutgoing(a Object) {
	bodies := 0
	for _, name := range []string{"body", "json", "form"} {
		if v, given := a[name]; given && v != "" {
			bodies++
		}
	}
	if bodies > 1 {
		refuse(sdk.Invalid, "only one of body, json and form can be given")
	}
	if number64(a["cacheSeconds"]) > 0 && (bodies > 0 || !plain(a)) {
		refuse(sdk.Invalid, "only a GET request without headers, body, auth and secrets can have cacheSeconds")
	}
	for name, v := range object(a["headers"]) {
		if kindOf(v) != "string" || !isToken(name) {
			refuse(sdk.Invalid, "headers."+name+" is not a header")
		}
	}
	for name, v := range object(a["form"]) {
		if k := kindOf(v); k == "null" || k == "array" || k == "object" {
			refuse(sdk.Invalid, "form."+name+" must be a string")
		}
	}
}

// plain reports whether a request gets what everybody gets.
func plain(a Object) bool {
	return (a["method"] == nil || a["method"] == "GET") && a["auth"] == nil && a["secrets"] == nil && a["sealedSecrets"] == nil && len(object(a["headers"])) == 0
}

// texts are the members of an object as texts.
func texts(v any) map[string]string {
	out := map[string]string{}
	for name, value := range object(v) {
		s, isText := value.(string)
		if !isText {
			s = string(marshal(value))
		}
		out[name] = s
	}
	return out
}

// fillSecrets does to arguments what args.secrets and args.sealedSecrets say.
func (h *Host) fillSecrets(a Object) {
	for place, path := range object(a["secrets"]) {
		putSecret(a, place, h.secret(text(path)))
	}
	sealed, _ := a["sealedSecrets"].([]any)
	for _, s := range sealed {
		putSecret(a, text(object(s)["place"]), h.unsealed(object(s)))
	}
}

func putSecret(a Object, place, value string) {
	names, err := pluginapi.ParsePath(place)
	if err != nil || len(names) < 2 || !slices.Contains([]string{"headers", "form", "json", "auth"}, names[0]) {
		refuse(sdk.Invalid, place+" is no place for a secret")
	}
	assign(a, names, value, false)
}

// secret returns a text of the configuration, whether the plugin may read it
// or not.
func (h *Host) secret(path string) string {
	names, err := pluginapi.ParsePath(path)
	v, _ := follow(h.secrets, names)
	s, ok := v.(string)
	if err != nil || !ok {
		refuse(sdk.Invalid, "there is no text at config."+path)
	}
	return s
}

// checkHost refuses a host that the manifest does not ask for.
func (h *Host) checkHost(u *url.URL) {
	if h.mayCall(u) {
		return
	}
	if !h.allowInvalid {
		h.t.Errorf("plugintest: the plugin calls %s, but its manifest does not ask for the host", u.Host)
	}
	refuse(sdk.Denied, "the other server may not be called")
}

// mayCall reports whether the manifest asks for the host of a URL.
func (h *Host) mayCall(u *url.URL) bool {
	asked, _ := h.manifest.Capability(pluginapi.CapHTTP)
	host := strings.ToLower(u.Hostname())
	return slices.ContainsFunc(asked.Hosts, func(allowed string) bool {
		suffix, wild := strings.CutPrefix(allowed, "*.")
		path, configured := strings.CutPrefix(allowed, pluginapi.ConfigHost)
		return allowed == "*" || allowed == host || wild && strings.HasSuffix(host, "."+suffix) ||
			configured && configuredHost(h.secrets, strings.Split(path, "."), strings.ToLower(u.Host))
	})
}

func configuredHost(v any, path []string, host string) bool {
	if len(path) == 0 {
		u, err := url.Parse(text(v))
		return err == nil && u.Host != "" && strings.ToLower(u.Host) == host
	}
	members, _ := v.([]any)
	if path[0] == "*" {
		members = slices.AppendSeq(slices.Clone(members), maps.Values(object(v)))
	} else {
		members = []any{object(v)[path[0]]}
	}
	return slices.ContainsFunc(members, func(m any) bool { return configuredHost(m, path[1:], host) })
}

// RemoteToken makes a token that http.verifyToken accepts for an issuer, with
// claims that its checks look at: iss, aud, nonce. Unless they say otherwise, it
// is good for an hour, and about the subject "subject". Its signature is none.
func (h *Host) RemoteToken(claims Object) string {
	all := Object{"sub": "subject", "iat": h.now.Unix(), "exp": h.now.Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	return segment(Object{"alg": "RS256"}) + "." + segment(all) + signature
}

// clockSkew is how far the clocks of other servers may be off.
const clockSkew = 60

// verifyRemote plays http.verifyToken: any token of the form that RemoteToken
// has counts as signed.
func (h *Host) verifyRemote(a Object) Object {
	if u, err := url.Parse(text(a["jwksUrl"])); err == nil {
		h.checkHost(u)
	}
	claims := claimsOf(text(a["token"]))
	if claims == nil || !strings.HasSuffix(text(a["token"]), signature) {
		refuseWith(sdk.Invalid, "invalid", "the token is not valid")
	}
	now := h.now.Unix()
	issued, dated := claims["iat"], claims["iat"] != nil
	switch {
	case number64(claims["exp"]) <= now-clockSkew:
		refuseWith(sdk.Invalid, "expired", "the token has expired")
	case number64(claims["nbf"]) > now+clockSkew, number64(issued) > now+clockSkew:
		refuseWith(sdk.Invalid, "invalid", "the token is not good yet")
	case a["maxAge"] != nil && (!dated || now-number64(issued) > number64(a["maxAge"])+clockSkew):
		refuseWith(sdk.Invalid, "expired", "the token is too old")
	case !issuedBy(a["issuer"], claims):
		refuseWith(sdk.Invalid, "issuer", "the token has another issuer")
	case !audienceFits(a["audience"], claims):
		refuseWith(sdk.Invalid, "audience", "the token is for somebody else")
	case text(claims["sub"]) == "" && kindOf(claims["sub"]) != "number":
		refuseWith(sdk.Invalid, "invalid", "the token has no subject")
	case a["nonce"] != nil && a["nonce"] != claims["nonce"]:
		refuseWith(sdk.Invalid, "nonce", "the token has another nonce")
	}
	return Object{"claims": claims}
}

// issuedBy reports whether a token is of an expected issuer, in which {name}
// stands for that claim.
func issuedBy(expected any, claims Object) bool {
	list, isList := expected.([]any)
	if !isList {
		list = []any{expected}
	}
	return slices.ContainsFunc(list, func(v any) bool {
		before, rest, open := strings.Cut(text(v), "{")
		name, after, closed := strings.Cut(rest, "}")
		if value := text(claims[name]); open && closed && value != "" && !strings.ContainsAny(value, "/?#") {
			v = before + value + after
		}
		return v != "" && v == claims["iss"]
	})
}

// audienceFits reports whether a token is for an expected party; of several
// audiences, the authorized party must be one, too.
func audienceFits(expected any, claims Object) bool {
	audiences, isList := claims["aud"].([]any)
	if !isList {
		return among(expected, text(claims["aud"]))
	}
	found := slices.ContainsFunc(audiences, func(v any) bool { return among(expected, text(v)) })
	return found && (len(audiences) < 2 || among(expected, text(claims["azp"])))
}
