//go:build !wasip1

package kit_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
	"github.com/authhost/authhost/sdk/plugintest"
)

func TestTokens(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	c, tokens := sdk.NewCall(h), kit.Tokens{Prefix: "reset:", Length: 24}
	token, err := tokens.Issue(c, "ada", 60)
	if err != nil || len(token) != 24 || h.Verifications()["reset:"+token] != "ada" {
		t.Fatalf("%q, %v, kept %v", token, err, h.Verifications())
	}
	for _, read := range []func(*sdk.Call, string) (string, error){tokens.Find, tokens.Find, tokens.Spend} {
		if value, err := read(c, token); value != "ada" || err != nil {
			t.Errorf("%q, %v", value, err)
		}
	}
	if _, err := tokens.Spend(c, token); !errors.Is(err, sdk.NotFound) {
		t.Errorf("spent twice: %v", err)
	}
	late, err := tokens.Issue(c, "ada", 60)
	if err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	if _, err := tokens.Find(c, late); !errors.Is(err, sdk.NotFound) {
		t.Errorf("after its time: %v", err)
	}
}

func TestTokenAlphabet(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	h.On("random.string", func(a plugintest.Object) (sdk.Status, any) {
		return sdk.OK, plugintest.Object{"value": strings.Repeat(a["alphabet"].(string), 4)}
	})
	if token, err := (kit.Tokens{Prefix: "p:", Length: 8, Alphabet: "01"}).Issue(sdk.NewCall(h), "x", 60); token != "01010101" || err != nil {
		t.Errorf("%q, %v", token, err)
	}
}
