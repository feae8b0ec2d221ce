// Package egress makes the HTTP requests that leave the server on behalf of
// plugins, within bounds that no plugin can move.
//
// Addresses are judged when a connection is made, after names were resolved,
// so neither a name that resolves to an internal address nor one that changes
// its mind between two look-ups gets through. Private, loopback, link-local,
// multicast and other special addresses are refused, also where they hide in
// IPv6 forms of IPv4 addresses (Policy.Check), unless the operator lists them.
// Redirects are followed only if asked, and each is judged as a new request.
// No proxy is taken from the environment, no cookies are kept, and time, body
// and header sizes, redirects and concurrent requests are bounded.
//
// Neighbours: engine/capability offers it to plugins as the capability "http"
// and decides which hosts a plugin may name.
//
//	transport := egress.New(egress.Config{Policy: egress.Policy{Allow: allowed}})
//	defer transport.Close()
//	client := transport.Client(egress.DefaultConcurrency)
//	answer, err := client.Do(ctx, egress.Request{Method: "GET", URL: "https://issuer.example/.well-known/openid-configuration"})
//
// Decisions and their reasons: docs/rationale/plugins.md.
package egress
