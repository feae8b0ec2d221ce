package capability

import (
	"context"
	"encoding/base64"
	"errors"
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

// request makes an HTTP request. When the unit of work runs again after a
// conflict, the answer of before is given again.
func (h *Host) request(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	key := "http\x00" + c.Entry.Plugin.ID + "\x00" + string(object(args).JSON())
	return c.Exchange.Once(key, func() (document.Value, error) {
		r, err := h.outgoing(c, args)
		if err != nil {
			return document.Value{}, err
		}
		life, err := cacheable(r, args)
		if err != nil {
			return document.Value{}, err
		}
		if life > 0 {
			kept, err := h.fetch(ctx, c, r, life)
			if err != nil {
				return document.Value{}, err
			}
			return answerValue(kept.answer), nil
		}
		answer, err := h.send(ctx, c, r)
		if err != nil {
			return document.Value{}, err
		}
		return answerValue(answer), nil
	})
}

// send makes a request on behalf of a plugin, and turns what keeps it from
// being answered into a refusal. The reason is for the operator alone.
func (h *Host) send(ctx context.Context, c *dispatch.Call, r egress.Request) (*egress.Response, error) {
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
	}
	h.outgoingDone(plugin, refusal.Status.String(), start)
	host := ""
	if u, err := url.Parse(r.URL); err == nil {
		host = u.Host // paths and queries may have secrets
	}
	h.Logger.WarnContext(ctx, "a request to another server failed", "tenant", h.Tenant, "plugin", plugin.ID, "host", host, "error", withoutURL(err), "remedy", remedy)
	return nil, refusal
}

func (h *Host) outgoingDone(p *dispatch.Plugin, outcome string, start time.Time) {
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
func (h *Host) outgoing(c *dispatch.Call, args *document.Object) (egress.Request, error) {
	var r egress.Request
	args, err := fillSecrets(c.Entry.Plugin, args)
	if err != nil {
		return r, err
	}
	if r.URL, err = text(args, "url"); err != nil {
		return r, err
	}
	if r.Method = args.Get("method").Str(); r.Method == "" {
		r.Method = http.MethodGet
	}
	r.Headers = http.Header{"Accept": {"application/json"}}
	for name, v := range args.Get("headers").Object().All() {
		if !isToken(name) || v.Kind() != document.String {
			return r, invalid("headers." + name + " is not a header")
		}
		r.Headers.Set(name, v.Str())
	}
	if err := setBody(&r, args); err != nil {
		return r, err
	}
	setAuth(&r, args.Get("auth"))
	if ms, ok := args.Get("timeoutMs").Int(); ok && ms > 0 {
		r.Timeout = time.Duration(min(ms, int64(egress.MaxTimeout/time.Millisecond))) * time.Millisecond
	}
	r.Follow = args.Get("followRedirects").Bool()
	return r, nil
}

func setBody(r *egress.Request, args *document.Object) error {
	given := 0
	put := func(kind string, body []byte) {
		given++
		r.Body = body
		if kind != "" && r.Headers.Get("Content-Type") == "" {
			r.Headers.Set("Content-Type", kind)
		}
	}
	if v := args.Get("body"); !v.IsAbsent() {
		put("", []byte(v.Str()))
	}
	if v := args.Get("json"); !v.IsAbsent() {
		put("application/json", v.JSON())
	}
	if v := args.Get("form"); !v.IsAbsent() {
		form, err := encodeForm(v.Object())
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

func setAuth(r *egress.Request, auth document.Value) {
	switch {
	case !auth.Get("bearer").IsAbsent():
		r.Headers.Set("Authorization", "Bearer "+auth.Get("bearer").Str())
	case !auth.Get("username").IsAbsent():
		pair := auth.Get("username").Str() + ":" + auth.Get("password").Str()
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

// secretPlaces are the arguments in which secrets may be put.
var secretPlaces = []string{"headers", "form", "json", "auth"}

// fillSecrets puts the settings that args.secrets names where it says. They
// are named beside the request and not within it, so that nothing which a
// plugin passes on can name one.
func fillSecrets(p *dispatch.Plugin, args *document.Object) (*document.Object, error) {
	named := args.Get("secrets")
	if named.IsAbsent() {
		return args, nil
	}
	args = args.Clone()
	for place, path := range named.Object().All() {
		segments, err := pluginapi.ParsePath(place)
		if err != nil || len(segments) < 2 || !slices.Contains(secretPlaces, segments[0]) {
			return nil, invalid("secrets." + place + " is no place for a secret")
		}
		value, err := secretSetting(p, path.Str())
		if err != nil {
			return nil, err
		}
		into := args
		for _, name := range segments[:len(segments)-1] {
			next := into.Get(name).Object()
			if next == nil {
				next = document.NewObject(2)
				into.Set(name, object(next))
			}
			into = next
		}
		into.Set(segments[len(segments)-1], document.Text(value))
	}
	return args, nil
}

// secretSetting returns a text of the plugin's settings, secret or not.
func secretSetting(p *dispatch.Plugin, path string) (string, error) {
	segments, err := pluginapi.ParsePath(path)
	v := p.Setting(segments)
	if err != nil || v.Kind() != document.String {
		return "", invalid("there is no text at config." + path)
	}
	return v.Str(), nil
}

// answerValue gives an answer's body as JSON where it says that it is, and as
// text otherwise.
func answerValue(a *egress.Response) document.Value {
	headers := document.NewObject(len(a.Headers))
	for name, values := range a.Headers {
		headers.Set(strings.ToLower(name), document.Text(strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")))
	}
	body := document.Text(strings.ToValidUTF8(string(a.Body), "\uFFFD"))
	if isJSON(a.Headers.Get("Content-Type")) {
		if v, err := document.Parse(a.Body, maxAnswerDepth); err == nil {
			body = v
		}
	}
	return object(document.NewObject(3).Set("status", document.Int(int64(a.Status))).Set("headers", object(headers)).Set("body", body))
}

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
