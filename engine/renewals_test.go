package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/session"
)

const renewalTenant = `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    session:
      expiresIn: %s
      updateAge: 1s
      additionalFields: [{name: theme, type: string}]
    plugins:
      - {id: email-password}
      - {id: account, config: {changeEmail: {enabled: true, updateEmailWithoutVerification: true}}}
      - {id: two-factor, config: {skipVerificationOnEnable: true, otpOptions: {sendOTP: true}}}
`

// renewals are what gives a client another session in the place of its own, or
// its cookie again. Each gets the request's cookies.
var renewals = []struct {
	name string
	do   func(s *server, cookie string) answer
}{
	{"another password", func(s *server, cookie string) answer {
		return s.sendJSON(cookie, "/change-password", `{"currentPassword":"`+password+`","newPassword":"`+password+`2","revokeOtherSessions":true}`)
	}},
	{"another name", func(s *server, cookie string) answer { return s.sendJSON(cookie, "/update-user", `{"name":"Ada L."}`) }},
	{"another address", func(s *server, cookie string) answer {
		return s.sendJSON(cookie, "/change-email", `{"newEmail":"lovelace@example.com"}`)
	}},
	{"another field", func(s *server, cookie string) answer {
		return s.sendJSON(cookie, "/update-session", `{"theme":"dark"}`)
	}},
	{"two-factor on", func(s *server, cookie string) answer {
		return s.sendJSON(cookie, "/two-factor/enable", `{"password":"`+password+`"}`)
	}},
	{"two-factor on by mail", func(s *server, cookie string) answer {
		s.sendJSON(cookie, "/two-factor/send-otp", `{}`).want(s.t, 200, "")
		return s.sendJSON(cookie, "/two-factor/verify-otp", `{"code":"`+s.outbox("main")[0].OTP+`"}`)
	}},
	{"two-factor off", func(s *server, cookie string) answer {
		on := s.sendJSON(cookie, "/two-factor/enable", `{"password":"`+password+`"}`).want(s.t, 200, "")
		return s.sendJSON(on.cookie(), "/two-factor/disable", `{"password":"`+password+`"}`)
	}},
}

func (s *server) sendJSON(cookie, path, body string) answer {
	s.t.Helper()
	return s.do(request{method: "POST", path: "/api/auth" + path, cookie: cookie, body: body})
}

// TestRenewalsKeepTheSession: whatever renews a session keeps what rememberMe was
// and what its additional fields have, whether the client sends the cookie that
// says so or only the session's, and however long sessions live.
func TestRenewalsKeepTheSession(t *testing.T) {
	needPlugins(t, "email-password", "account", "two-factor")
	for _, life := range []time.Duration{session.DefaultExpiresIn, session.DontRememberLife, 12 * time.Hour} {
		for _, remember := range []bool{true, false} {
			s := serve(t, fmt.Sprintf(renewalTenant, life))
			for i, renewal := range renewals {
				t.Run(fmt.Sprintf("%s/%v/%s", life, remember, renewal.name), func(t *testing.T) {
					email := fmt.Sprintf("ada%d@example.com", i)
					s.signUp("", email).want(t, 200, "")
					in := s.sendJSON("", "/sign-in/email", fmt.Sprintf(`{"email":%q,"password":%q,"rememberMe":%v}`, email, password, remember)).want(t, 200, "")
					if (in.cookies["better-auth.dont_remember"] == "") != remember {
						t.Fatalf("cookies %v", in.cookies)
					}
					own := "better-auth.session_token=" + in.cookies["better-auth.session_token"]
					s.sendJSON(own, "/update-session", `{"theme":"dark"}`).want(t, 200, "")
					s.clock.Advance(time.Minute)
					renewed := renewal.do(s, own).want(t, 200, "")
					if renewed.lasts("better-auth.session_token") != remember {
						t.Errorf("the cookies are %q", renewed.header["Set-Cookie"])
					}
					s.keepsLife(t, renewed, remember, life)
				})
			}
		}
	}
}

// keepsLife looks at a session after its renewal, now and when it could have been
// extended.
func (s *server) keepsLife(t *testing.T, renewed answer, remember bool, life time.Duration) {
	t.Helper()
	cookie, end := "better-auth.session_token="+renewed.cookies["better-auth.session_token"], session.DontRememberLife
	if remember {
		end = life
	}
	for _, later := range []time.Duration{0, time.Hour} {
		s.clock.Advance(later)
		got := s.session("", cookie)
		expires, err := time.Parse(time.RFC3339, got.get("session.expiresAt"))
		if err != nil || got.get("session.theme") != "dark" {
			t.Fatalf("after %v: session %s", later, got.text)
		}
		left := expires.Sub(s.clock.Now())
		if left > end || remember && left < end-time.Minute-time.Second || !remember && left > end-later {
			t.Errorf("after %v the session lives for %v, want %v", later, left, end)
		}
	}
}

// lasts reports whether the answer sets a cookie that outlives the browser.
func (a answer) lasts(name string) bool {
	for _, line := range a.header["Set-Cookie"] {
		if strings.HasPrefix(line, name+"=") {
			return strings.Contains(line, "Max-Age=")
		}
	}
	return false
}
