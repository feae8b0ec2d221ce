//go:build !wasip1

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

const strict = `{"requireEmailVerification":true,"emailVerification":{"sendVerificationEmail":true,"sendOnSignIn":true,"autoSignInAfterVerification":true}}`

// verifyPath returns the path of the newest mail's link.
func verifyPath(t *testing.T, h *plugintest.Host) string {
	t.Helper()
	u, err := url.Parse(h.LastMail().URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path[len(plugintest.BasePath):] + "?" + u.RawQuery
}

// confirm follows a link as the form of its page does, but as JSON.
func confirm(h *plugintest.Host, link string) plugintest.Response {
	_, query, _ := strings.Cut(link, "?")
	values, _ := url.ParseQuery(query)
	body := plugintest.Object{"token": values.Get("token")}
	if page := values.Get("callbackURL"); page != "" {
		body["callbackURL"] = page
	}
	text, _ := json.Marshal(body)
	return h.POST("/verify-email", string(text))
}

func TestVerifyEmail(t *testing.T) {
	h := newHost(t, strict)
	r := h.POST("/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct-horse-1","callbackURL":"/welcome?a=1"}`)
	if r.Status != 200 || r.Get("token") != nil || h.CurrentSession() != nil {
		t.Fatalf("got %s", r)
	}
	mail := h.LastMail()
	if mail.Template != "verify-email" || mail.To != ada || h.Claims(mail.Token)["email"] != ada {
		t.Fatalf("mail %+v with claims %v", mail, h.Claims(mail.Token))
	}
	if want := "https://app.example.com/api/auth/verify-email?token=" + mail.Token + "&callbackURL=%2Fwelcome%3Fa%3D1"; mail.URL != want {
		t.Errorf("URL %s, want %s", mail.URL, want)
	}

	signIn := `{"email":"ada@example.com","password":"correct-horse-1"}`
	wantError(t, h.POST("/sign-in/email", signIn), 403, "EMAIL_NOT_VERIFIED")
	if len(h.Mails()) != 2 {
		t.Errorf("sign-in before verification sent %d mails, want 1", len(h.Mails())-1)
	}
	wantError(t, h.POST("/sign-in/email", `{"email":"ada@example.com","password":"wrong"}`), 401, "INVALID_EMAIL_OR_PASSWORD")

	link := verifyPath(t, h)
	if r := confirm(h, link); r.Status != 302 || r.Location != "/" || h.CurrentSession() == nil || h.Users()[0]["emailVerified"] != true {
		t.Errorf("link: got %s for %v", r, h.Users()[0])
	}
	if r := h.GET(link); r.Location != "/" || len(h.SessionsOf(r.Text("user.id"))) > 1 {
		t.Errorf("link again: got %s", r)
	}
	h.SignOut()
	if r := h.GET("/verify-email?token=" + mail.Token); r.Status != 200 || r.Get("status") != true || r.Get("user") != nil || h.CurrentSession() != nil {
		t.Errorf("first link later: got %s", r)
	}
	wantStatus(t, h.POST("/sign-in/email", signIn), 200)
}

func TestSendOnSignUp(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		mails        int
	}{
		{"off by default", `{"emailVerification":{"sendVerificationEmail":true}}`, 0},
		{"on if required", `{"requireEmailVerification":true,"emailVerification":{"sendVerificationEmail":true}}`, 1},
		{"off if said so", `{"requireEmailVerification":true,"emailVerification":{"sendVerificationEmail":true,"sendOnSignUp":false}}`, 0},
		{"on if said so", `{"emailVerification":{"sendVerificationEmail":true,"sendOnSignUp":true}}`, 1},
		{"not without a sender", `{"requireEmailVerification":true,"emailVerification":{"sendOnSignUp":true}}`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config)
			wantStatus(t, h.POST("/sign-up/email", signUpAda), 200)
			if len(h.Mails()) != tt.mails {
				t.Errorf("%d mails, want %d", len(h.Mails()), tt.mails)
			}
		})
	}
}

func TestBadLinks(t *testing.T) {
	h := newHost(t, `{"emailVerification":{"sendVerificationEmail":true}}`)
	h.AddUser(ada, password)
	h.POST("/send-verification-email", `{"email":"ada@example.com"}`)
	token := h.LastMail().Token

	wantError(t, h.GET("/verify-email?token=nonsense"), 401, "INVALID_TOKEN")
	if r := h.GET("/verify-email?token=nonsense&callbackURL=%2Fa%3Fb%3Dc"); r.Status != 302 || r.Location != "/a?b=c&error=INVALID_TOKEN" {
		t.Errorf("got %s", r)
	}
	h.SetUser(h.Users()[0]["id"].(string), plugintest.Object{"email": "moved@example.com"})
	wantError(t, h.GET("/verify-email?token="+token), 401, "INVALID_TOKEN") // it was for another address
	h.Advance(time.Hour)
	wantError(t, h.GET("/verify-email?token="+token), 401, "TOKEN_EXPIRED")
	if r := h.GET("/verify-email?token=" + token + "&callbackURL=%2F"); r.Location != "/?error=TOKEN_EXPIRED" {
		t.Errorf("got %s", r)
	}
}

func TestSendVerificationEmail(t *testing.T) {
	h := newHost(t, `{"emailVerification":{"sendVerificationEmail":true}}`)
	id := h.AddUser(ada, password)
	send := func(email string) plugintest.Response {
		return h.POST("/send-verification-email", `{"email":"`+email+`","callbackURL":"/cb"}`)
	}
	if known, unknown := send("ADA@example.com"), send("nobody@example.com"); known.String() != unknown.String() {
		t.Errorf("known: %s, unknown: %s", known, unknown)
	}
	if len(h.Mails()) != 1 || h.LastMail().To != ada {
		t.Errorf("mails %v", h.Mails())
	}
	h.SignIn(id)
	wantError(t, send("other@example.com"), 400, "EMAIL_MISMATCH")
	wantStatus(t, send(ada), 200)
	h.SetUser(id, plugintest.Object{"emailVerified": true})
	h.SignIn(id)
	wantError(t, send(ada), 400, "EMAIL_ALREADY_VERIFIED")
	h.SignOut()
	wantStatus(t, send(ada), 200)
	if len(h.Mails()) != 2 {
		t.Errorf("%d mails, want 2", len(h.Mails()))
	}
}

func TestChangeOfAddress(t *testing.T) {
	const next = "new@example.com"
	h := newHost(t, `{"emailVerification":{"sendVerificationEmail":true}}`)
	id := h.AddUser(ada, password)
	h.SignIn(id)
	first := h.SignTokenFor(id, purposeEmailVerification, time.Hour, plugintest.Object{"email": ada, "updateTo": next, "requestType": confirmChange})
	if r := h.GET("/verify-email?token=" + first); r.Status != 200 || r.Get("status") != true {
		t.Fatalf("confirmation: got %s", r)
	}
	if m := h.LastMail(); m.To != next || h.Claims(m.Token)["requestType"] != verifyChange || h.User(id)["email"] != ada {
		t.Fatalf("mail %+v with claims %v", m, h.Claims(m.Token))
	}
	second := verifyPath(t, h)

	h.SignIn(h.AddUser("eve@example.com", password))
	if r := h.GET(second); r.Location != "/?error=INVALID_USER" {
		t.Errorf("in another user's browser: got %s", r)
	}
	h.SignIn(id)
	if r := h.GET("/verify-email?token=" + h.LastMail().Token); r.Text("user.email") != next || r.Get("user.emailVerified") != true {
		t.Errorf("verification: got %s", r)
	}
	if h.User(id)["email"] != next {
		t.Errorf("user %v", h.User(id))
	}

	h.AddUser(ada, password)
	back := h.SignTokenFor(id, purposeEmailVerification, time.Hour, plugintest.Object{"email": next, "updateTo": ada, "requestType": verifyChange})
	wantError(t, confirm(h, "/verify-email?token="+back), 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
	untyped := h.SignTokenFor(id, purposeEmailVerification, time.Hour, plugintest.Object{"email": next, "updateTo": "third@example.com"})
	wantError(t, h.GET("/verify-email?token="+untyped), 401, "INVALID_TOKEN")
	unbound := h.SignToken(purposeEmailVerification, time.Hour, plugintest.Object{"email": next})
	wantError(t, h.GET("/verify-email?token="+unbound), 401, "INVALID_TOKEN")
}

// TestConfirmPage: the page of a link shows texts of the tenant and of the token
// as texts, and its style is the one that the manifest names.
func TestConfirmPage(t *testing.T) {
	const next = `"><b>new@example.com`
	h := plugintest.New(t, plugintest.Config{Manifest: manifest, AppName: `<i>"Acme"`, Config: `{"emailVerification":{"sendVerificationEmail":true}}`})
	id := h.AddUser(ada, password)
	for step, texts := range map[string][]string{
		"":            {"<h1>Verify your e-mail address</h1>", "<p>ada@example.com is the e-mail address of your &lt;i&gt;&#34;Acme&#34; account.</p>"},
		confirmChange: {"<h1>Change your e-mail address</h1>", "from ada@example.com to &#34;&gt;&lt;b&gt;new@example.com."},
		verifyChange:  {"<h1>Verify your e-mail address</h1>", "<p>&#34;&gt;&lt;b&gt;new@example.com becomes the e-mail address"},
	} {
		l := link{user: sdk.User{ID: id, Email: ada}, step: step, page: `/a?b="><script>`}
		if step != "" {
			l.updateTo = next
		}
		page := l.confirmPage(sdk.NewCall(h), `tok"en`)
		for _, want := range append(texts, `name="token" value="tok&#34;en"`, `name="callbackURL" value="/a?b=&#34;&gt;&lt;script&gt;"`) {
			if !strings.Contains(page, want) {
				t.Errorf("%q: the page lacks %s:\n%s", step, want, page)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "<b>") || strings.Contains(page, "<i>") {
			t.Errorf("%q: the page has markup that was given to it:\n%s", step, page)
		}
	}

	token := h.SignTokenFor(id, purposeEmailVerification, time.Hour, plugintest.Object{"email": ada})
	r := h.GET("/verify-email?token=" + token)
	sum := sha256.Sum256([]byte(pageStyle))
	policy, hash := r.Headers["content-security-policy"], "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'"
	if r.Status != 200 || r.Headers["content-type"] != "text/html" || !strings.Contains(policy, hash) || h.User(id)["emailVerified"] == true {
		t.Errorf("got %s with the policy %q, want the hash of pageStyle, %s", r, policy, hash)
	}
}
