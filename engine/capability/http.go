package capability

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/pluginapi"
)

// httpRequest makes an HTTP request. When the unit of work runs again after a
// conflict, the answer of before is given again.
func (h *Functions) httpRequest(ctx context.Context, c *dispatch.Call, a httpRequestArgs) (document.Value, error) {
	r, err := h.outgoing(c, a)
	if err != nil {
		return document.Value{}, err
	}
	life, err := cacheable(r, a)
	if err != nil {
		return document.Value{}, err
	}
	if err := oneRenewal(ctx, c, a.Form); err != nil {
		return document.Value{}, err
	}
	return c.Exchange.Once(requestKey(c.Entry.Plugin, r, life, a.Answer), func() (document.Value, error) {
		if life > 0 {
			kept, err := h.fetch(ctx, c, r, life)
			if err != nil {
				return document.Value{}, err
			}
			return answerValue(kept.answer, a.Answer), nil
		}
		answer, err := h.send(ctx, c, r)
		if err != nil {
			return document.Value{}, err
		}
		return answerValue(answer, a.Answer), nil
	})
}

// oneRenewal lets one unit of work at a time, of all nodes, trade a refresh token
// for new tokens (RFC 6749, section 6). Providers that give another one with
// each use take the second use of one for theft, and revoke them all. Who waited
// runs again, and finds what the first has stored.
func oneRenewal(ctx context.Context, c *dispatch.Call, form *document.Object) error {
	if form == nil || form.Get("grant_type").Str() != refreshToken {
		return nil
	}
	return c.Exchange.Single(ctx, refreshToken+"\x00"+form.Get(refreshToken).Str())
}

// refreshToken names the grant, and its parameter.
const refreshToken = "refresh_token"

// requestKey says what a call does: two with one key ask for the same.
func requestKey(p *dispatch.Plugin, r egress.Request, life time.Duration, answer string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "http\x00%s\x00%s\x00%s\x00%d\x00%d\x00%v\x00%s\x00", p.ID, r.Method, r.URL, r.Timeout, life, r.Follow, answer)
	_ = r.Headers.Write(&b) // a Builder takes everything
	b.Write(r.Body)
	return b.String()
}

// send makes a request on behalf of a plugin, and turns what keeps it from
// being answered into a refusal.
func (h *Functions) send(ctx context.Context, c *dispatch.Call, r egress.Request) (*egress.Response, error) {
	if h.HTTP == nil {
		return nil, refuse(pluginapi.StatusUnavailable, "other servers cannot be called")
	}
	plugin := c.Entry.Plugin
	r.MayCall = func(u *url.URL) error { return mayCall(plugin, u) }
	start := time.Now()
	answer, err := h.HTTP.Do(ctx, r)
	if err == nil {
		outcome := "ok"
		if answer.Status >= http.StatusInternalServerError {
			outcome = "failed"
		}
		h.outgoingDone(plugin, outcome, start)
		return answer, nil
	}
	host := ""
	if u, err := url.Parse(r.URL); err == nil {
		host = u.Host // paths and queries may have secrets
	}
	return nil, h.unanswered(ctx, plugin, host, start, err)
}

// unanswered turns what kept a server from answering into a refusal, and tells
// the operator, who alone learns the reason.
func (h *Functions) unanswered(ctx context.Context, plugin *dispatch.Plugin, host string, start time.Time, err error) error {
	refusal := &dispatch.Refusal{Status: pluginapi.StatusUnavailable, Message: "the other server did not answer", Cause: err}
	remedy := ""
	var address *egress.AddressError
	switch {
	case errors.Is(err, egress.ErrRefused):
		refusal.Status, refusal.Message = pluginapi.StatusDenied, "the other server may not be called"
		if errors.As(err, &address) {
			remedy = "if it is yours, add its address to server.egress.allow"
		}
	case errors.Is(err, egress.ErrInvalid):
		refusal.Status, refusal.Message = pluginapi.StatusInvalid, strings.TrimPrefix(err.Error(), egress.ErrInvalid.Error()+": ")
	case errors.Is(err, egress.ErrTimeout):
		refusal.Status, refusal.Message = pluginapi.StatusTimeout, "the other server took too long"
	case errors.Is(err, egress.ErrTooLarge):
		refusal.Status, refusal.Message = pluginapi.StatusLimit, "the other server's answer is too large"
	case errors.Is(err, egress.ErrBusy):
		refusal.Status, refusal.Message = pluginapi.StatusLimit, "too many requests to other servers are under way"
	case errors.Is(err, egress.ErrNotFound):
		refusal.Status, refusal.Message = pluginapi.StatusNotFound, "there are no such records"
	}
	h.outgoingDone(plugin, refusal.Status.String(), start)
	if refusal.Status != pluginapi.StatusNotFound { // an answer, too
		h.Logger.WarnContext(ctx, "a request to another server failed", "tenant", h.Tenant, "plugin", plugin.ID, "host", host, "error", withoutURL(err), "remedy", remedy)
	}
	return refusal
}

func (h *Functions) outgoingDone(p *dispatch.Plugin, outcome string, start time.Time) {
	if h.Outgoing != nil {
		h.Outgoing(h.Tenant, p.ID, outcome, time.Since(start))
	}
}

// withoutURL drops what *url.Error adds: the whole URL.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// mayCall reports whether the manifest asks for a URL's host.
func mayCall(p *dispatch.Plugin, u *url.URL) error {
	request, _ := p.Capability(pluginapi.CapHTTP)
	host := strings.ToLower(u.Hostname())
	for _, allowed := range request.Hosts {
		suffix, wild := strings.CutPrefix(allowed, "*.")
		path, configured := strings.CutPrefix(allowed, pluginapi.ConfigHost)
		switch {
		case allowed == "*" || allowed == host:
			return nil
		case wild && strings.HasSuffix(host, "."+suffix):
			return nil
		case configured && configuredHost(p.Secrets, strings.Split(path, "."), strings.ToLower(u.Host)):
			return nil
		}
	}
	return errors.New("the manifest of the plugin " + p.ID + " does not ask for the host " + host)
}

// configuredHost reports whether a URL at a path of the settings has a host.
func configuredHost(v document.Value, path []string, host string) bool {
	if len(path) == 0 {
		u, err := url.Parse(v.Str())
		return err == nil && u.Host != "" && strings.ToLower(u.Host) == host
	}
	if path[0] != "*" {
		return configuredHost(v.Get(path[0]), path[1:], host)
	}
	for _, member := range v.Object().All() {
		if configuredHost(member, path[1:], host) {
			return true
		}
	}
	return slices.ContainsFunc(v.Items(), func(item document.Value) bool { return configuredHost(item, path[1:], host) })
}

// outgoing puts a request together: the guest's arguments, with the secrets
// that they name filled in.
func (h *Functions) outgoing(c *dispatch.Call, a httpRequestArgs) (egress.Request, error) {
	r := egress.Request{
		URL: a.URL, Method: cmp.Or(a.Method, http.MethodGet), Follow: a.FollowRedirects,
		Headers: http.Header{"Accept": {"application/json"}},
		Timeout: min(time.Duration(a.TimeoutMs)*time.Millisecond, egress.MaxTimeout),
	}
	secrets, err := h.requestSecrets(c, a)
	if err != nil {
		return r, err
	}
	if err := a.fill(secrets); err != nil {
		return r, err
	}
	for name, v := range a.Headers.All() {
		if !isToken(name) || v.Kind() != document.String {
			return r, invalid("headers." + name + " is not a header")
		}
		r.Headers.Set(name, v.Str())
	}
	if err := setBody(&r, a); err != nil {
		return r, err
	}
	setAuth(&r, a.Auth)
	return r, nil
}

func setBody(r *egress.Request, a httpRequestArgs) error {
	given := 0
	put := func(kind string, body []byte) {
		given++
		r.Body = body
		if kind != "" && r.Headers.Get("Content-Type") == "" {
			r.Headers.Set("Content-Type", kind)
		}
	}
	if a.Body != "" {
		put("", []byte(a.Body))
	}
	if !a.JSON.IsAbsent() {
		put("application/json", a.JSON.JSON())
	}
	if a.Form != nil {
		form, err := encodeForm(a.Form)
		if err != nil {
			return err
		}
		put("application/x-www-form-urlencoded", []byte(form))
	}
	if given > 1 {
		return invalid("only one of body, json and form can be given")
	}
	return nil
}

func setAuth(r *egress.Request, auth *argHTTPAuth) {
	switch {
	case auth == nil:
	case auth.Bearer != "":
		r.Headers.Set("Authorization", "Bearer "+auth.Bearer)
	case auth.Username != "" || auth.Password != "":
		name, password := auth.Username, auth.Password
		if auth.FormEncoded {
			name, password = url.QueryEscape(name), url.QueryEscape(password)
		}
		pair := name + ":" + password
		r.Headers.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
}

// encodeForm keeps the order of the members.
func encodeForm(o *document.Object) (string, error) {
	var b strings.Builder
	for name, v := range o.All() {
		value := v.Str()
		switch v.Kind() {
		case document.String:
		case document.Number, document.Bool:
			value = string(v.JSON())
		default:
			return "", invalid("form." + name + " must be a string")
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(value))
	}
	return b.String(), nil
}

// answerValue is an answer as the guest gets it.
func answerValue(a *egress.Response, as string) document.Value {
	headers := document.NewObject(len(a.Headers))
	for name, values := range a.Headers {
		headers.Set(strings.ToLower(name), document.Text(strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")))
	}
	return object(document.NewObject(3).Set("status", document.Int(int64(a.Status))).Set("headers", object(headers)).Set("body", bodyValue(a, as)))
}

// bodyValue gives an answer's body as the guest asks for it: bytes in base64url,
// a text, or JSON if it is. Without a word it is JSON where the answer says so.
func bodyValue(a *egress.Response, as string) document.Value {
	if as == "bytes" {
		return document.Text(base64.RawURLEncoding.EncodeToString(a.Body))
	}
	text := a.Body
	if as == "json" || as == "" && isJSON(a.Headers.Get("Content-Type")) {
		text = bytes.TrimPrefix(text, byteOrderMark)
		if v, err := document.Parse(text, maxAnswerDepth); err == nil {
			return v
		}
	}
	return document.Text(strings.ToValidUTF8(string(text), "\uFFFD"))
}

// byteOrderMark is what some servers put before JSON, and readers may pass over
// (RFC 8259, section 8.1).
var byteOrderMark = []byte("\uFEFF")

// maxAnswerDepth bounds the nesting of JSON from other servers; deeper text is
// handed on as text.
const maxAnswerDepth = 64

func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}

// isToken reports whether s is a token of HTTP (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
