// Package plugintest runs a plugin's handlers in plain Go tests, without
// WebAssembly and without a server. A Host keeps users, sessions,
// verifications, records and mails in memory and gives handlers the same
// document and capabilities as the engine does:
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
// themselves as they do in a module. It checks what the manifest promises:
// requests find their handler by method and path, a session is demanded where
// the manifest demands one, a capability that the manifest does not ask for
// fails the test, and the writes of a handler that denies are dropped.
//
// What the Host does not do is the engine's part before and after: schemas of
// bodies, origin checks, cookies of sessions. Ids, tokens and the clock are
// predictable. On replaces any host call, to see how a handler takes refusal.
//
// It imports package sdk, whose handlers it runs, and package pluginapi for
// manifests and paths.
package plugintest
