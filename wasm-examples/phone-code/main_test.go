package main

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const number = "+4915112345678"

// signedIn is a host where a user with a phone number is signed in.
func signedIn(t *testing.T, number string) (h *plugintest.Host, user string) {
	t.Helper()
	h = plugintest.New(t, plugintest.Config{Manifest: manifest})
	user = h.AddUser("ada@example.com", "")
	h.SetUser(user, plugintest.Object{"phoneNumber": number})
	h.SignIn(user)
	return h, user
}

// sent asks for a code and returns it as it was sent.
func sent(t *testing.T, h *plugintest.Host) string {
	t.Helper()
	if r := h.POST("/phone-code/send", ""); r.Status != 200 {
		t.Fatalf("send: %s", r)
	}
	m := h.LastMessage()
	code, rest, _ := strings.Cut(m.Text, " ")
	if m.To != number || m.Kind != "phone-code" || len(code) != digits || rest != "is your code for App. It is good for 5 minutes. Tell it to nobody." {
		t.Fatalf("sent %+v", m)
	}
	return code
}

func verified(h *plugintest.Host, code string) plugintest.Response {
	return h.POST("/phone-code/verify", `{"code":"`+code+`"}`)
}

func TestCode(t *testing.T) {
	h, user := signedIn(t, number)
	if r := verified(h, "123456"); r.Text("code") != "CODE_EXPIRED" {
		t.Errorf("before there is one: %s", r)
	}
	code := sent(t, h)
	if r := verified(h, "wrong"); r.Text("code") != "INVALID_CODE" || h.User(user)["verifiedPhoneNumber"] != nil {
		t.Errorf("a wrong one: %s", r)
	}
	if r := verified(h, code); r.Status != 200 || h.User(user)["verifiedPhoneNumber"] != number {
		t.Errorf("got %s, user %v", r, h.User(user))
	}
	if r := verified(h, code); r.Text("code") != "CODE_EXPIRED" {
		t.Errorf("the same again: %s", r)
	}
}

// TestOldCodes: a code goes with its time, with a newer one, and with the number
// that it was sent to.
func TestOldCodes(t *testing.T) {
	h, user := signedIn(t, number)
	first := sent(t, h)
	second := sent(t, h)
	if r := verified(h, first); r.Text("code") != "INVALID_CODE" {
		t.Errorf("the first of two: %s", r)
	}
	h.SetUser(user, plugintest.Object{"phoneNumber": "+4915112345679"})
	if r := verified(h, second); r.Text("code") != "CODE_EXPIRED" || h.User(user)["verifiedPhoneNumber"] != nil {
		t.Errorf("another number: %s", r)
	}
	h.SetUser(user, plugintest.Object{"phoneNumber": number})
	h.Advance(lifeMinutes*time.Minute + time.Second)
	if r := verified(h, second); r.Text("code") != "CODE_EXPIRED" {
		t.Errorf("too late: %s", r)
	}
}

func TestNumbers(t *testing.T) {
	for number, code := range map[string]string{"": "NO_PHONE_NUMBER", "0151 12345678": "INVALID_PHONE_NUMBER"} {
		h, _ := signedIn(t, number)
		if r := h.POST("/phone-code/send", ""); r.Text("code") != code || len(h.Messages()) != 0 || len(h.Verifications()) != 0 {
			t.Errorf("%q: %s, sent %v", number, r, h.Messages())
		}
	}
}

// TestLimits: neither a user nor a number is good for more than some messages,
// and a code not for more than some guesses.
func TestLimits(t *testing.T) {
	h, _ := signedIn(t, number)
	for range maxCodes {
		sent(t, h)
	}
	if r := h.POST("/phone-code/send", ""); r.Status != 429 || r.Text("code") != "TOO_MANY_CODES" {
		t.Errorf("one too many: %s", r)
	}
	eve := h.AddUser("eve@example.com", "")
	h.SetUser(eve, plugintest.Object{"phoneNumber": number})
	h.SignIn(eve)
	if r := h.POST("/phone-code/send", ""); r.Text("code") != "TOO_MANY_CODES" || len(h.Messages()) != maxCodes {
		t.Errorf("somebody else to the same number: %s", r)
	}
	for range maxTries {
		verified(h, "000000")
	}
	if r := verified(h, "000000"); r.Text("code") != "TOO_MANY_TRIES" {
		t.Errorf("guesses: %s", r)
	}
}

// TestNoProvider: without a provider the user learns that it does not work, and
// no code is left.
func TestNoProvider(t *testing.T) {
	h, _ := signedIn(t, number)
	h.On("sms.send", func(plugintest.Object) (sdk.Status, any) { return sdk.Unavailable, nil })
	if r := h.POST("/phone-code/send", ""); r.Result != sdk.ResultFailed || len(h.Verifications()) != 0 {
		t.Errorf("got %s", r)
	}
}
