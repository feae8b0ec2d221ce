//go:build !wasip1

package main

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
)

// TestBind: a browser is bound to a flow that is under way and that leads where
// the browser is sent, and to no other.
func TestBind(t *testing.T) {
	for _, strategy := range []string{"database", "cookie"} {
		w := newWorld(t, `,"account":{"storeStateStrategy":"`+strategy+`"}`)
		r := w.POST("/sign-in/social", `{"provider":"acme","callbackURL":"/done"}`)
		page := r.Text("url")
		sealed := flowCookie(r, cookieOAuthState).Value
		u, err := url.Parse(page)
		if err != nil || r.Status != 200 {
			t.Fatalf("%s: %s", strategy, r)
		}
		state := u.Query().Get("state")
		if _, err := w.CallService("bind", object{"url": page, "sealed": sealed}); err != nil {
			t.Errorf("%s: %v", strategy, err)
		}
		for name, input := range map[string]object{
			"another page":     {"url": strings.Replace(page, "id.acme.example", "evil.example", 1), "sealed": sealed},
			"another path":     {"url": strings.Replace(page, "/auth?", "/other?", 1), "sealed": sealed},
			"another state":    {"url": strings.Replace(page, state, "unknown", 1), "sealed": sealed},
			"no state":         {"url": "https://id.acme.example/auth", "sealed": sealed},
			"state as a value": {"url": "https://id.acme.example/auth?x=state%3D" + state, "sealed": sealed},
		} {
			if _, err := w.CallService("bind", input); !isRefused(err) {
				t.Errorf("%s, %s: got %v", strategy, name, err)
			}
		}
		w.Advance((stateLife + 1) * time.Second)
		if _, err := w.CallService("bind", object{"url": page, "sealed": sealed}); !isRefused(err) {
			t.Errorf("%s, too late: got %v", strategy, err)
		}
	}
}

func isRefused(err error) bool {
	refused, ok := errors.AsType[*sdk.Error](err)
	return ok && refused.Code == "STATE_NOT_FOUND"
}
