// Command convex is the plugin of that name: it issues the tokens that a
// Convex deployment trusts, as the server side of @convex-dev/better-auth
// does. /convex/token gives a token to a signed-in client, /convex/jwks the
// keys to check it with; the cookie convex_jwt follows the session, for apps
// that render on a server; a session token in the Authorization header counts
// as a session.
//
// Keys are the host's (capability keys, use "convex"). manifest.json declares
// routes, hooks and options. docs/compatibility.md of the project lists where
// the plugin is stricter than its model.
package main

func main() {} // never called: the host calls handlers
