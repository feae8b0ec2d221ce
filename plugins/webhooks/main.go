// Command webhooks is the plugin of that name: it asks the app before records
// are written, and tells it afterwards, by HTTP requests that are signed as
// Standard Webhooks has it.
//
// Questions ("checks") are asked while the record's unit of work is open; an
// answer can set fields or refuse. Events are delivered from the host's
// durable outbox, so none is lost and those of one user come in order. The
// signing secrets never enter this plugin.
//
// manifest.json declares hooks and options.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	for number := int32(1); number <= 6; number++ {
		sdk.Register(number, ask)
	}
	for number := int32(11); number <= 19; number++ {
		sdk.Register(number, deliver)
	}
}

func main() {} // never called: the host calls handlers

// wants reports whether an object of the configuration lists the event.
func wants(c *sdk.Call, at string) bool {
	return lists(c, at+"events", c.Event())
}

// lists reports whether the array at a path of the configuration has a text.
func lists(c *sdk.Call, path, text string) bool {
	for i := int64(0); ; i++ {
		item := c.Config(path + "." + sdk.Int(i).Text())
		if item.IsAbsent() {
			return false
		}
		if item.String() == text {
			return true
		}
	}
}
