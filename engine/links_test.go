package engine_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// linkTenant has every mailed link. The argument is more of emailVerification.
const linkTenant = `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    trustedOrigins: [https://app.example]
    plugins:
      - id: email-password
        config:
          sendResetPassword: true
          emailVerification: {sendVerificationEmail: true, autoSignInAfterVerification: true%s}
      - id: account
        config:
          changeEmail: {enabled: true, sendChangeEmailConfirmation: true}
          deleteUser: {enabled: true, sendDeleteAccountVerification: true}
          emailVerification: {sendVerificationEmail: true}
`

const landing = "https://app.example/welcome?a=1&b=%22%3E"

// verifyLinks are the links to /verify-email, and what each does.
var verifyLinks = map[string]struct {
	issue func(*person) string
	done  func(*person) bool
}{
	"verify": {
		func(p *person) string {
			return p.mailed("/send-verification-email", map[string]any{"email": p.email, "callbackURL": landing})
		},
		(*person).verified,
	},
	"confirm a change": {
		func(p *person) string {
			p.verify()
			return p.mailed("/change-email", map[string]any{"newEmail": p.other("next.example"), "callbackURL": landing})
		},
		func(p *person) bool {
			return slices.ContainsFunc(p.outbox("main"), func(m struct{ To, URL, Token, OTP, Template string }) bool { return m.To == p.other("next.example") })
		},
	},
	"change": {
		func(p *person) string {
			return p.mailed("/change-email", map[string]any{"newEmail": p.other("next.example"), "callbackURL": landing})
		},
		func(p *person) bool { return p.get("/get-session").get("user.email") == p.other("next.example") },
	},
}

// navigation are the headers of a browser that opens a link of another site's.
var navigation = http.Header{
	"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}, "Accept": {"text/html"},
}

func script(site string) http.Header {
	return http.Header{"Sec-Fetch-Site": {site}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"}, "Origin": {"https://app.example"}}
}

// linkCase is a person with a link that was mailed to them.
type linkCase struct {
	*person
	path string // of the link, with its query
	done func(*person) bool
}

func newLinkCase(s *server, kind, name string) linkCase {
	p := newPerson(s, name)
	s.clearOutbox()
	token := verifyLinks[kind].issue(p)
	return linkCase{p, "/api/auth/verify-email?token=" + token + "&callbackURL=" + url.QueryEscape(landing), verifyLinks[kind].done}
}

// without opens the link as somebody without cookies.
func (l linkCase) without(method string, header http.Header) answer {
	l.t.Helper()
	return l.do(request{method: method, path: l.path, header: header})
}

// TestMailedLinksWaitForAClick: what opens a link without being the browser that
// asked for it changes nothing and gets no cookie; the form of the page that it
// gets does what the link is for.
func TestMailedLinksWaitForAClick(t *testing.T) {
	needPlugins(t, "email-password", "account")
	s := serve(t, fmt.Sprintf(linkTenant, ""))
	n := 0
	for kind := range verifyLinks {
		t.Run(kind, func(t *testing.T) {
			n++
			l := newLinkCase(s, kind, fmt.Sprint("ada", n))
			prefetch := request{method: "GET", path: l.path, cookie: l.cookie, header: http.Header{"Sec-Purpose": {"prefetch;prerender"}}}
			for _, stranger := range []struct {
				name string
				open func() answer
			}{
				{"a scanner", func() answer { return l.without("GET", nil) }},
				{"another browser", func() answer { return l.without("GET", navigation) }},
				{"HEAD", func() answer { return l.without("HEAD", nil) }},
				{"OPTIONS", func() answer { return l.without("OPTIONS", nil) }},
				{"a prefetch", func() answer { return s.do(prefetch) }},
				{"another site's script", func() answer { return l.without("GET", script("cross-site")) }},
				{"another site's form", func() answer { return s.submits(t, l.without("GET", nil), "https://evil.example", "cross-site") }},
			} {
				if got := stranger.open(); len(got.cookies) > 0 || l.done(l.person) {
					t.Fatalf("%s: %d %s, cookies %v, done %v", stranger.name, got.status, got.text, got.cookies, l.done(l.person))
				}
			}
			if got := l.without("GET", script("cross-site")); !strings.HasSuffix(got.header.Get("Location"), "&error=CONFIRMATION_REQUIRED") {
				t.Errorf("another site's script: %d %s", got.status, got.text)
			}
			page := l.without("GET", navigation)
			wantPage(t, page)
			got := s.submits(t, page, "http://main.example", "same-origin")
			if got.status != 302 || got.header.Get("Location") != landing || !l.done(l.person) {
				t.Errorf("the form: %d %s to %s, done %v", got.status, got.text, got.header.Get("Location"), l.done(l.person))
			}
		})
	}
}

// wantPage checks that an answer is a page that may do nothing but send its form.
func wantPage(t *testing.T, a answer) {
	t.Helper()
	policy := a.header.Get("Content-Security-Policy")
	if a.status != 200 || a.header.Get("Content-Type") != "text/html" || !strings.Contains(policy, "default-src 'none'") ||
		!strings.Contains(policy, "form-action 'self' https://app.example;") || !strings.Contains(policy, "frame-ancestors 'none'") ||
		a.header.Get("Referrer-Policy") != "same-origin" || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page: %d %v\n%s", a.status, a.header, a.text)
	}
	for _, never := range []string{"<script", "b=\">", "http-equiv"} {
		if strings.Contains(a.text, never) {
			t.Errorf("the page has %s:\n%s", never, a.text)
		}
	}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
	formInput  = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)
)

// submits sends the form of a page, as a browser without cookies does.
func (s *server) submits(t *testing.T, page answer, origin, site string) answer {
	t.Helper()
	action := formAction.FindStringSubmatch(page.text)
	if action == nil {
		t.Fatalf("no form: %d %s", page.status, page.text)
	}
	form := url.Values{}
	for _, m := range formInput.FindAllStringSubmatch(page.text, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return s.do(request{method: "POST", path: "/api/auth/" + action[1], body: form.Encode(), origin: origin, header: http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {site}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"},
	}})
}

// TestMailedLinksAtOnce: the browser of the user, the app's scripts and requests
// that say so need no click.
func TestMailedLinksAtOnce(t *testing.T) {
	needPlugins(t, "email-password", "account")
	s := serve(t, fmt.Sprintf(linkTenant, ""))
	n := 0
	for kind := range verifyLinks {
		for name, open := range map[string]func(linkCase) answer{
			"the user's browser": func(l linkCase) answer {
				return s.do(request{method: "GET", path: l.path, cookie: l.cookie, header: navigation})
			},
			"a script of the app": func(l linkCase) answer { return l.without("GET", script("same-site")) },
			"an app":              func(l linkCase) answer { return l.without("GET", http.Header{"Origin": {"https://app.example"}}) },
			"a script's POST": func(l linkCase) answer {
				u, _ := url.Parse(l.path)
				body := fmt.Sprintf(`{"token":%q,"callbackURL":%q}`, u.Query().Get("token"), landing)
				return s.do(request{method: "POST", path: u.Path, body: body, origin: "https://app.example", header: script("cross-site")})
			},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				n++
				l := newLinkCase(s, kind, fmt.Sprint("bob", n))
				if got := open(l); got.status != 302 || got.header.Get("Location") != landing || !l.done(l.person) {
					t.Errorf("%d %s to %s, done %v", got.status, got.text, got.header.Get("Location"), l.done(l.person))
				}
			})
		}
	}
}

// TestConfirmLinksSettings: a tenant can have links take effect when anything
// opens them, and can have a page of its own.
func TestConfirmLinksSettings(t *testing.T) {
	needPlugins(t, "email-password", "account")
	t.Run("off", func(t *testing.T) {
		l := newLinkCase(serve(t, fmt.Sprintf(linkTenant, ", confirmLinks: false")), "verify", "ada")
		if got := l.without("GET", nil); got.header.Get("Location") != landing || got.cookies["better-auth.session_token"] == "" || !l.verified() {
			t.Errorf("%d %s, cookies %v", got.status, got.text, got.cookies)
		}
	})
	t.Run("a page of the app's", func(t *testing.T) {
		l := newLinkCase(serve(t, fmt.Sprintf(linkTenant, `, confirmPageURL: "https://app.example/confirm"`)), "verify", "ada")
		got := l.without("GET", navigation)
		to, err := url.Parse(got.header.Get("Location"))
		if err != nil || got.status != 302 || to.Host+to.Path != "app.example/confirm" || to.Query().Get("token") == "" || to.Query().Get("callbackURL") != landing || l.verified() {
			t.Errorf("%d to %s, %v", got.status, to, err)
		}
	})
}

// TestOtherMailedLinks: the link of a reset only leads to the app's page, and that
// of a deletion works in the user's browser alone, once somebody opens it.
func TestOtherMailedLinks(t *testing.T) {
	needPlugins(t, "email-password", "account")
	s := serve(t, fmt.Sprintf(linkTenant, ""))
	p := newPerson(s, "eve")
	s.clearOutbox()
	token := p.mailed("/delete-user", map[string]any{"callbackURL": "/bye"})
	link := request{method: "GET", path: "/api/auth/delete-user/callback?callbackURL=%2Fbye&token=" + token}
	s.do(link).want(t, 404, "FAILED_TO_GET_USER_INFO")
	s.do(request{method: "HEAD", path: link.path, cookie: p.cookie}).want(t, 404, "")
	s.do(request{method: "GET", path: link.path, cookie: p.cookie, header: http.Header{"Purpose": {"prefetch"}}}).want(t, 403, "PREFETCH")

	reset := p.mailed("/request-password-reset", map[string]any{"email": p.email, "redirectTo": "/new"})
	for _, method := range []string{"GET", "HEAD", "GET"} {
		got := s.do(request{method: method, path: "/api/auth/reset-password/" + reset + "?callbackURL=%2Fnew"})
		if method == "GET" && got.status != 302 || len(got.cookies) > 0 {
			t.Errorf("%s of a reset link: %d, cookies %v", method, got.status, got.cookies)
		}
	}
	link.cookie = p.cookie
	if got := s.do(link); got.header.Get("Location") != "/bye" {
		t.Errorf("the deletion in the user's browser: %d %s", got.status, got.text)
	}
	s.signIn("", p.email, password).want(t, 401, "")
}
