//go:build !wasip1

package main

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

// The SHA-1 hash of "password" is 5BAA6 and this.
const suffix = "1E4C9B93F3F0682250B6CF8331B7EE68FD8"

const other = "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n"

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name, config, body string
		status             int
		want, message      string
	}{
		{"breached", "", other + suffix + ":3861493\r\n", 200, "PASSWORD_COMPROMISED", "The password you entered has been compromised. Please choose a different password."},
		{"in lower case, at the end", "", other + strings.ToLower(suffix) + ":1", 200, "PASSWORD_COMPROMISED", ""},
		{"its own words", `{"customPasswordCompromisedMessage":"Not that one"}`, suffix + ":1", 200, "PASSWORD_COMPROMISED", "Not that one"},
		{"not breached", "", other, 200, "", ""},
		{"padding", "", other + suffix + ":0\r\n", 200, "", ""},
		{"no list", "", "<html>welcome</html>", 200, "PASSWORD_CHECK_FAILED", "Failed to check password. Please try again later."},
		{"empty", "", "", 200, "PASSWORD_CHECK_FAILED", ""},
		{"fails", "", other, 503, "PASSWORD_CHECK_FAILED", ""},
		{"fails, and that is allowed", `{"onFailure":"allow"}`, "", 503, "", ""},
		{"breached, though failures are allowed", `{"onFailure":"allow"}`, suffix + ":1", 200, "PASSWORD_COMPROMISED", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: tt.config})
			h.OnHTTP(func(plugintest.HTTPRequest) plugintest.HTTPResponse {
				return plugintest.HTTPResponse{Status: tt.status, Body: tt.body}
			})
			r := fire(h, "password")
			if r.Text("code") != tt.want || tt.message != "" && r.Text("message") != tt.message {
				t.Errorf("got %s, want %q", r, tt.want)
			}
			sent := h.HTTPRequests()
			if len(sent) != 1 || sent[0].URL != "https://api.pwnedpasswords.com/range/5BAA6" || sent[0].Headers["add-padding"] != "true" {
				t.Errorf("asked %+v", sent)
			}
		})
	}
}

// TestUnreachable: a server that cannot be asked is a failure; a mirror is
// asked where it is.
func TestUnreachable(t *testing.T) {
	for config, want := range map[string]string{
		`{"url":"http://mirror.example:8080/range"}`:                     "PASSWORD_CHECK_FAILED",
		`{"url":"http://mirror.example:8080/range","onFailure":"allow"}`: "",
	} {
		h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
		if r := fire(h, "password"); r.Text("code") != want {
			t.Errorf("%s: got %s, want %q", config, r, want)
		}
		if sent := h.HTTPRequests(); len(sent) != 1 || sent[0].URL != "http://mirror.example:8080/range/5BAA6" {
			t.Errorf("asked %+v", sent)
		}
	}
}

func fire(h *plugintest.Host, password string) plugintest.Response {
	return h.Fire(plugintest.Event{Name: "password.policy", Record: plugintest.Object{"password": password}})
}
