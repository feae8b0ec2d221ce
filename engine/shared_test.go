package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/authhost/authhost/internal/redistest"
)

// inRedis is a configuration of one tenant whose sessions and counts are in
// Redis.
func inRedis(server *redistest.Server, session string) string {
	return fmt.Sprintf(`
redis: {url: %q, timeout: 5s}
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    session: {storage: redis%s}
    rateLimit: {enabled: true, storage: redis}
    plugins: [{id: email-password}, {id: account}]
`, server.URL, session)
}

// TestSessionsInRedis: sessions work as ever while Redis answers, and while it
// does not nobody is taken for signed out.
func TestSessionsInRedis(t *testing.T) {
	needPlugins(t, "email-password", "account")
	for _, copied := range []bool{false, true} {
		t.Run(fmt.Sprintf("copied %v", copied), func(t *testing.T) {
			redis := redistest.Start(t)
			s := serve(t, inRedis(redis, map[bool]string{true: ", storeInDatabase: true"}[copied]))
			up := s.signUp("", "ada@example.com").want(t, 200, "")
			in := s.signIn("", "ada@example.com", password).want(t, 200, "")
			list := s.do(request{method: "GET", path: "/api/auth/list-sessions", cookie: in.cookie()}).want(t, 200, "")
			if strings.Count(list.text, `"token":`) != 2 {
				t.Errorf("sessions %s", list.text)
			}
			s.do(request{method: "POST", path: "/api/auth/revoke-session", body: `{"token":"` + up.get("token") + `"}`, cookie: in.cookie()}).want(t, 200, "")
			if got := s.session("", up.cookie()); got.text != "null" || !got.expired["better-auth.session_token"] {
				t.Errorf("a revoked session: %s", got.text)
			}
			redis.Stop()
			switch got := s.session("", in.cookie()); {
			case copied && got.get("user.email") != "ada@example.com":
				t.Errorf("without Redis: %d %s", got.status, got.text)
			case !copied:
				got.want(t, 503, "SERVICE_UNAVAILABLE")
				if len(got.expired) > 0 || got.header.Get("Retry-After") == "" {
					t.Errorf("without Redis: expires %v, Retry-After %q", got.expired, got.header.Get("Retry-After"))
				}
			}
			s.do(request{method: "POST", path: "/api/auth/sign-out", body: `{}`, cookie: in.cookie()}).want(t, 503, "SERVICE_UNAVAILABLE")
			if strings.Contains(s.log.String(), up.get("token")) {
				t.Error("the log has a token")
			}
		})
	}
}

// TestCountsInRedis: nodes count together, and each by itself while Redis does
// not answer.
func TestCountsInRedis(t *testing.T) {
	needPlugins(t, "email-password", "account")
	redis := redistest.Start(t)
	nodes := []*server{serve(t, inRedis(redis, "")), serve(t, inRedis(redis, ""))}
	refused := func(tries int) (n int) {
		for i := range tries {
			node := nodes[i%2]
			if got := node.do(request{method: "POST", path: "/api/auth/sign-in/email", body: `{"email":"x@example.com","password":"wrong-password"}`}); got.status == http.StatusTooManyRequests {
				n++
			}
		}
		return n
	}
	if n := refused(6); n != 3 {
		t.Errorf("%d of 6 tries at two nodes were refused, want 3", n)
	}
	redis.Stop()
	if n := refused(8); n != 2 {
		t.Errorf("without Redis %d of 8 were refused, want 2", n)
	}
	if !strings.Contains(nodes[0].log.String(), "counted in this node's memory alone") {
		t.Error("the log does not say so")
	}
}

// TestCountsInStore: the answers are those of counts in memory.
func TestCountsInStore(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	text := strings.Replace(oneTenant, "    cors: true\n", "    rateLimit: {enabled: true, storage: store}\n", 1)
	s := serve(t, text)
	for i, want := range []int{401, 401, 401, 429, 429} {
		got := s.do(request{method: "POST", path: "/api/auth/sign-in/email", body: `{"email":"x@example.com","password":"wrong-password"}`})
		if got.status != want {
			t.Errorf("try %d: %d", i+1, got.status)
		}
		if want == 429 && (got.header.Get("X-Retry-After") != "10" || got.header.Get("Content-Type") != "text/plain;charset=UTF-8") {
			t.Errorf("headers %v", got.header)
		}
	}
}
