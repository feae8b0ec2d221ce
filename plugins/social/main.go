// Command social is the plugin of that name: it signs users in with accounts
// that they have elsewhere, by OAuth 2.0 (RFC 6749, RFC 9700) and OpenID
// Connect, as Better Auth's social providers and its generic OAuth plugin do.
//
// A flow begins at /sign-in/social, /link-social or the older routes of generic
// OAuth, which keep its state and send the browser to the provider. It ends at
// the callback, which takes the state, exchanges the code, asks who the user
// is, and finds, links or creates the user here. State is good once, for ten
// minutes, for one provider and one browser. Client secrets are filled in by
// the host.
//
// presets.go has the providers that are known by name; any other is described
// in the configuration. manifest.json declares routes, errors and options.
package main

func main() {} // never called: the host calls handlers
