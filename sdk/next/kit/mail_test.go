package kit_test

import (
	"testing"

	sdk "github.com/authhost/authhost/sdk/next"
	"github.com/authhost/authhost/sdk/next/kit"
	"github.com/authhost/authhost/sdk/next/plugintest"
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
