// Package sdk is for writing authhost plugins in Go. A plugin is a package
// main that registers its handlers under the numbers which its manifest gives
// them, and is built as a WebAssembly reactor:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags="-s -w" -o hello.wasm
//
// A whole plugin:
//
//	package main
//
//	import "github.com/authhost/authhost/sdk"
//
//	func init() { sdk.Register(1, hello) }
//
//	func hello(c *sdk.Call) sdk.Result {
//		c.SetBody("greeting", sdk.String("Hello, "+c.Session().User("name").String()))
//		return sdk.Continue
//	}
//
//	func main() {} // never called: the host calls handlers
//
// # The document
//
// A handler sees one document: the request, the session, the plugin's
// configuration, the answer so far. Get and Set reach every field of it by
// path, and accessors such as Request and Config spell the common ones. The
// names that accessors take are paths below their part of the document, so
// Body("user.name") is the member name of the member user; EscapeName writes
// a single name that has dots in it.
//
// Fields can be copied inside the host without passing through the guest:
// SetBody("user", sdk.Copy("result.user")). That is faster, needs no JSON, and
// keeps passwords out of the guest's memory.
//
// # Capabilities
//
// What a handler does to the world goes through capabilities: Identity,
// Sessions, Verifications, Crypto, Keys, Email, Random, RateLimit, Audit and
// Storage. Each is an import module of its own, and a plugin imports those
// that its code calls and no others. After every call the full result is at
// the path "result" (Call.Result) until the next call; methods return the
// parts that are needed most.
//
// A call that is not done returns a Status other than OK. Returning
// Call.Fail for it answers the client as the host would.
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
package sdk
