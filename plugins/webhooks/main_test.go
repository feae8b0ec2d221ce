//go:build !wasip1

package main

import (
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const (
	secretOne = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	secretTwo = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

const settings = `{
	"endpoints": {"app": {"url": "https://app.example.com/events", "secrets": ["` + secretOne + `", "` + secretTwo + `"],
		"events": ["user.created"], "omit": {"user": ["phone"]}}},
	"checks": {
		"quiet": {"url": "https://app.example.com/quiet", "secrets": ["` + secretOne + `"], "events": ["session.creating"]},
		"app": {"url": "https://app.example.com/ask", "secrets": ["` + secretOne + `"], "events": ["user.creating", "user.updating"], "fields": ["userId"]},
		"open": {"url": "https://open.example.com/ask", "secrets": ["` + secretOne + `"], "events": ["account.creating"], "onFailure": "allow", "timeoutMs": 100}
	},
	"dates": ["banExpires"]
}`

func newHost(t *testing.T) *plugintest.Host {
	t.Helper()
	return plugintest.New(t, plugintest.Config{Manifest: manifest, Config: settings})
}

// checkSignature does what a receiver does: Standard Webhooks 1.0.0.
func checkSignature(t *testing.T, r plugintest.HTTPRequest, secret string) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(r.Headers[headerID] + "." + r.Headers[headerTimestamp] + "." + r.Body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, got := range strings.Split(r.Headers[headerSignature], " ") {
		if got == want {
			return
		}
	}
	t.Errorf("no signature by %s in %q", secret, r.Headers[headerSignature])
}

func body(t *testing.T, r plugintest.HTTPRequest) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.Body), &v); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return v
}

func user() plugintest.Object {
	return plugintest.Object{
		"name": "Ada \"A\" \\ \u2028 Ünï", "email": "ada@example.com", "emailVerified": false, "image": nil, "phone": "1", "dotted.name": "x",
		"createdAt": "2026-01-02T03:04:05.678Z", "updatedAt": "1969-12-31T23:59:59.999Z", "banExpires": "2024-02-29T00:00:00.000Z",
		"birthday": "2024-02-29T00:00:00.000Z", "id": "u1",
	}
}

func TestDelivery(t *testing.T) {
	h := newHost(t)
	h.OnHTTP(func(plugintest.HTTPRequest) plugintest.HTTPResponse { return plugintest.HTTPResponse{Status: 204} })
	r := h.Fire(plugintest.Event{Name: "user.created", Record: user(), Delivery: &plugintest.Delivery{ID: "evt1", Target: "app", UserID: "u1", Version: 3}})
	if r.Result != sdk.ResultContinue || len(h.HTTPRequests()) != 1 {
		t.Fatalf("got %s, %d requests", r, len(h.HTTPRequests()))
	}
	request := h.HTTPRequests()[0]
	checkSignature(t, request, secretOne)
	checkSignature(t, request, secretTwo)
	if request.Method != "POST" || request.URL != "https://app.example.com/events" || request.Headers["content-type"] != "application/json" || request.Headers[headerID] != "evt1" {
		t.Errorf("request %+v", request)
	}
	want := map[string]any{
		"type": "user.created", "timestamp": plugintest.Start.Format("2006-01-02T15:04:05.000Z"),
		"data": map[string]any{
			"tenant": "main", "model": "user", "userId": "u1", "version": 3.,
			"document": map[string]any{
				"_id": "u1", "_creationTime": 1767323045678., "name": "Ada \"A\" \\ \u2028 Ünï", "email": "ada@example.com", "emailVerified": false,
				"image": nil, "dotted.name": "x", "createdAt": 1767323045678., "updatedAt": -1., "banExpires": 1709164800000.,
				"birthday": "2024-02-29T00:00:00.000Z",
			},
		},
	}
	if got := body(t, request); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v\nwant %v", got, want)
	}
}

// TestDeliveryFails: whatever is no 2xx means to try again, and says why.
func TestDeliveryFails(t *testing.T) {
	for status, want := range map[int]string{0: "the other server did not answer", 302: "HTTP 302", 410: "HTTP 410", 500: "HTTP 500"} {
		h := newHost(t)
		if status > 0 {
			h.OnHTTP(func(plugintest.HTTPRequest) plugintest.HTTPResponse { return plugintest.HTTPResponse{Status: status} })
		}
		r := h.Fire(plugintest.Event{Name: "user.created", Record: user(), Delivery: &plugintest.Delivery{Target: "app"}})
		if reason, _ := h.Read("error.message").(string); r.Result != sdk.ResultFailed || reason != want {
			t.Errorf("%d: result %d, %q", status, r.Result, reason)
		}
	}
}

func TestChecks(t *testing.T) {
	for name, tt := range map[string]struct {
		answer plugintest.HTTPResponse
		want   plugintest.Response
		userID any
	}{
		"allowed":          {plugintest.HTTPResponse{}, plugintest.Response{Result: sdk.ResultContinue}, nil},
		"sets":             {plugintest.HTTPResponse{Body: plugintest.Object{"set": plugintest.Object{"userId": "app-7", "role": "admin", "email": "x@y.z"}}}, plugintest.Response{Result: sdk.ResultContinue}, "app-7"},
		"refuses":          {plugintest.HTTPResponse{Status: 403, Body: plugintest.Object{"code": "NOT_INVITED", "message": "Ask for an invitation"}}, plugintest.Response{Result: sdk.ResultDeny, Status: 403}, nil},
		"refuses nothing":  {plugintest.HTTPResponse{Status: 404, Body: "not found"}, plugintest.Response{Result: sdk.ResultDeny, Status: 503}, nil},
		"is broken":        {plugintest.HTTPResponse{Status: 500, Body: plugintest.Object{"code": "OOPS"}}, plugintest.Response{Result: sdk.ResultDeny, Status: 503}, nil},
		"sends us further": {plugintest.HTTPResponse{Status: 307}, plugintest.Response{Result: sdk.ResultDeny, Status: 503}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.OnHTTP(func(plugintest.HTTPRequest) plugintest.HTTPResponse { return tt.answer })
			record := user()
			r := h.Fire(plugintest.Event{Name: "user.creating", Record: record})
			if r.Result != tt.want.Result || r.Result == sdk.ResultDeny && r.Status != tt.want.Status {
				t.Errorf("got %s, result %d", r, r.Result)
			}
			if record["userId"] != tt.userID || record["role"] != nil || record["email"] != "ada@example.com" {
				t.Errorf("record %v", record)
			}
			if r.Status == 403 && (r.Text("code") != "NOT_INVITED" || r.Text("message") != "Ask for an invitation") {
				t.Errorf("got %s", r)
			}
			checkSignature(t, h.HTTPRequests()[0], secretOne)
		})
	}
}

// TestPassedOver: a check that may fail is passed over when it does, and a
// user who waits for it is not kept.
func TestPassedOver(t *testing.T) {
	h := newHost(t)
	r := h.Fire(plugintest.Event{Name: "account.creating", Record: plugintest.Object{"providerId": "github", "userId": "u1", "accessToken": "t"}})
	if r.Result != sdk.ResultContinue || len(h.HTTPRequests()) != 1 {
		t.Fatalf("got %s", r)
	}
	if strings.Contains(h.HTTPRequests()[0].Body, "accessToken") {
		t.Error("a token of the provider was sent")
	}
}

// TestUpdating: a question about a change has the whole record as it will be,
// and as it was.
func TestUpdating(t *testing.T) {
	h := newHost(t)
	h.OnHTTP(func(plugintest.HTTPRequest) plugintest.HTTPResponse { return plugintest.HTTPResponse{} })
	h.Fire(plugintest.Event{Name: "user.updating", Record: plugintest.Object{"name": "Ada II"}, Previous: user()})
	data := body(t, h.HTTPRequests()[0])["data"].(map[string]any)
	now, before := data["document"].(map[string]any), data["previous"].(map[string]any)
	if now["name"] != "Ada II" || now["email"] != "ada@example.com" || before["name"] == "Ada II" || data["userId"] != "u1" || now["_id"] != "u1" {
		t.Errorf("data %v", data)
	}
}

// TestSessionToken: nobody is told what would let them be the user.
func TestSessionToken(t *testing.T) {
	h := newHost(t)
	h.OnHTTP(func(plugintest.HTTPRequest) plugintest.HTTPResponse { return plugintest.HTTPResponse{} })
	h.Fire(plugintest.Event{Name: "session.creating", Record: plugintest.Object{"id": "s1", "userId": "u1", "token": "very-secret"}})
	if request := h.HTTPRequests()[0]; strings.Contains(request.Body, "very-secret") || !strings.Contains(request.Body, `"userId":"u1"`) {
		t.Errorf("sent %s", request.Body)
	}
}
