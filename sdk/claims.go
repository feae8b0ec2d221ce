package sdk

import "strings"

// PutUserClaims makes claims about the session's user for Sign, by the
// plugin's configuration: the user's fields that config.claims.fields lists,
// or all of them but the dropped ones if neither that nor
// config.claims.templates is set; the members of config.claims.constants as
// they are; and those of config.claims.templates, texts with {{user.FIELD}} and
// {{session.FIELD}} in them. A template that is one field alone becomes the
// field's value, whatever its type, and no claim if there is no such field. The
// plugin's own claims, set afterwards with Call.Arg, replace any of the same
// name.
func (k Keys) PutUserClaims(dropped ...string) {
	c := k.c
	templates := c.Names("config.claims.templates")
	switch fields := c.Config("claims.fields"); {
	case fields.IsAbsent() && len(templates) == 0:
		omit := []byte{'['}
		for i, name := range dropped {
			if i > 0 {
				omit = append(omit, ',')
			}
			omit = appendQuoted(omit, name)
		}
		c.Arg("base", Copy("session.user"))
		c.Arg("omit", JSON(string(append(omit, ']'))))
	case !fields.IsAbsent():
		for i := int64(0); ; i++ {
			name := c.Config("claims.fields." + Int(i).Text())
			if name.IsAbsent() {
				break
			}
			field := EscapeName(name.String())
			c.Arg("claims."+field, Copy("session.user."+field))
		}
	}
	for _, name := range c.Names("config.claims.constants") {
		name = EscapeName(name)
		c.Arg("claims."+name, Copy("config.claims.constants."+name))
	}
	for _, name := range templates {
		name = EscapeName(name)
		if v := c.fillTemplate(c.Config("claims.templates." + name).String()); !v.IsAbsent() {
			c.Arg("claims."+name, v)
		}
	}
}

// fillTemplate puts fields of the session and its user into a text.
func (c *Call) fillTemplate(template string) Value {
	before, rest, found := strings.Cut(template, "{{")
	if !found {
		return String(template)
	}
	if path, after, ok := strings.Cut(rest, "}}"); ok && before == "" && after == "" {
		return c.templateField(path)
	}
	out := []byte(before)
	for found {
		var path string
		if path, rest, found = strings.Cut(rest, "}}"); !found {
			break // a brace that nothing closes; the schema refuses it
		}
		out = append(out, c.templateField(path).text...)
		before, rest, found = strings.Cut(rest, "{{")
		out = append(out, before...)
	}
	return String(string(out))
}

// templateField reads user.FIELD or session.FIELD. A session's token is no
// claim: who reads the claims could act as the user.
func (c *Call) templateField(path string) Value {
	kind, field, _ := strings.Cut(strings.TrimSpace(path), ".")
	switch {
	case kind == "user":
		return c.Session().User(EscapeName(field))
	case kind == "session" && field != "token":
		return c.Session().Get(EscapeName(field))
	}
	return Value{}
}
