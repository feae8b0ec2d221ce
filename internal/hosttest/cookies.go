package hosttest

import (
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// cookieValue is the value of the answer's only cookie.
func (g *guest) cookieValue() string {
	lines, _ := g.do("cookies.list", object{}).at("lines").([]any)
	if len(lines) != 1 {
		return string(text(lines))
	}
	pair, _, _ := strings.Cut(lines[0].(string), ";")
	_, value, _ := strings.Cut(pair, "=")
	return value
}

// cookiesCases are those of the capability cookies.
var cookiesCases = table{
	"cookies.inject": func(t *tester) {
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			pluginapi.EventRequestBefore: continues(func(g *guest) {
				g.refused("cookies.inject", object{"header": "a=b\r\nc: d"}, pluginapi.StatusInvalid, "")
				g.do("cookies.inject", object{"header": "better-auth." + cookie + "=chocolate"})
			}),
			"": continues(func(g *guest) {
				t.want("the cookie", g.field("request.cookies."+cookie), "chocolate")
				g.refused("cookies.inject", object{"header": "a=b"}, pluginapi.StatusDenied, "")
			}),
		})
	},
	"cookies.list": func(t *tester) {
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			"": continues(func(g *guest) {
				g.refused("cookies.list", object{}, pluginapi.StatusDenied, "")
				g.set("response.cookies."+cookie, pluginapi.KindString, "chocolate", pluginapi.StatusOK)
			}),
			pluginapi.EventRequestAfter: continues(func(g *guest) {
				t.want("the cookie", g.cookieValue(), "chocolate")
				listed := g.do("cookies.list", object{}).at("lines")
				t.want("those that are left", g.do("cookies.detach", object{}).at("lines"), listed)
			}),
		})
	},
	"cookies.detach": func(t *tester) {
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			"": continues(func(g *guest) {
				g.set("response.cookies."+cookie, pluginapi.KindString, "chocolate", pluginapi.StatusOK)
				g.refused("cookies.detach", object{}, pluginapi.StatusDenied, "")
			}),
			pluginapi.EventRequestAfter: continues(func(g *guest) {
				lines, _ := g.do("cookies.detach", object{}).at("lines").([]any)
				if len(lines) != 1 || !strings.HasPrefix(lines[0].(string), "better-auth."+cookie+"=chocolate; ") {
					t.Errorf("the cookies are %s", text(lines))
				}
				t.want("what is left", g.do("cookies.detach", object{}).at("lines"), []any{})
			}),
		})
	},
}
