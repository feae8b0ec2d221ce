//go:build !wasip1

package kit_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
	"github.com/authhost/authhost/sdk/plugintest"
)

// handing has two endpoints, which serve with the tokens of the test.
var handing = []byte(`{"id": "x", "version": "1.0.0", "abi": "1.1",
  "capabilities": [{"name": "session"}, {"name": "verification"}, {"name": "random"}],
  "permissions": [{"name": "tokens"}],
  "handlers": [
    {"handler": "issue", "kind": "endpoint", "method": "GET", "path": "/issue", "session": "required"},
    {"handler": "exchange", "kind": "endpoint", "method": "POST", "path": "/exchange"},
    {"handler": "prefetch", "kind": "endpoint", "method": "GET", "path": "/prefetch"}
  ]}`)

var tokens kit.OneTimeTokens

func init() {
	sdk.Register(0, func(c *sdk.Call) error {
		token, err := tokens.Issue(c)
		if err != nil {
			return err
		}
		return c.Reply(sdk.F("token", sdk.String(token)))
	})
	sdk.Register(1, func(c *sdk.Call) error { return tokens.Exchange(c, c.Request().Body("token").String()) })
}

// tokensOf makes tokens what the endpoints serve with.
func tokensOf(t *testing.T, o kit.OneTimeTokens) *plugintest.Host {
	t.Helper()
	tokens = o
	tokens.Lifetime, tokens.Unknown, tokens.Ended = 60, &sdk.Error{Status: 400, Code: "UNKNOWN"}, &sdk.Error{Status: 400, Code: "ENDED"}
	return plugintest.New(t, plugintest.Config{Manifest: handing})
}

func exchange(h *plugintest.Host, token string) plugintest.Response {
	h.SignOut()
	return h.POST("/exchange", `{"token":"`+token+`"}`)
}

func TestExchange(t *testing.T) {
	digest := func(token string) string { return "digest of " + token }
	for name, tt := range map[string]struct {
		tokens kit.OneTimeTokens
		kept   string // before the token
	}{
		"plain":      {kit.OneTimeTokens{}, "one-time-token:"},
		"digest":     {kit.OneTimeTokens{Digest: digest}, "one-time-token:digest of "},
		"cookieless": {kit.OneTimeTokens{CookieLess: true}, "one-time-token:"},
	} {
		h := tokensOf(t, tt.tokens)
		session := h.SignIn(h.AddUser("ada@example.com", ""))
		token := h.GET("/issue").Text("token")
		if len(token) != 32 || !strings.HasPrefix(h.Verifications()[tt.kept+token], session+" ") {
			t.Errorf("%s: token %q is kept as %v", name, token, h.Verifications())
		}
		r := exchange(h, token)
		if r.Text("session.token") != session || r.Text("user.email") != "ada@example.com" || (h.CurrentSession() != nil) == tt.tokens.CookieLess {
			t.Errorf("%s: got %s, the session is %v", name, r, h.CurrentSession())
		}
		if r := exchange(h, token); r.Text("code") != "UNKNOWN" || h.CurrentSession() != nil {
			t.Errorf("%s, again: got %s", name, r)
		}
	}
}

func TestExchangeTooLate(t *testing.T) {
	h := tokensOf(t, kit.OneTimeTokens{})
	h.SignIn(h.AddUser("ada@example.com", ""))
	token := h.GET("/issue").Text("token")
	h.Advance(time.Minute)
	if r := exchange(h, token); r.Text("code") != "UNKNOWN" {
		t.Errorf("got %s", r)
	}
}

// TestExchangeOfEndedSession: the token is used up all the same.
func TestExchangeOfEndedSession(t *testing.T) {
	h := tokensOf(t, kit.OneTimeTokens{})
	h.SignIn(h.AddUser("ada@example.com", ""))
	token := h.GET("/issue").Text("token")
	h.On("session.adopt", func(plugintest.Object) (sdk.Status, any) { return sdk.NotFound, nil })
	for _, want := range []string{"ENDED", "UNKNOWN"} {
		if r := exchange(h, token); r.Status != 400 || r.Text("code") != want {
			t.Errorf("got %s, want %s", r, want)
		}
	}
}

// TestExchangeOfExpiredSession: a session that has ended by itself is told from
// one that was ended.
func TestExchangeOfExpiredSession(t *testing.T) {
	for _, tt := range []struct {
		expired *sdk.Error
		want    string
	}{{&sdk.Error{Status: 400, Code: "EXPIRED"}, "EXPIRED"}, {nil, "ENDED"}} {
		h := tokensOf(t, kit.OneTimeTokens{Expired: tt.expired})
		h.SignIn(h.AddUser("ada@example.com", ""))
		h.Advance(7*24*time.Hour - 30*time.Second)
		token := h.GET("/issue").Text("token")
		h.Advance(45 * time.Second)
		if r := exchange(h, token); r.Status != 400 || r.Text("code") != tt.want {
			t.Errorf("got %s, want %s", r, tt.want)
		}
	}
}

// TestOneTimeFaults: what the host could not do is no refusal.
func TestOneTimeFaults(t *testing.T) {
	for _, call := range []string{"random.string", "verification.create", "verification.consume", "session.adopt"} {
		h := tokensOf(t, kit.OneTimeTokens{})
		h.SignIn(h.AddUser("ada@example.com", ""))
		h.On(call, func(plugintest.Object) (sdk.Status, any) { return sdk.Unavailable, nil })
		c := sdk.NewCall(h)
		token, err := tokens.Issue(c)
		if err == nil {
			err = tokens.Exchange(c, token)
		}
		if !errors.Is(err, sdk.Unavailable) {
			t.Errorf("%s: got %v", call, err)
		}
	}
}
