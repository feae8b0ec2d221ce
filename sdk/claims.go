package sdk

// PutUserClaims makes claims about the session's user for Sign, by the
// plugin's configuration: the user's fields that config.claims.fields lists,
// or all of them but the dropped ones if it is not set; and the members of
// config.claims.constants as they are. The plugin's own claims, set afterwards
// with Call.Arg, replace any of the same name.
func (k Keys) PutUserClaims(dropped ...string) {
	c := k.c
	if c.Config("claims.fields").IsAbsent() {
		omit := []byte{'['}
		for i, name := range dropped {
			if i > 0 {
				omit = append(omit, ',')
			}
			omit = appendQuoted(omit, name)
		}
		c.Arg("base", Copy("session.user"))
		c.Arg("omit", JSON(string(append(omit, ']'))))
	} else {
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
}
