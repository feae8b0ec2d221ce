package sdk

import "strconv"

// Handler serves an endpoint or a hook. It returns nil to go on: an endpoint
// then answers with what was set, a hook lets happen what it was asked about.
// An *Error refuses, Respond answers at once, and every other error is a fault,
// which is logged. See Error, HostError and Respond.
type Handler func(*Call) error

var handlers = map[int32]Handler{}

// Register makes h serve the handler with a number. The code that "authhost
// plugin bind" makes from a manifest calls it, while package main initializes:
// the host takes its picture of the module right after. Registering a number
// twice panics.
func Register(number int32, h Handler) {
	if _, taken := handlers[number]; taken {
		panic("sdk: handler " + strconv.Itoa(int(number)) + " is registered twice")
	}
	handlers[number] = h
}

// run calls a handler. A number without a handler is a fault of the manifest
// and fails.
func run(c *Call, number int32) result {
	h, ok := handlers[number]
	if !ok {
		c.Log(LevelError, UnregisteredHandler+strconv.Itoa(int(number)))
		return resultFailed
	}
	return conclude(c, h(c))
}

// UnregisteredHandler begins the line of the log that says that the manifest
// names a handler which the plugin did not register; the number follows.
const UnregisteredHandler = "the plugin registers no handler "
