//go:build !wasip1

package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk/plugintest"
)

// tabs is a browser: its tabs share the cookies.
type tabs struct {
	*world
	cookies map[string]string
}

func (b *tabs) keep(r plugintest.Response) plugintest.Response {
	for name, c := range r.Cookies {
		if c.Expired {
			delete(b.cookies, name)
		} else {
			b.cookies[name] = c.Value
		}
	}
	return r
}

// begin begins a flow and returns the callback that the provider sends the tab to.
func (b *tabs) begin(t *testing.T) string {
	t.Helper()
	r := b.keep(b.Do(plugintest.Request{Method: "POST", Path: "/sign-in/social", Cookies: maps.Clone(b.cookies), Body: `{"provider":"plain","callbackURL":"/done","errorCallbackURL":"/err"}`}))
	u, err := url.Parse(r.Text("url"))
	if r.Status != 200 || err != nil {
		t.Fatalf("start: %s", r)
	}
	return "/oauth2/callback/plain?code=c0de&state=" + u.Query().Get("state")
}

func (b *tabs) end(callback string) plugintest.Response {
	return b.keep(b.Do(plugintest.Request{Path: callback, Cookies: maps.Clone(b.cookies)}))
}

// TestTabs: flows of several tabs end well in whatever order, each once, and
// leave no cookies behind. There is a bound on how many have cookies at once.
func TestTabs(t *testing.T) {
	for _, strategy := range []string{"database", "cookie"} {
		for _, order := range [][]int{{0}, {0, 1}, {1, 0}, {0, 1, 2}, {2, 0, 1}, {4, 3, 2, 1, 0}} {
			t.Run(fmt.Sprint(strategy, order), func(t *testing.T) {
				b := &tabs{newWorld(t, `,"account":{"storeStateStrategy":"`+strategy+`"}`), map[string]string{}}
				var callbacks []string
				for range order {
					callbacks = append(callbacks, b.begin(t))
				}
				for _, i := range order {
					b.want(b.end(callbacks[i]), "/done")
					if r := b.end(callbacks[i]); !strings.HasSuffix(r.Location, "error=state_mismatch") {
						t.Errorf("a second time: %s", r)
					}
				}
				if len(b.cookies) != 0 {
					t.Errorf("there are cookies left: %v", b.cookies)
				}
			})
		}
	}
	b := &tabs{newWorld(t, ""), map[string]string{}}
	var callbacks []string
	for range 10 {
		callbacks = append(callbacks, b.begin(t))
	}
	if len(b.cookies) != maxOwnCookies {
		t.Errorf("ten flows have the cookies %v", slices.Collect(maps.Keys(b.cookies)))
	}
	b.want(b.end(callbacks[9]), "/done") // the newest always does
	ended := 0
	for _, callback := range callbacks[:9] {
		if r := b.end(callback); r.Location == "/done" {
			ended++
		} else if r.Location != "/err?error=state_mismatch" {
			t.Errorf("an older flow: %s", r)
		}
	}
	if ended != maxOwnCookies-1 {
		t.Errorf("%d older flows ended", ended)
	}
}

// TestSameInstant: flows that begin before any answer has come back, so that no
// request has a cookie of another, end well in any order.
func TestSameInstant(t *testing.T) {
	for _, strategy := range []string{"database", "cookie"} {
		b := &tabs{newWorld(t, `,"account":{"storeStateStrategy":"`+strategy+`"}`), map[string]string{}}
		got := map[string]string{}
		var callbacks []string
		for range 3 {
			b.cookies = map[string]string{}
			callbacks = append(callbacks, b.begin(t))
			maps.Copy(got, b.cookies)
		}
		b.cookies = got
		for _, callback := range callbacks {
			b.want(b.end(callback), "/done")
		}
		if len(b.cookies) != 0 {
			t.Errorf("%s: there are cookies left: %v", strategy, b.cookies)
		}
	}
}

// flowCookie is the cookie of the flow that an answer began.
func flowCookie(r plugintest.Response, name string) plugintest.Cookie {
	for full, cookie := range r.Cookies {
		if full == name || strings.HasPrefix(full, name+"-") {
			return cookie
		}
	}
	return plugintest.Cookie{}
}

// TestOtherBrowser: a flow's own cookie is good for that flow alone.
func TestOtherBrowser(t *testing.T) {
	b := &tabs{newWorld(t, ""), map[string]string{}}
	first, second := b.begin(t), b.begin(t)
	stolen := &tabs{b.world, map[string]string{}}
	for name, value := range b.cookies {
		if name == ownCookie(cookieState, second[strings.LastIndex(second, "=")+1:]) {
			stolen.cookies[name] = value
		}
	}
	if r := stolen.end(first); r.Location != "/err?error=state_mismatch" {
		t.Errorf("the first flow, with the second one's cookie: %s", r)
	}
	b.want(b.end(second), "/done")
	b.want(b.end(first), "/done")
}
