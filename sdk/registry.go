package sdk

// Handler serves one numbered entry of a plugin.
type Handler func(*Call) Result

var handlers = map[int32]Handler{}

// Register makes h serve the handler number that the manifest gives it. Call
// it while package main initializes: the host takes its picture of the module
// right after. Registering a number twice panics.
func Register(number int32, h Handler) {
	if _, taken := handlers[number]; taken {
		panic("sdk: a handler number is registered twice")
	}
	handlers[number] = h
}

// run calls a handler. A number without a handler is a fault of the manifest
// and fails.
func run(c *Call, number int32) Result {
	h, ok := handlers[number]
	if !ok {
		c.Log(Error, "the manifest names a handler number that the plugin did not register")
		return Failed
	}
	return h(c)
}
