//go:build !wasip1

package main

import (
	_ "embed"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const ada = "ada@example.com"

func call(h *plugintest.Host, path, body string) plugintest.Response {
	return h.Do(plugintest.Request{Method: "POST", Path: path, Body: body, ServiceKey: "deployment"})
}

func TestServer(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	id, eve := h.AddUser(ada, "correct-horse-1"), h.AddUser("eve@example.com", "")
	h.SignIn(id)
	session := h.CurrentSession()["id"].(string)
	about := `{"userId":"` + id + `"}`
	if r := h.POST("/server/get-user", about); r.Status != 404 {
		t.Errorf("without a service key: %s", r)
	}
	for _, tt := range []struct {
		path, body string
		status     int
		code       string
	}{
		{"/server/get-user", about, 200, ""},
		{"/server/get-user", `{"email":"ADA@example.com"}`, 200, ""},
		{"/server/get-user", `{}`, 400, "VALIDATION_ERROR"},
		{"/server/get-user", `{"userId":"nobody"}`, 404, "USER_NOT_FOUND"},
		{"/server/update-user", `{"userId":"` + id + `","user":{"name":"Countess"}}`, 200, ""},
		{"/server/update-user", `{"userId":"` + id + `","user":{"email":"eve@example.com"}}`, 409, "USER_ALREADY_EXISTS"},
		{"/server/update-user", `{"userId":"nobody","user":{"name":"x"}}`, 404, "USER_NOT_FOUND"},
		{"/server/set-password", `{"userId":"` + id + `","newPassword":"short"}`, 400, "PASSWORD_TOO_SHORT"},
		{"/server/set-password", `{"userId":"nobody","newPassword":"long-enough-1"}`, 404, "USER_NOT_FOUND"},
		{"/server/list-sessions", `{"userId":"nobody"}`, 404, "USER_NOT_FOUND"},
		{"/server/revoke-session", `{"userId":"` + eve + `","sessionId":"` + session + `"}`, 404, "SESSION_NOT_FOUND"},
		{"/server/revoke-sessions", `{"userId":"nobody"}`, 404, "USER_NOT_FOUND"},
		{"/server/delete-user", `{"userId":"nobody"}`, 404, "USER_NOT_FOUND"},
	} {
		if r := call(h, tt.path, tt.body); r.Status != tt.status || r.Text("code") != tt.code {
			t.Errorf("%s %s: got %s, want %d %s", tt.path, tt.body, r, tt.status, tt.code)
		}
	}
	r := call(h, "/server/list-sessions", about)
	if r.Get("sessions.0.id") != session || r.Get("sessions.0.token") != nil {
		t.Errorf("sessions: %s", r)
	}
	if r := call(h, "/server/set-password", `{"userId":"`+id+`","newPassword":"another-horse-2","keepSessions":true}`); r.Status != 200 || len(h.SessionsOf(id)) != 1 {
		t.Errorf("keepSessions: %s", r)
	}
	if r := call(h, "/server/set-password", `{"userId":"`+id+`","newPassword":"another-horse-3"}`); r.Status != 200 || len(h.SessionsOf(id)) != 0 {
		t.Errorf("set-password: %s", r)
	}
	if r := call(h, "/server/delete-user", about); r.Status != 200 || h.User(id) != nil {
		t.Errorf("delete-user: %s", r)
	}
}

// A change that cannot be recorded is not made.
func TestNothingWithoutItsRecord(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	id := h.AddUser(ada, "")
	h.On("audit.record", func(plugintest.Object) (sdk.Status, any) { return sdk.Unavailable, nil })
	if r := call(h, "/server/delete-user", `{"userId":"`+id+`"}`); r.Result != sdk.ResultFailed || h.User(id) == nil {
		t.Errorf("got %s", r)
	}
}
