//go:build !wasip1

package kit_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
	"github.com/authhost/authhost/sdk/plugintest"
)

func TestLinkMail(t *testing.T) {
	for callback, want := range map[string]string{
		"":          "%2F",
		"/done?a=1": "%2Fdone%3Fa%3D1",
	} {
		h := plugintest.New(t, plugintest.Config{Manifest: manifest})
		m := kit.LinkMail{To: "ada@example.com", Template: "verify-email", Path: "/verify-email", Token: "ab.c-d_+", CallbackURL: callback}
		if err := m.Send(sdk.NewCall(h)); err != nil {
			t.Fatal(err)
		}
		sent := h.LastMail()
		want = plugintest.BaseURL + plugintest.BasePath + "/verify-email?token=ab.c-d_%2B&callbackURL=" + want
		if sent.To != m.To || sent.Template != m.Template || sent.Token != m.Token || sent.URL != want {
			t.Errorf("sent %+v, want the URL %s", sent, want)
		}
	}
}

func TestSignedLinkMail(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	m := kit.LinkMail{To: "ada@example.com", Template: "verify-email", Path: "/verify-email"}
	if err := m.SendSigned(sdk.NewCall(h), "link", 60, sdk.SignTokenOptions{Claims: []sdk.Field{sdk.F("email", sdk.String(m.To))}}); err != nil {
		t.Fatal(err)
	}
	if sent := h.LastMail(); h.Claims(sent.Token)["email"] != m.To || !strings.Contains(sent.URL, "?token="+sent.Token+"&") {
		t.Errorf("sent %+v with claims %v", sent, h.Claims(sent.Token))
	}
	h.On("crypto.signToken", func(plugintest.Object) (sdk.Status, any) { return sdk.Unavailable, nil })
	if err := m.SendSigned(sdk.NewCall(h), "link", 60, sdk.SignTokenOptions{}); !errors.Is(err, sdk.Unavailable) || len(h.Mails()) != 1 {
		t.Errorf("without a token: %v, mails %v", err, h.Mails())
	}
}

// TestDecoyIsAboutNobody: a decoy that names no user has a token as long as others.
func TestDecoyIsAboutNobody(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	var about []any
	h.On("crypto.signToken", func(a plugintest.Object) (sdk.Status, any) {
		about = append(about, a["userId"])
		return sdk.OK, plugintest.Object{"token": "t"}
	})
	for _, userID := range []string{"", "ada"} {
		for _, decoy := range []bool{true, false} {
			m := kit.LinkMail{To: "ada@example.com", Template: "verify-email", Path: "/verify-email", Decoy: decoy}
			if err := m.SendSigned(sdk.NewCall(h), "link", 60, sdk.SignTokenOptions{UserID: userID}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := []any{kit.Nobody, nil, "ada", "ada"}; !slices.Equal(about, want) {
		t.Errorf("the tokens are about %v, want %v", about, want)
	}
}
