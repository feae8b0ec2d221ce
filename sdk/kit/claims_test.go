//go:build !wasip1

package kit_test

import (
	"slices"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// fields is a host that has a document and does no calls.
type fields map[string]sdk.Value

func (f fields) Get(path string) (sdk.Kind, []byte)             { return f[path].Kind(), []byte(f[path].Text()) }
func (fields) Set(string, sdk.Kind, []byte) sdk.Status          { return sdk.OK }
func (fields) Call(string, string, []byte) (sdk.Status, []byte) { return sdk.Unsupported, nil }
func (fields) Log(sdk.Level, string)                            {}

// TestUserClaims: what the configuration says of claims, as options of
// Keys.Sign.
func TestUserClaims(t *testing.T) {
	const session = `{"session":{"id":"s1","token":"secret"},"user":{"id":"u1","name":"Ada","age":36,"a.b":true}}`
	for config, want := range map[string]struct {
		claims string
		base   sdk.Value
	}{
		`{}`: {`{}`, sdk.Copy("session.user")},
		`{"fields":["name","a.b","nobody"],"constants":{"tier":{"n":1}}}`: {`{"name":"Ada","a.b":true,"tier":{"n":1}}`, sdk.Value{}},
		`{"fields":[]}`: {`{}`, sdk.Value{}},
		`{"templates":{"a":"{{user.age}}","b":"{{user.name}}/{{ session.id }}!","c":"{{session.token}}","d":"{{user.nobody}}","e":"<{{user.nobody}}>","f":"plain","g":"{{open"}}`: {
			`{"a":36,"b":"Ada/s1!","e":"<>","f":"plain","g":""}`, sdk.Value{},
		},
	} {
		c := sdk.NewCall(fields{"config.claims": sdk.JSON(config), "session": sdk.JSON(session)})
		o := kit.UserClaims(c, c.Session(), "email")
		if got := sdk.Object(o.Claims...).Text(); got != want.claims || o.Base != want.base {
			t.Errorf("%s: claims %s, base %v; want %s, %v", config, got, o.Base, want.claims, want.base)
		}
		if dropped := !o.Base.IsAbsent(); slices.Equal(o.Omit, []string{"email"}) != dropped {
			t.Errorf("%s: omits %v", config, o.Omit)
		}
	}
}
