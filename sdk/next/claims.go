package sdk

import "strings"

// UserClaims returns options for Keys.Sign with claims about the session's
// user, by the plugin's configuration: the user's fields that
// config.claims.fields lists, or all of them but the dropped ones if neither
// that nor config.claims.templates is set; the members of
// config.claims.constants as they are; and those of config.claims.templates,
// texts with {{user.FIELD}} and {{session.FIELD}} in them. A template that is
// one field alone becomes the field's value, whatever its type, and no claim if
// there is no such field. Claims that the plugin appends replace any of the
// same name.
func UserClaims(c *Call, dropped ...string) KeySignOptions {
	var o KeySignOptions
	claims := c.Config("claims")
	fields, templates := claims.Get("fields"), claims.Get("templates")
	if fields.IsAbsent() && templates.text == "" {
		o.Base, o.Omit = Copy("session.user"), dropped
	}
	for _, name := range fields.Texts() {
		o.Claims = append(o.Claims, F(name, Copy("session.user."+EscapeName(name))))
	}
	for name, v := range claims.Get("constants").Members() {
		o.Claims = append(o.Claims, F(name, v))
	}
	if templates.text == "" {
		return o
	}
	s := c.Session()
	for name, template := range templates.Members() {
		o.Claims = append(o.Claims, F(name, s.fill(template.String())))
	}
	return o
}

// fill puts fields of the session and its user into a text.
func (s CurrentSession) fill(template string) Value {
	before, rest, found := strings.Cut(template, "{{")
	if !found {
		return String(template)
	}
	if path, after, ok := strings.Cut(rest, "}}"); ok && before == "" && after == "" {
		return s.field(path)
	}
	out := []byte(before)
	for found {
		var path string
		if path, rest, found = strings.Cut(rest, "}}"); !found {
			break // a brace that nothing closes; the schema refuses it
		}
		out = append(out, s.field(path).text...)
		before, rest, found = strings.Cut(rest, "{{")
		out = append(out, before...)
	}
	return String(string(out))
}

// field reads user.FIELD or session.FIELD. A session's token is no claim: who
// reads the claims could act as the user.
func (s CurrentSession) field(path string) Value {
	kind, name, _ := strings.Cut(strings.TrimSpace(path), ".")
	switch {
	case kind == "user":
		return s.User.Fields.Get(name)
	case kind == "session" && name != "token":
		return s.Session.Fields.Get(name)
	}
	return Value{}
}
