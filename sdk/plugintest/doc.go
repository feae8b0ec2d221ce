// Package plugintest runs a plugin's handlers in plain Go tests, without
// WebAssembly and without a server. A Host keeps users, sessions,
// verifications, records, mails and text messages in memory and gives handlers
// the same document and capabilities as the engine does:
//
//	//go:embed manifest.json
//	var manifest []byte
//
//	func TestGreeting(t *testing.T) {
//		h := plugintest.New(t, plugintest.Config{Manifest: manifest})
//		h.SignIn(h.AddUser("ada@example.com", "correct horse"))
//		res := h.GET("/hello")
//		if res.Status != 200 || res.Text("greeting") != "Hello, ada@example.com" {
//			t.Errorf("got %s", res)
//		}
//	}
//
// The test lives in the plugin's own package main, whose handlers register
// themselves as they do in a module.
//
// # What is as in the engine
//
// GET, POST and Do take a request through all handlers of the plugin: hooks on
// request.before, the endpoint, hooks on its answer. What the handlers' calls
// raise on the way, such as user.creating or token.claims, reaches the plugin's
// own hooks. Fire calls one hook for an event of the test's making. Each handler
// is a unit of work: what one that refuses has written is dropped.
//
// Arguments of calls are compared with the contract in package pluginapi, and
// access with the manifest: what a plugin should never do fails the test, unless
// that calls AllowInvalid. Records have the types, indexes and unique values
// that the manifest declares. Permissions are those that the manifest asks for:
// what takes another is absent or denied, and the test's log says which. One
// suite of calls compares the Host with the engine.
//
// CallService calls a service of the plugin, OnService plays one of another
// plugin, and Raised has the events that the plugin raised. RunSchedule runs a
// schedule that has a cron expression; Appointments has those that the plugin made,
// and RunDue keeps them when Advance has moved the clock so far. RemoteToken and
// SignXML play other servers that sign.
//
// # What is not
//
// What the engine does before and after is left out: schemas of bodies, checks of
// origins and redirects, cookies of sessions, signatures with real keys of the
// host's. Signatures of XML are played, those of real documents do not verify. Ids, tokens and the clock are predictable. On replaces any host call,
// to see how a handler takes refusal.
//
// It imports package sdk, whose handlers it runs, and package pluginapi for
// manifests, paths and the contract.
//
// Decisions and their reasons: docs/rationale/authoring.md.
package plugintest
