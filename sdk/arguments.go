package sdk

import "strconv"

// arguments builds the arguments of a host call as JSON, which crosses to the
// host in one piece. Where the host has to copy a value, the text has null:
// it is then put into the document, and the copies are made in it.
type arguments struct {
	c       *Call
	json    []byte
	path    []byte  // of the object that is open, each name with a dot after it
	open    []int   // lengths of path, one for each object that is open
	copies  []Field // places below args, with values made by Copy
	secrets []Field // places below args, with paths of the configuration
}

// argumentBytes is what most arguments fit in. To grow there from nothing would
// take memory of many sizes, and each call begins with nothing.
const argumentBytes = 512

// begin starts the arguments of the next host call.
func (c *Call) begin() *arguments {
	a := &c.args
	if a.json == nil {
		a.json = make([]byte, 0, argumentBytes)
	}
	*a = arguments{c: c, json: append(a.json[:0], '{'), path: a.path[:0], open: a.open[:0], copies: a.copies[:0], secrets: a.secrets[:0]}
	return a
}

// member adds a member to the object that is open, unless it is absent.
func (a *arguments) member(name string, v Value) {
	switch v.kind {
	case KindAbsent:
		return
	case kindSecret:
		a.secrets = append(a.secrets, F(a.place(name), String(v.text)))
		return
	case kindPath:
		a.copies = append(a.copies, F(a.place(name), v))
		v = Null // keeps the place among the members
	}
	a.name(name)
	a.json = v.appendJSON(a.json)
}

// place is the path of a member below args.
func (a *arguments) place(name string) string { return string(a.path) + EscapeName(name) }

func (a *arguments) name(name string) {
	a.separate()
	a.json = append(appendQuoted(a.json, name), ':')
}

// separate adds a comma behind what is there already.
func (a *arguments) separate() {
	if last := a.json[len(a.json)-1]; last != '{' && last != '[' {
		a.json = append(a.json, ',')
	}
}

// object opens a member that is an object; end closes it.
func (a *arguments) object(name string) {
	a.name(name)
	a.begin('{', EscapeName(name))
}

func (a *arguments) end() { a.close('}') }

// list opens a member that is an array of objects; endList closes it.
func (a *arguments) list(name string) {
	a.name(name)
	a.begin('[', EscapeName(name))
}

func (a *arguments) endList() { a.close(']') }

// item opens the object at a place of the array that is open; end closes it.
func (a *arguments) item(i int) {
	a.separate()
	a.begin('{', strconv.Itoa(i))
}

// begin opens an object or an array at a name below what is open.
func (a *arguments) begin(bracket byte, name string) {
	a.json = append(a.json, bracket)
	a.open = append(a.open, len(a.path))
	a.path = append(append(a.path, name...), '.')
}

func (a *arguments) close(bracket byte) {
	a.json = append(a.json, bracket)
	last := len(a.open) - 1
	a.path, a.open = a.path[:a.open[last]], a.open[:last]
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

// fields adds an object of fields, nothing if there are none and it may be left
// out.
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
		a.name(name)
		a.json = appendTexts(a.json, texts)
	}
}

// call makes the host call and returns its result.
func (a *arguments) call(f hostFunction, capability, name string) (Value, error) {
	if len(a.secrets) > 0 {
		a.fields("secrets", a.secrets, true)
	}
	in := ""
	if len(a.json) > len("{") {
		in = string(append(a.json, '}'))
	}
	if len(a.copies) > 0 {
		if err := a.copy(in); err != nil {
			return Value{}, err
		}
		in = "" // the host takes them from the document
	}
	status, v := a.c.host.call(f, capability, name, in)
	if status == ok {
		return v, nil
	}
	return Value{}, &HostError{Status: status, Function: capability + "." + name, Code: v.Get("code").String(), Message: v.Get("message").String()}
}

// argsPath is where the document has the arguments of the next call.
const argsPath = "args"

// copy puts the arguments into the document and lets the host copy values in
// it. A call whose arguments could not be written is not made.
func (a *arguments) copy(in string) error {
	err := a.c.set([]byte(argsPath), JSON(in))
	for _, f := range a.copies {
		if err == nil {
			err = a.c.set([]byte(argsPath+"."+f.Name), f.Value)
		}
	}
	if err != nil {
		a.c.host.set([]byte(argsPath), Value{}) // what was written is for no other call
	}
	return err
}
