// Package sdk is for writing authhost plugins in Go. A plugin is a package
// main with handlers that its manifest names, and is built as a WebAssembly
// reactor:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags="-s -w" -o hello.wasm
//
// A whole plugin, whose manifest has {"handler": "hello", "kind": "endpoint", …}:
//
//	package main
//
//	import "github.com/authhost/authhost/sdk"
//
//	func hello(c *sdk.Call) error {
//		return c.Reply(sdk.F("greeting", sdk.String("Hello, "+c.Session().User.Name)))
//	}
//
//	func main() {} // never called: the host calls handlers
//
// "authhost plugin bind" writes the rest from the manifest: it registers the
// handlers, and gives the plugin its configuration, bodies, queries and errors
// as Go types and variables.
//
// # The document
//
// A handler sees one document: the request, the session, the plugin's
// configuration, the answer so far. Get and Set reach every field of it by
// path, and accessors such as Request and Session spell the common ones. An
// object is read whole, with one call of the host, and is a Value that knows
// its members.
//
// Fields can be copied inside the host without passing through the guest:
// SetBody("user", sdk.Copy("result.user")). That keeps passwords out of the
// guest's memory.
//
// A write that the host refuses makes the handler fail at its end, so that no
// write needs a check of its own; Call.Err tells earlier.
//
// # Capabilities
//
// What a handler does to the world goes through capabilities: Identity,
// Sessions, Verifications, Crypto, Keys, Email, Random, RateLimit, Audit,
// Storage, HTTP. Each is an import module of its own, and a plugin imports
// those that its code calls and no others. Their methods are made from the
// contract in package pluginapi.
//
// # Errors
//
// A call that is not done returns a *HostError, which errors.Is compares with a
// Status: errors.Is(err, sdk.NotFound). A handler may return it as it is, and
// the client gets the host's answer to it. An *Error refuses with a code and
// message of the plugin's own.
//
// # State
//
// A handler call may run on any copy of the plugin, may be repeated when its
// writes conflict with another request's, and leaves nothing behind in memory.
// Keep state in Storage. Random numbers come from Random: those of the Go
// standard library are the same in every copy.
//
// # Size
//
// The package avoids fmt, reflection and encoding/json, which together would
// double a small plugin. Plugins are advised to do the same.
//
// Package plugintest runs handlers natively, in plain Go tests. The ABI below
// this package is pluginapi/ABI.md.
//
// Decisions and their reasons: docs/rationale/authoring.md.
package sdk
