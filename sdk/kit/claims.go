package kit

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// UserClaims returns options for Keys.Sign with claims about a session's user,
// by the plugin's configuration: the user's fields that config.claims.fields
// lists, or all of them but the dropped ones if neither that nor
// config.claims.templates is set; the members of config.claims.constants as
// they are; and those of config.claims.templates, texts with {{user.FIELD}} and
// {{session.FIELD}} in them. A template that is one field alone becomes the
// field's value, whatever its type, and no claim if there is no such field.
// Claims that the plugin appends replace any of the same name.
func UserClaims(c *sdk.Call, s sdk.CurrentSession, dropped ...string) sdk.KeySignOptions {
	config := c.Config("claims")
	fields := config.Get("fields")
	var o sdk.KeySignOptions
	for _, name := range fields.Texts() {
		o.Claims = append(o.Claims, sdk.F(name, s.User.Fields.Get(name)))
	}
	for name, v := range config.Get("constants").Members() {
		o.Claims = append(o.Claims, sdk.F(name, v))
	}
	plain := len(o.Claims)
	for name, template := range config.Get("templates").Members() {
		o.Claims = append(o.Claims, sdk.F(name, fill(s, template.String())))
	}
	if fields.IsAbsent() && len(o.Claims) == plain {
		o.Base, o.Omit = sdk.Copy("session.user"), dropped
	}
	return o
}

// fill puts fields of the session and its user into a text.
func fill(s sdk.CurrentSession, template string) sdk.Value {
	before, rest, found := strings.Cut(template, "{{")
	if !found {
		return sdk.String(template)
	}
	if path, after, ok := strings.Cut(rest, "}}"); ok && before == "" && after == "" {
		return field(s, path)
	}
	out := []byte(before)
	for found {
		var path string
		if path, rest, found = strings.Cut(rest, "}}"); !found {
			break // a brace that nothing closes; the schema refuses it
		}
		out = append(out, field(s, path).Text()...)
		before, rest, found = strings.Cut(rest, "{{")
		out = append(out, before...)
	}
	return sdk.String(string(out))
}

// field reads user.FIELD or session.FIELD. A session's token is no claim: who
// reads the claims could act as the user.
func field(s sdk.CurrentSession, path string) sdk.Value {
	kind, name, _ := strings.Cut(strings.TrimSpace(path), ".")
	switch {
	case kind == "user":
		return s.User.Fields.Get(name)
	case kind == "session" && name != "token":
		return s.Session.Fields.Get(name)
	}
	return sdk.Value{}
}
