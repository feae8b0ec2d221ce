package sdk

// Call is one run of a handler. It is valid until the handler returns.
type Call struct {
	host transport
	path []byte // scratch for paths that accessors put together
}

// Get reads a field of the call's document. A path that names nothing gives
// an absent Value.
func (c *Call) Get(path string) Value {
	c.path = append(c.path[:0], path...)
	return c.host.get(c.path)
}

// at reads the field at prefix + name; prefix ends in a dot.
func (c *Call) at(prefix, name string) Value {
	c.path = append(append(c.path[:0], prefix...), name...)
	return c.host.get(c.path)
}

// Set writes a field of the call's document. Objects are made on the way; a
// name that is a number is an index into an array, and "-" appends to one.
// Setting an absent Value deletes the field. Fields that this call may not
// write are Denied.
func (c *Call) Set(path string, v Value) Status {
	c.path = append(c.path[:0], path...)
	return c.host.set(c.path, v)
}

func (c *Call) put(prefix, name string, v Value) Status {
	c.path = append(c.path[:0], prefix...)
	if name == "" {
		c.path = c.path[:len(c.path)-1]
	}
	c.path = append(c.path, name...)
	return c.host.set(c.path, v)
}

// Arg sets a part of the next capability call's arguments. The typed methods
// set theirs; Arg adds what they do not have.
func (c *Call) Arg(name string, v Value) Status { return c.put("args.", name, v) }

// Keep puts a value into the document's scratch, where it stays until the
// handler returns: with Copy, values that the plugin passes on need not pass
// through it. Kept reads one.
func (c *Call) Keep(name string, v Value) Status { return c.put("scratch.", name, v) }

// Kept reads a value that Keep put into scratch.
func (c *Call) Kept(name string) Value { return c.at("scratch.", name) }

func (c *Call) args(prefix string, fields []Field) {
	for _, f := range fields {
		c.put(prefix, f.Name, f.Value)
	}
}

// Result reads a part of the last capability call's result: of one that was
// refused, code and message.
func (c *Call) Result(name string) Value { return c.at("result.", name) }

// Log writes a line to the server's log, marked with plugin, tenant and
// request. Do not log secrets.
func (c *Call) Log(level Level, message string) { c.host.log(level, message) }

// Names returns the member names of the object at a path, in their order. It
// is empty if there is no object.
func (c *Call) Names(path string) []string { return memberNames(c.Get(path).text) }
