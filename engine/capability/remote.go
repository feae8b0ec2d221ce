package capability

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/pluginapi"
)

// Bounds on what is kept of other servers' answers.
const (
	maxRemembered   = 128              // answers of one tenant's plugins
	maxRemember     = 24 * time.Hour   // longest time that a guest can ask for
	keySetLife      = 10 * time.Minute // how long a key set is good
	keySetRetry     = time.Minute      // how often an unknown key makes it be fetched again
	clockSkew       = time.Minute      // of other servers
	maxRememberSize = 256 << 10        // bytes of an answer
)

// answerCache keeps answers to GET requests without credentials, so that
// discovery documents and key sets are not fetched for every sign-in.
type answerCache struct {
	mu      sync.Mutex
	answers map[string]remembered
}

type remembered struct {
	answer  *egress.Response
	fetched time.Time
	until   time.Time
}

func (a *answerCache) get(url string, now time.Time) (remembered, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.answers[url]
	return r, ok && now.Before(r.until)
}

// put keeps an answer. When there are too many, those that have expired go,
// and then any.
func (a *answerCache) put(url string, r remembered) {
	if len(r.answer.Body) > maxRememberSize {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answers == nil {
		a.answers = map[string]remembered{}
	}
	if _, known := a.answers[url]; !known && len(a.answers) >= maxRemembered {
		victim := ""
		for u, old := range a.answers {
			if victim = u; !r.fetched.Before(old.until) {
				break
			}
		}
		delete(a.answers, victim)
	}
	a.answers[url] = r
}

// fetch gets a public document, from memory if it is good there. Only answers
// with status 200 are kept.
func (h *Functions) fetch(ctx context.Context, c *dispatch.Call, r egress.Request, life time.Duration) (remembered, error) {
	now := c.Exchange.Now
	if u, err := url.Parse(r.URL); err != nil || mayCall(c.Entry.Plugin, u) != nil {
		return remembered{}, refuse(pluginapi.StatusDenied, "the other server may not be called")
	}
	if kept, ok := h.answers.get(r.URL, now); ok {
		return kept, nil
	}
	answer, err := h.send(ctx, c, r)
	if err != nil {
		return remembered{}, err
	}
	fresh := remembered{answer: answer, fetched: now, until: now.Add(life)}
	if answer.Status == http.StatusOK {
		h.answers.put(r.URL, fresh)
	}
	return fresh, nil
}

// cacheable returns for how long the answer to a request may be kept.
func cacheable(r egress.Request, a httpRequestArgs) (time.Duration, error) {
	if a.CacheSeconds <= 0 {
		return 0, nil
	}
	if r.Method != http.MethodGet || len(r.Body) > 0 || a.Headers.Len() > 0 || a.Auth != nil || a.Secrets != nil || len(a.SealedSecrets) > 0 {
		return 0, invalid("only a GET request without headers, body, auth and secrets can have cacheSeconds")
	}
	return min(time.Duration(a.CacheSeconds)*time.Second, maxRemember), nil
}

// httpVerifyToken checks a JWT (RFC 7519) that another server has signed, such
// as an id token (OpenID Connect Core, section 3.1.3.7), with the keys that it
// publishes.
func (h *Functions) httpVerifyToken(ctx context.Context, c *dispatch.Call, a httpVerifyTokenArgs) (document.Value, error) {
	payload, err := h.verifySignature(ctx, c, a.JWKSURL, a.Token)
	if err != nil {
		return document.Value{}, err
	}
	claims, err := document.Parse(payload, maxAnswerDepth)
	if err != nil || claims.Kind() != document.ObjectKind {
		return document.Value{}, badToken("invalid", "the token is not valid")
	}
	if err := checkClaims(claims, a, c.Exchange.Now); err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("claims", claims)), nil
}

func badToken(code, message string) error {
	return &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: code, Message: message}
}

// verifySignature checks a token with the keys at a URL. A key that is not
// among them may be new: they are fetched again, though not for every token
// that names an invented key.
func (h *Functions) verifySignature(ctx context.Context, c *dispatch.Call, keysURL, token string) ([]byte, error) {
	for attempt := 0; ; attempt++ {
		keys, err := h.fetch(ctx, c, egress.Request{Method: http.MethodGet, URL: keysURL, Headers: http.Header{"Accept": {"application/json"}}}, keySetLife)
		if err != nil {
			return nil, err
		}
		if keys.answer.Status != http.StatusOK {
			return nil, refuse(pluginapi.StatusUnavailable, "the keys of the other server are not there")
		}
		payload, err := keyring.VerifyWith(bytes.TrimPrefix(keys.answer.Body, byteOrderMark), token)
		switch {
		case err == nil:
			return payload, nil
		case errors.Is(err, keyring.ErrRemoteKey) && attempt == 0 && c.Exchange.Now.Sub(keys.fetched) >= keySetRetry:
			h.answers.forget(keysURL)
		case errors.Is(err, keyring.ErrRemoteKey):
			return nil, badToken("key", "the token was signed by an unknown key")
		default:
			return nil, badToken("invalid", "the token is not valid")
		}
	}
}

func (a *answerCache) forget(url string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.answers, url)
}

// checkClaims checks what a token says of itself against what the plugin
// expects.
func checkClaims(claims document.Value, a httpVerifyTokenArgs, now time.Time) error {
	at := func(name string) (time.Time, bool) {
		f, ok := claims.Get(name).Float()
		return time.Unix(int64(f), 0), ok
	}
	expires, hasExpiry := at("exp")
	notBefore, hasStart := at("nbf")
	issued, hasIssue := at("iat")
	switch {
	case !hasExpiry || !now.Add(-clockSkew).Before(expires):
		return badToken("expired", "the token has expired")
	case hasStart && now.Add(clockSkew).Before(notBefore), hasIssue && now.Add(clockSkew).Before(issued):
		return badToken("invalid", "the token is not good yet")
	case a.MaxAge > 0 && (!hasIssue || now.Sub(issued) > life(a.MaxAge)+clockSkew):
		return badToken("expired", "the token is too old")
	case !oneOf(a.Issuer, claims.Get("iss").Str(), claims):
		return badToken("issuer", "the token has another issuer")
	case !audienceFits(a.Audience, claims):
		return badToken("audience", "the token is for somebody else")
	case !hasSubject(claims):
		return badToken("invalid", "the token has no subject")
	}
	if !a.Nonce.IsNullish() && claims.Get("nonce").Str() != a.Nonce.Str() {
		return badToken("nonce", "the token has another nonce")
	}
	return nil
}

// hasSubject reports whether claims say whom they are about. The subject is a
// text (OpenID Connect Core, section 2), but some servers send numbers.
func hasSubject(claims document.Value) bool {
	sub := claims.Get("sub")
	return sub.Str() != "" || sub.Kind() == document.Number
}

// oneOf reports whether got is the expected text, or one of several. "{name}"
// in an expectation stands for that claim: issuers of several tenants carry
// the tenant's id.
func oneOf(expected document.Value, got string, claims document.Value) bool {
	list := expected.Items()
	if expected.Kind() == document.String {
		list = []document.Value{expected}
	}
	for _, v := range list {
		want := v.Str()
		if name, ok := placeholder(want); ok && claims.Get(name).Str() != "" && !strings.ContainsAny(claims.Get(name).Str(), "/?#") {
			want = strings.Replace(want, "{"+name+"}", claims.Get(name).Str(), 1)
		}
		if want != "" && want == got {
			return true
		}
	}
	return false
}

func placeholder(text string) (name string, ok bool) {
	_, rest, ok := strings.Cut(text, "{")
	if !ok {
		return "", false
	}
	name, _, ok = strings.Cut(rest, "}")
	return name, ok
}

// audienceFits reports whether a token is for one of the expected parties. Of
// several audiences, the authorized party must be an expected one, too.
func audienceFits(expected, claims document.Value) bool {
	aud := claims.Get("aud")
	if aud.Kind() == document.String {
		return oneOf(expected, aud.Str(), document.Value{})
	}
	found := false
	for _, a := range aud.Items() {
		found = found || oneOf(expected, a.Str(), document.Value{})
	}
	if party := claims.Get("azp"); found && len(aud.Items()) > 1 {
		return oneOf(expected, party.Str(), document.Value{})
	}
	return found
}
