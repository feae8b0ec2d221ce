package sdk

// arguments builds the arguments of a host call: as JSON, which crosses to the
// host in one piece, until there is a value that the host has to copy. From
// there on they are set in the document, one by one, in the same order.
type arguments struct {
	c       *Call
	json    []byte
	prefix  []byte // where members go once they are set in the document
	open    []int  // lengths of prefix, one for each object that is open
	setting bool
	failed  error
	secrets []Field // places, with paths of the configuration
}

// begin starts the arguments of the next host call.
func (c *Call) begin() *arguments {
	a := &c.args
	*a = arguments{c: c, json: append(a.json[:0], '{'), prefix: append(a.prefix[:0], "args."...), open: a.open[:0], secrets: a.secrets[:0]}
	return a
}

// member adds a member to the object that is open.
func (a *arguments) member(name string, v Value) {
	switch {
	case v.kind == KindAbsent:
		return
	case v.kind == kindSecret:
		a.secrets = append(a.secrets, F(string(a.prefix[len("args."):])+EscapeName(name), String(v.text)))
		return
	case v.kind == kindPath && !a.setting:
		a.flush()
	}
	if a.setting {
		a.set(EscapeName(name), v)
		return
	}
	a.name(name)
	a.json = v.appendJSON(a.json)
}

func (a *arguments) name(name string) {
	if a.json[len(a.json)-1] != '{' {
		a.json = append(a.json, ',')
	}
	a.json = append(appendQuoted(a.json, name), ':')
}

// flush puts what there is so far into the document.
func (a *arguments) flush() {
	a.setting = true
	if len(a.json) == 1 {
		return
	}
	text := a.json
	for range len(a.open) + 1 {
		text = append(text, '}')
	}
	a.write([]byte("args"), JSON(string(text)))
}

func (a *arguments) set(name string, v Value) {
	a.write(append(a.prefix, name...), v)
}

func (a *arguments) write(path []byte, v Value) {
	if s := a.c.host.set(path, v); s != ok && a.failed == nil {
		a.failed = &HostError{Status: s, Function: "set " + string(path)}
	}
}

// object opens a member that is an object; end closes it.
func (a *arguments) object(name string) {
	a.open = append(a.open, len(a.prefix))
	a.prefix = append(append(a.prefix, EscapeName(name)...), '.')
	if !a.setting {
		a.name(name)
		a.json = append(a.json, '{')
	}
}

func (a *arguments) end() {
	a.prefix = a.prefix[:a.open[len(a.open)-1]]
	a.open = a.open[:len(a.open)-1]
	if !a.setting {
		a.json = append(a.json, '}')
	}
}

// text adds a text that must be given.
func (a *arguments) text(name, s string) { a.member(name, String(s)) }

// optional adds a text unless it is "".
func (a *arguments) optional(name, s string) {
	if s != "" {
		a.member(name, String(s))
	}
}

// number adds an integer unless it is 0 and may be left out.
func (a *arguments) number(name string, n int64, required bool) {
	if n != 0 || required {
		a.member(name, Int(n))
	}
}

// flag adds true; false is left out.
func (a *arguments) flag(name string, b bool) {
	if b {
		a.member(name, Bool(true))
	}
}

// fields adds an object of fields, nothing if there are none.
func (a *arguments) fields(name string, fields []Field, required bool) {
	if len(fields) == 0 && !required {
		return
	}
	a.object(name)
	a.members(fields)
	a.end()
}

func (a *arguments) members(fields []Field) {
	for _, f := range fields {
		a.member(f.Name, f.Value)
	}
}

// texts adds an array of texts, nothing if there are none.
func (a *arguments) texts(name string, texts []string) {
	if len(texts) > 0 {
		a.member(name, Strings(texts...))
	}
}

// call makes the host call and returns its result.
func (a *arguments) call(f hostFunction, capability, name string) (Value, error) {
	if len(a.secrets) > 0 {
		a.fields("secrets", a.secrets, true)
	}
	if a.failed != nil {
		a.c.host.set([]byte("args"), Value{}) // what was written is for no other call
		return Value{}, a.failed
	}
	in := ""
	if !a.setting && len(a.json) > 1 {
		in = string(append(a.json, '}'))
	}
	status, v := a.c.host.call(f, capability, name, in)
	if status == ok {
		return v, nil
	}
	return Value{}, &HostError{Status: status, Function: capability + "." + name, Code: v.Get("code").String(), Message: v.Get("message").String()}
}
