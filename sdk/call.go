package sdk

// Call is one run of a handler. It is valid until the handler returns.
type Call struct {
	host   transport
	path   []byte // scratch for paths that accessors put together
	args   arguments
	failed error // the first write of the document that was not done
}

// Get reads a field of the call's document. A path that names nothing gives
// an absent Value. An object is read whole, with one call of the host.
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
// Setting an absent Value deletes the field.
//
// A write that is not done makes the handler fail, unless it returns an error
// of its own: the first such write is what Err returns.
func (c *Call) Set(path string, v Value) {
	c.path = append(c.path[:0], path...)
	c.write(v)
}

// Try is Set for a field that a handler can do without: the error of a write
// that is not done is returned, and the handler does not fail.
func (c *Call) Try(path string, v Value) error {
	c.path = append(c.path[:0], path...)
	return c.set(c.path, v)
}

func (c *Call) put(prefix, name string, v Value) {
	c.path = append(c.path[:0], prefix...)
	if name == "" {
		c.path = c.path[:len(c.path)-1]
	}
	c.path = append(c.path, name...)
	c.write(v)
}

// write sets the field at c.path.
func (c *Call) write(v Value) {
	if err := c.set(c.path, v); err != nil && c.failed == nil {
		c.failed = err
	}
}

// set sets the field at a path.
func (c *Call) set(path []byte, v Value) error {
	if s := c.host.set(path, v); s != ok {
		return &HostError{Status: s, Function: writePrefix + string(path)}
	}
	return nil
}

// Err returns the first write of the document that was not done, nil if all
// were: a *HostError whose status is Denied if this call may not write there,
// Invalid if the field does not take the value, or Limit.
func (c *Call) Err() error { return c.failed }

// Keep puts a value into the document's scratch, where it stays until the
// handler returns: with Copy, values that the plugin passes on need not pass
// through it.
func (c *Call) Keep(name string, v Value) { c.put("scratch.", name, v) }

// Kept stands for a value that Keep put into scratch, as Copy does.
func Kept(name string) Value { return Copy("scratch." + name) }

// Log writes a line to the server's log, marked with plugin, tenant and
// request. Do not log secrets.
func (c *Call) Log(level Level, message string) { c.host.log(level, message) }
