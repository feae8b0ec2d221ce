package hosttest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/authhost/authhost/internal/hosttest"
	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

func TestPlugintest(t *testing.T) { hosttest.Run(t, newPlugintest) }

// sdkHost is the SDK's test host, whose plugin runs the code of the test.
type sdkHost struct {
	*plugintest.Host
	code hosttest.Handler
}

// running is the host whose handler is called: the SDK registers handlers for
// the whole program.
var running *sdkHost

func init() {
	for _, h := range hosttest.Manifest().Handlers {
		sdk.Register(h.Number, func(*sdk.Call) error { return running.handle() })
	}
}

func newPlugintest(t testing.TB, m *pluginapi.Manifest, other http.Handler) hosttest.World {
	t.Helper()
	manifest, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: hosttest.Settings("http://other.example")})
	h.AllowInvalid()
	h.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse { return played(t, other, r) })
	h.OnTXT(hosttest.TXT)
	return &sdkHost{Host: h}
}

// handle runs the code and turns its result into what a handler returns.
func (n *sdkHost) handle() error {
	switch n.code(hosttest.EventOf(n), n) {
	case pluginapi.Continue:
		return nil
	case pluginapi.Respond:
		return sdk.Respond
	case pluginapi.Deny:
		c := sdk.NewCall(n.Host)
		status, _ := strconv.Atoi(c.Get("error.status").Text())
		return &sdk.Error{Status: max(status, 400), Code: c.Get("error.code").String(), Message: c.Get("error.message").String()}
	}
	return errors.New("the code failed")
}

// Get implements hosttest.Host.
func (n *sdkHost) Get(path string) (pluginapi.Kind, []byte) {
	kind, value := n.Host.Get(path)
	return pluginapi.Kind(kind), value
}

// Set implements hosttest.Host.
func (n *sdkHost) Set(path string, kind pluginapi.Kind, value []byte) pluginapi.Status {
	return pluginapi.Status(n.Host.Set(path, sdk.Kind(kind), value))
}

// Call implements hosttest.Host.
func (n *sdkHost) Call(capability, function string, in []byte) (pluginapi.Status, []byte) {
	status, result := n.Host.Call(capability, function, in)
	return pluginapi.Status(status), result
}

// Serve implements hosttest.World.
func (n *sdkHost) Serve(_ testing.TB, r hosttest.Request, code hosttest.Handler) {
	running, n.code = n, code
	n.KeepSession(r.Kept)
	n.UseSession(r.Session)
	if r.Origin != "" {
		n.Fire(plugintest.Event{Name: pluginapi.EventOriginTrusted, Record: plugintest.Object{"origin": r.Origin, "trusted": false}})
	}
	n.Do(plugintest.Request{Method: "POST", Path: hosttest.EndpointPath, Body: r.Body})
}

// RunDue implements hosttest.World.
func (n *sdkHost) RunDue(t testing.TB, code hosttest.Handler) {
	running, n.code = n, code
	if err := n.Host.RunDue(); err != nil {
		t.Logf("an appointment was not kept: %v", err)
	}
}

// OtherToken implements hosttest.World.
func (n *sdkHost) OtherToken(_ testing.TB, claims map[string]any) string {
	return n.RemoteToken(claims)
}

// played lets an http.Handler answer a request of the plugin's.
func played(t testing.TB, server http.Handler, r plugintest.HTTPRequest) plugintest.HTTPResponse {
	t.Helper()
	body := []byte(r.Body)
	form := url.Values{}
	for name, value := range r.Form {
		form.Set(name, value)
	}
	headers := http.Header{"Accept": {"application/json"}}
	switch {
	case r.JSON != nil:
		headers.Set("Content-Type", "application/json")
		var err error
		if body, err = json.Marshal(r.JSON); err != nil {
			t.Fatal(err)
		}
	case len(form) > 0:
		headers.Set("Content-Type", "application/x-www-form-urlencoded")
		body = []byte(form.Encode())
	}
	request := httptest.NewRequest(r.Method, r.URL, bytes.NewReader(body))
	request.Header = headers
	for name, value := range r.Headers {
		headers.Set(name, value)
	}
	if token, ok := r.Auth["bearer"].(string); ok {
		headers.Set("Authorization", "Bearer "+token)
	} else if r.Auth != nil {
		name, _ := r.Auth["username"].(string)
		password, _ := r.Auth["password"].(string)
		if r.Auth["formEncoded"] == true {
			name, password = url.QueryEscape(name), url.QueryEscape(password)
		}
		request.SetBasicAuth(name, password)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, request)
	out := plugintest.HTTPResponse{Status: w.Code, Headers: map[string]string{}, Body: w.Body.String()}
	for name, values := range w.Header() {
		out.Headers[name] = strings.Join(values, ", ")
	}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		var v any
		if json.Unmarshal(w.Body.Bytes(), &v) == nil {
			out.Body = v
		}
	}
	return out
}
