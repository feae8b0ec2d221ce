package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// lockedTenants lock accounts after two wrong passwords, and count clients.
const lockedTenants = `
  trustedProxies: [127.0.0.1/32]
  maxCounters: 400
tenants:
  - id: main
    baseURL: http://main.example
    plugins: [{id: email-password, config: {accountLockout: {enabled: true, maxFailedAttempts: 2}}}]
    rateLimit: {enabled: false}
  - id: other
    baseURL: http://other.example
    plugins: [{id: email-password, config: {accountLockout: {enabled: true, maxFailedAttempts: 2}}}]
    rateLimit: {enabled: true, max: 2, window: 60s, rules: [{path: /sign-in/email, max: 2, window: 60s}]}
`

// TestCountersAreShared: neither invented addresses of accounts nor invented
// addresses of clients lock anybody out, in their own tenant or another, and
// they unlock nobody.
func TestCountersAreShared(t *testing.T) {
	needPlugins(t, "email-password")
	s := serve(t, lockedTenants)
	from := func(ip, host, email, password string) answer {
		return s.do(request{method: "POST", host: host, path: "/api/auth/sign-in/email", origin: "http://" + host, header: http.Header{"X-Forwarded-For": {ip}},
			body: `{"email":"` + email + `","password":"` + password + `"}`})
	}
	for _, host := range []string{"main.example", "other.example"} {
		s.signUp(host, "ada@example.com").want(t, 200, "")
	}
	s.signUp("main.example", "bob@example.com").want(t, 200, "")
	for range 2 {
		from("203.0.113.1", "main.example", "bob@example.com", "wrong-password").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	}
	long := strings.Repeat("x", 5000) // costs the server less than others, if anything does
	for i := range 500 {
		from("203.0.113.1", "main.example", fmt.Sprintf("nobody%d@example.com", i), long).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	}
	from("203.0.113.2", "main.example", "ada@example.com", password).want(t, 200, "")
	from("203.0.113.2", "other.example", "ada@example.com", password).want(t, 200, "")
	from("203.0.113.1", "main.example", "bob@example.com", password).want(t, 429, "ACCOUNT_TEMPORARILY_LOCKED")

	for i := range 500 {
		from(fmt.Sprintf("198.51.%d.%d", i/250, i%250), "other.example", "eve@example.com", "wrong-password")
	}
	from("203.0.113.3", "other.example", "ada@example.com", password).want(t, 200, "")
}
