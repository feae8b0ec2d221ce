package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// A cookie that browsers would drop, and a header that clients refuse, are
// never sent: the answer says so, unless the plugin gets past it.
func TestLargeAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		size       int
		code       string
	}{
		{"cookie", "response.cookies.token", 3800, ""},
		{"large cookie", "response.cookies.token", 4100, "COOKIE_TOO_LARGE"},
		{"header", "response.headers.x-token", dispatch.MaxHeaderBytes, ""},
		{"large header", "response.headers.x-token", dispatch.MaxHeaderBytes + 1, "HEADER_TOO_LARGE"},
	} {
		for _, passed := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, passed), func(t *testing.T) {
				steps := []w.Step{w.Set("response.body", "done"), w.Set(tt.path, strings.Repeat("x", tt.size))}
				if !passed && tt.code != "" {
					steps = append(steps, w.Return(pluginapi.Failed))
				}
				g := w.New(&pluginapi.Manifest{
					ID: "p", Handlers: []pluginapi.Handler{endpoint(1, "POST", "/go")}, Cookies: []pluginapi.Cookie{{Name: "token", MaxAge: 60}},
				}).Handler(1, steps...)
				rec := newServer(t, realmtest.Config{Guests: []*w.Guest{g}}, httpapi.Config{}).do("POST", base+"/go", `{}`)
				sent := len(rec.Result().Cookies()) > 0 || rec.Header().Get("X-Token") != ""
				switch {
				case sent != (tt.code == ""):
					t.Errorf("sent: %t", sent)
				case passed || tt.code == "":
					expect(t, rec, 200, `"done"`)
				case rec.Code != 400 || !strings.Contains(rec.Body.String(), `"code":"`+tt.code+`"`):
					t.Errorf("got %d %s", rec.Code, rec.Body)
				}
			})
		}
	}
}
