package plugintest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// A plugin that takes signed documents.
var notaryManifest = []byte(`{
  "id": "notary", "version": "1.0.0", "abi": "1.1",
  "capabilities": [{"name": "xml"}],
  "config": {"type": "object", "properties": {"key": {"type": "string", "writeOnly": true}, "certificate": {"type": "string"}}},
  "handlers": [{"number": 501, "kind": "endpoint", "method": "POST", "path": "/deed"}]
}`)

func init() {
	sdk.Register(501, func(c *sdk.Call) error {
		known := []string{c.Get("config.certificate").String()}
		deed, err := c.XML().Verify(c.Request().Body("document"), sdk.XMLName{Name: "deed"}, known, sdk.XMLVerifyOptions{})
		if errors.Is(err, sdk.Invalid) {
			return &sdk.Error{Status: 400, Code: sdk.CodeOf(err), Message: "No"}
		}
		if err != nil {
			return err
		}
		receipt, err := c.XML().Sign(sdk.String("<receipt/>"), known[0], sdk.XMLSignOptions{Secret: "key"})
		if err != nil {
			return err
		}
		c.Set("response.body.deed", sdk.String(deed.Canonical))
		c.Set("response.body.receipt", sdk.String(receipt))
		return nil
	})
}

// quoted is a text in JSON.
func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// TestSignXML plays somebody whose documents a plugin takes.
func TestSignXML(t *testing.T) {
	key, certificate := plugintest.New(t, plugintest.Config{Manifest: notaryManifest}).KeyPair()
	settings := `{"key":` + quoted(key) + `,"certificate":` + quoted(certificate) + `}`
	h := plugintest.New(t, plugintest.Config{Manifest: notaryManifest, Config: settings})
	document := `<deeds><deed ID="1" b="2"  a='1'>To <!-- nobody -->Ada</deed></deeds>`
	signed := h.SignXML(document, sdk.XMLName{Name: "deed"}, certificate)
	res := h.POST("/deed", `{"document":`+quoted(signed)+`}`)
	if res.Status != 200 || res.Text("deed") != `<deed ID="1" a="1" b="2">To Ada</deed>` || !strings.Contains(res.Text("receipt"), "SignatureValue") {
		t.Errorf("got %s", res)
	}
	_, other := h.KeyPair()
	for code, document := range map[string]string{
		"unsigned": document, "signature": strings.Replace(signed, "Ada", "Eve", 1), "certificate": h.SignXML(document, sdk.XMLName{Name: "deed"}, other), "malformed": "<!DOCTYPE x>" + signed,
	} {
		if res := h.POST("/deed", `{"document":`+quoted(document)+`}`); res.Status != 400 || res.Text("code") != code {
			t.Errorf("%s: got %s", code, res)
		}
	}
}
