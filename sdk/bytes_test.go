package sdk_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/authhost/authhost/sdk"
)

func FuzzBytes(f *testing.F) {
	for _, s := range []string{"", "Zg", "Zh", "Zm9v", "Zm9vYg==", "-_-_", "+/", "Zg\n", "00ff", "0G", "abc", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := []byte(s)
		if got, ok := sdk.DecodeBase64URL(sdk.EncodeBase64URL(b)); !ok || !bytes.Equal(got, b) {
			t.Errorf("base64url: got %q", got)
		}
		if got, ok := sdk.DecodeHex(sdk.EncodeHex(b)); !ok || !bytes.Equal(got, b) {
			t.Errorf("hex: got %q", got)
		}
		if got, want := sdk.EncodeHex(b), hex.EncodeToString(b); got != want {
			t.Errorf("hex: got %s, want %s", got, want)
		}
		want, err := hex.DecodeString(s)
		if got, ok := sdk.DecodeHex(s); ok != (err == nil) || ok && !bytes.Equal(got, want) {
			t.Errorf("hex: got %q and %v, want %q and %v", got, ok, want, err)
		}
		want, err = base64.RawURLEncoding.Strict().DecodeString(s)
		if got, ok := sdk.DecodeBase64URL(s); ok != (err == nil) || ok && !bytes.Equal(got, want) {
			t.Errorf("base64url: got %q and %v, want %q and %v", got, ok, want, err)
		}
	})
}
