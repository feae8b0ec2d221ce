// Command social is the plugin of that name: it signs users in with accounts
// that they have elsewhere, by OAuth 2.0 (RFC 6749, RFC 9700) and OpenID
// Connect, as Better Auth's social providers and its generic OAuth plugin do.
//
// A flow begins at /sign-in/social, /link-social or the older routes of generic
// OAuth, which keep its state and send the browser to the provider. It ends at
// the callback, which takes the state, exchanges the code, asks who the user
// is, and finds, links or creates the user here. State is good once, for ten
// minutes, for one provider and one browser. Client secrets are filled in by
// the host; the tokens of a provider pass from answer to account within the
// host, and through this plugin only where an endpoint gives them out.
//
// presets.go has the providers that are known by name; any other is described
// in the configuration. manifest.json declares routes and options.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, signInSocial)
	sdk.Register(2, signInOAuth2)
	sdk.Register(3, linkSocial)
	sdk.Register(4, linkOAuth2)
	sdk.Register(5, callback)
	sdk.Register(6, passCallback)
	sdk.Register(7, callbackOAuth2)
	sdk.Register(8, getAccessToken)
	sdk.Register(9, refreshToken)
	sdk.Register(10, accountInfo)
	sdk.Register(11, signedOut)
	sdk.Register(12, getAccessToken)
	sdk.Register(13, refreshToken)
	sdk.Register(14, unlinked)
}

func main() {} // never called: the host calls handlers
