//go:build !wasip1

package main

import (
	_ "embed"
	"encoding/base32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const (
	ada      = "ada@example.com"
	password = "correct-horse-1"
	withMail = `{"otpOptions":{"sendOTP":true}}`
)

// client is a browser in front of a host: it keeps the plugin's cookies.
type client struct {
	*plugintest.Host
	t       *testing.T
	cookies map[string]string
	now     time.Time
}

func newClient(t *testing.T, config string) *client { return newClientOf(t, "", config) }

// newClientOf is a browser at a tenant of a dialect.
func newClientOf(t *testing.T, dialect, config string) *client {
	t.Helper()
	return &client{Host: plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config, Dialect: dialect}), t: t, cookies: map[string]string{}, now: plugintest.Start}
}

// keep takes over the cookies of an answer.
func (c *client) keep(r plugintest.Response) plugintest.Response {
	for name, cookie := range r.Cookies {
		if cookie.Expired {
			delete(c.cookies, name)
		} else {
			c.cookies[name] = cookie.Value
		}
	}
	return r
}

func (c *client) post(path, body string) plugintest.Response {
	c.t.Helper()
	return c.keep(c.Do(plugintest.Request{Method: "POST", Path: "/two-factor/" + path, Body: body, Cookies: c.cookies}))
}

// code sends a code to a verify endpoint.
func (c *client) code(path, code string) plugintest.Response {
	c.t.Helper()
	return c.post(path, `{"code":"`+code+`"}`)
}

// signIn raises session.creating as a sign-in with a password does, without
// the cookies of a session.
func (c *client) signIn(userID string) plugintest.Response {
	c.t.Helper()
	c.SignOut()
	return c.begin(userID, plugintest.Event{Reason: "sign-in"})
}

func (c *client) begin(userID string, e plugintest.Event) plugintest.Response {
	c.t.Helper()
	e.Name, e.Record, e.Request.Cookies = pluginapi.EventSessionCreating, plugintest.Object{"userId": userID}, c.cookies
	return c.keep(c.Fire(e))
}

// setUp gives a new user a second factor and returns its secret and backup
// codes.
func (c *client) setUp() (userID, secret string, codes []string) {
	c.t.Helper()
	userID = c.AddUser(ada, password)
	c.SignIn(userID)
	r := c.post("enable", `{"password":"`+password+`"}`)
	for _, code := range r.Get("backupCodes").([]any) {
		codes = append(codes, code.(string))
	}
	secret = secretOf(c.t, r)
	if c.User(userID)["twoFactorEnabled"] != true {
		if r := c.code("verify-totp", c.totp(secret, -1)); r.Status != 200 {
			c.t.Fatalf("activation: got %s", r)
		}
	}
	return userID, secret, codes
}

func secretOf(t *testing.T, r plugintest.Response) string {
	t.Helper()
	_, rest, _ := strings.Cut(r.Text("totpURI"), "secret=")
	encoded, _, _ := strings.Cut(rest, "&")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(encoded)
	if err != nil || len(secret) != secretLength {
		t.Fatalf("URI %q", r.Text("totpURI"))
	}
	return string(secret)
}

// totp is the code of a time step, counted from now.
func (c *client) totp(secret string, steps int64) string {
	return hotp(secret, c.now.Unix()/30+steps, 6)
}

// Advance moves the clock.
func (c *client) Advance(d time.Duration) {
	c.now = c.now.Add(d)
	c.Host.Advance(d)
}

func wantError(t *testing.T, r plugintest.Response, status int, code string) {
	t.Helper()
	if r.Status != status || r.Text("code") != code {
		t.Errorf("got %s, want %d %s", r, status, code)
	}
}

// RFC 4226, appendix D, and RFC 6238, appendix B.
func TestHOTP(t *testing.T) {
	const secret = "12345678901234567890"
	for i, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := hotp(secret, int64(i), 6); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	for unix, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 20000000000: "65353130"} {
		if got := hotp(secret, unix/30, 8); got != want {
			t.Errorf("%d: %s, want %s", unix, got, want)
		}
	}
}

func TestGate(t *testing.T) {
	c := newClient(t, `{"policy":"credential","otpOptions":{"sendOTP":true}}`)
	other := c.AddUser("bob@example.com", password)
	id, _, _ := c.setUp()
	for name, tt := range map[string]struct {
		user  string
		event plugintest.Event
		holds bool
	}{
		"a password":             {id, plugintest.Event{Reason: "sign-in"}, true},
		"no second factor":       {other, plugintest.Event{Reason: "sign-in"}, false},
		"another sort":           {id, plugintest.Event{Reason: "magic-link"}, false},
		"this plugin's sessions": {id, plugintest.Event{Reason: "sign-in", Cause: pluginID}, false},
	} {
		c.SignOut()
		r := c.begin(tt.user, tt.event)
		if holds := r.Result == sdk.ResultRespond; holds != tt.holds {
			t.Errorf("%s: got result %d", name, r.Result)
		}
		if tt.holds && (r.Get("twoFactorRedirect") != true || r.Text("twoFactorMethods.0") != "totp" || r.Text("twoFactorMethods.1") != "otp" || r.Cookies[cookieTwoFactor].MaxAge != 600) {
			t.Errorf("%s: got %s with cookies %v", name, r, r.Cookies)
		}
	}
}

// TestPolicyAll: a sign-in takes the second step whatever its plugin calls it,
// unless the tenant says otherwise.
func TestPolicyAll(t *testing.T) {
	c := newClient(t, `{"pageURL":"/second-step","skipVerificationOnEnable":true}`)
	id, _, _ := c.setUp()
	if r := c.begin(id, plugintest.Event{Reason: "change-password"}); r.Result != sdk.ResultContinue {
		t.Errorf("a new session of the user who is signed in: got %s", r)
	}
	c.SignOut()
	for _, e := range []plugintest.Event{
		{Reason: "magic-link", Request: plugintest.Request{Method: "GET"}},
		{Reason: "verify-email", Request: plugintest.Request{Method: "POST"}}, // the form of the link's page
	} {
		r := c.begin(id, e)
		if r.Result != sdk.ResultRespond || r.Location != "/second-step" || r.Cookies[cookieTwoFactor].Value == "" {
			t.Errorf("a link, %s: got %s", e.Reason, r)
		}
	}
	if r := c.begin(id, plugintest.Event{Reason: "email-otp", Request: plugintest.Request{Method: "POST"}}); r.Get("twoFactorRedirect") != true {
		t.Errorf("a script: got %s", r)
	}
}

func TestSignInWithTOTP(t *testing.T) {
	c := newClient(t, "")
	id, secret, _ := c.setUp()
	c.signIn(id)
	wantError(t, c.code("verify-totp", "000000"), 401, "INVALID_CODE")
	if c.CurrentSession() != nil {
		t.Fatal("a wrong code signs in")
	}
	r := c.code("verify-totp", c.totp(secret, 0))
	if r.Text("token") != c.CurrentSession()["token"] || r.Get("user.twoFactorEnabled") != true || !r.Cookies[cookieTwoFactor].Expired {
		t.Errorf("got %s with cookies %v", r, r.Cookies)
	}
	c.signIn(id)
	if r := c.code("verify-totp", c.totp(secret, 1)); r.Status != 200 {
		t.Errorf("the next step: got %s", r)
	}
	for _, steps := range []int64{0, -1, 1, -2, 2} {
		c.signIn(id)
		wantError(t, c.code("verify-totp", c.totp(secret, steps)), 401, "INVALID_CODE")
	}
	c.SignOut()
	c.cookies = map[string]string{}
	wantError(t, c.code("verify-totp", "123456"), 401, "INVALID_TWO_FACTOR_COOKIE")
}

// TestCodesAreUsedOnce plays codes of three time steps in every order, at sign-ins
// and inside a session, after the code that turned the second factor on: a code
// is right if and only if its step is after that of every right one before.
func TestCodesAreUsedOnce(t *testing.T) {
	steps, places := []int64{-1, 0, 1}, []bool{false, true}
	for _, first := range []int64{-1, 0} {
		for _, order := range permutations(steps) {
			for in := range 1 << len(order) {
				c := newClient(t, "")
				id := c.AddUser(ada, password)
				c.SignIn(id)
				secret := secretOf(t, c.post("enable", `{"password":"`+password+`"}`))
				if r := c.code("verify-totp", c.totp(secret, first)); r.Status != 200 {
					t.Fatalf("activation: got %s", r)
				}
				last := first
				for i, step := range order {
					inside := places[in>>i&1]
					if c.SignIn(id); !inside {
						c.signIn(id)
					}
					r := c.code("verify-totp", c.totp(secret, step))
					if right := r.Status == 200; right != (step > last) {
						t.Errorf("step %d after %d, inside a session: %v: got %s", step, last, inside, r)
					}
					last = max(last, step)
				}
			}
		}
	}
}

// permutations lists the orders of a list.
func permutations(list []int64) (all [][]int64) {
	if len(list) == 0 {
		return [][]int64{nil}
	}
	for i, v := range list {
		for _, rest := range permutations(slices.Concat(list[:i], list[i+1:])) {
			all = append(all, append([]int64{v}, rest...))
		}
	}
	return all
}

func TestChallengeEnds(t *testing.T) {
	c := newClient(t, "")
	id, secret, _ := c.setUp()
	c.signIn(id)
	for range maxAttempts {
		wantError(t, c.code("verify-totp", "000000"), 401, "INVALID_CODE")
	}
	wantError(t, c.code("verify-totp", c.totp(secret, 0)), 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
	wantError(t, c.code("verify-totp", c.totp(secret, 0)), 401, "INVALID_TWO_FACTOR_COOKIE")

	c.signIn(id)
	c.Advance(10 * time.Minute)
	wantError(t, c.code("verify-totp", c.totp(secret, 0)), 401, "INVALID_TWO_FACTOR_COOKIE")

	c.signIn(id)
	challenge := c.cookies[cookieTwoFactor]
	c.code("verify-totp", c.totp(secret, 0))
	c.SignOut()
	c.cookies[cookieTwoFactor] = challenge
	wantError(t, c.code("verify-totp", c.totp(secret, 1)), 401, "INVALID_TWO_FACTOR_COOKIE")
}

func TestLockout(t *testing.T) {
	c := newClient(t, `{"accountLockout":{"maxFailedAttempts":3,"durationSeconds":60},"otpOptions":{"sendOTP":true}}`)
	id, secret, codes := c.setUp()
	c.signIn(id)
	wantError(t, c.code("verify-totp", "000000"), 401, "INVALID_CODE")
	wantError(t, c.code("verify-backup-code", "x"), 401, "INVALID_BACKUP_CODE")
	c.post("send-otp", "")
	wantError(t, c.code("verify-otp", "x"), 401, "INVALID_CODE")
	c.signIn(id)
	wantError(t, c.code("verify-totp", c.totp(secret, 0)), 429, "ACCOUNT_TEMPORARILY_LOCKED")
	wantError(t, c.code("verify-backup-code", codes[0]), 429, "ACCOUNT_TEMPORARILY_LOCKED")
	wantError(t, c.code("verify-otp", "x"), 429, "ACCOUNT_TEMPORARILY_LOCKED")
	c.Advance(time.Minute)
	if r := c.code("verify-totp", c.totp(secret, 0)); r.Status != 200 {
		t.Errorf("after the lock: got %s", r)
	}
	wantAudit(t, c, id, "enabled", "locked")
}

// wantAudit compares the audit log with actions that are all about one user.
func wantAudit(t *testing.T, c *client, userID string, actions ...string) {
	t.Helper()
	var got []string
	for _, e := range c.Audit() {
		if e["userId"] != userID {
			t.Errorf("recorded %v, want it to be about %s", e, userID)
		}
		got = append(got, e["action"].(string))
	}
	if !slices.Equal(got, actions) {
		t.Errorf("recorded %v, want %v", got, actions)
	}
}

func TestRememberMe(t *testing.T) {
	c := newClient(t, "")
	id, secret, _ := c.setUp()
	for _, forget := range []bool{true, false} {
		c.SignOut()
		c.begin(id, plugintest.Event{Reason: "sign-in", Forget: forget})
		c.On("session.create", func(args plugintest.Object) (sdk.Status, any) {
			if forgets := args["rememberMe"] == false; forgets != forget || args["userId"] != id {
				t.Errorf("forget %v: creates %v", forget, args)
			}
			return sdk.Internal, nil
		})
		if r := c.code("verify-totp", c.totp(secret, 0)); r.Status != 500 {
			t.Errorf("got %s", r)
		}
	}
}

func TestPendingElsewhere(t *testing.T) {
	c := newClient(t, "")
	id, secret, _ := c.setUp()
	c.signIn(id)
	c.On("session.create", func(plugintest.Object) (sdk.Status, any) { return sdk.OK, plugintest.Object{"pending": true} })
	if r := c.code("verify-totp", c.totp(secret, 0)); r.Result != sdk.ResultContinue || r.Body != nil {
		t.Errorf("got %s", r)
	}
}
