//go:build !wasip1

package sdk

import (
	"slices"
	"testing"
)

// TestWrites: the paths and values of what handlers write.
func TestWrites(t *testing.T) {
	for want, write := range map[string]func(*Call){
		`set response.body.a {"b":1}`:                      func(c *Call) { c.Set("response.body.a", Object(F("b", Int(1)))) },
		`delete response.body.a`:                           func(c *Call) { c.Set("response.body.a", Value{}) },
		`set response.body.user.name "Ada"`:                func(c *Call) { c.SetBody("user.name", String("Ada")) },
		`set response.body [1]`:                            func(c *Call) { _ = c.ReplyWith(List(Int(1))) },
		`set response.body.a\.b from result.x`:             func(c *Call) { _ = c.Reply(F("a.b", Copy("result.x"))) },
		`set response.body.kept from scratch.a`:            func(c *Call) { c.SetBody("kept", Kept("a")) },
		`set scratch.a from request.body`:                  func(c *Call) { c.Keep("a", Copy("request.body")) },
		`set response.status 201`:                          func(c *Call) { c.SetStatus(201) },
		`set response.headers.x-a "1"`:                     func(c *Call) { c.SetHeader("x-a", String("1")) },
		`set response.cookies.c "v"`:                       func(c *Call) { c.SetCookie("c", "v") },
		`set response.cookies.c {"value":"v","maxAge":60}`: func(c *Call) { c.SetCookieFor("c", "v", 60) },
		`set response.cookies.c {"a":1}`:                   func(c *Call) { _ = c.SealCookie("c", Object(F("a", Int(1)))) },
		`set response.cookies.c null`:                      func(c *Call) { c.ExpireCookie("c") },
		`set response.redirect "/x"`:                       func(c *Call) { _ = c.Redirect("/x") },
		`set request.body.email "a"`:                       func(c *Call) { c.Request().SetBody("email", String("a")) },
		`set request.query.a "1"`:                          func(c *Call) { c.Request().SetQuery("a", String("1")) },
		`set request.headers.x "1"`:                        func(c *Call) { c.Request().SetHeader("x", String("1")) },
		`set record.plan "pro"`:                            func(c *Call) { c.SetRecord("plan", String("pro")) },
		`set claims.role "admin"`:                          func(c *Call) { c.SetClaim("role", String("admin")) },
		`set response.body.none null`:                      func(c *Call) { c.SetBody("none", Null) },
		`set response.body.raw {"a": [1]}`:                 func(c *Call) { c.SetBody("raw", JSON(`{"a": [1]}`)) },
	} {
		h := new(scriptedHost)
		write(NewCall(h))
		if !slices.Equal(h.asked, []string{want}) {
			t.Errorf("got %q, want %q", h.asked, want)
		}
	}
}

// TestReads: the paths of what handlers read.
func TestReads(t *testing.T) {
	for path, read := range map[string]func(*Call) string{
		"request.method":            func(c *Call) string { return c.Request().Method() },
		"request.path":              func(c *Call) string { return c.Request().Path() },
		"request.route":             func(c *Call) string { return c.Request().Route() },
		"request.params.id":         func(c *Call) string { return c.Request().Param("id") },
		"request.query.a":           func(c *Call) string { return c.Request().Query("a").String() },
		"request.body.user.name":    func(c *Call) string { return c.Request().Body("user.name").String() },
		"request.headers.x-a":       func(c *Call) string { return c.Request().Header("x-a") },
		"request.cookies.c":         func(c *Call) string { return c.Request().Cookie("c").String() },
		"request.cookies":           func(c *Call) string { return c.Request().Cookies().String() },
		"request.ip":                func(c *Call) string { return c.Request().IP() },
		"request.userAgent":         func(c *Call) string { return c.Request().UserAgent() },
		"request.serviceKey":        func(c *Call) string { return c.Request().ServiceKey() },
		"config.mail.subject":       func(c *Call) string { return c.Config("mail.subject").String() },
		"tenant.authURL":            func(c *Call) string { return c.Tenant("authURL").String() },
		"now.iso":                   func(c *Call) string { return c.NowISO() },
		"event.name":                func(c *Call) string { return c.Event() },
		"event.phase":               func(c *Call) string { return c.Phase() },
		"event.reason":              func(c *Call) string { return c.Reason() },
		"event.plugin":              func(c *Call) string { return c.Cause() },
		"record.plan":               func(c *Call) string { return c.Record("plan").String() },
		"previous.plan":             func(c *Call) string { return c.Previous("plan").String() },
		"claims.role":               func(c *Call) string { return c.Claim("role").String() },
		"response.body.a":           func(c *Call) string { return c.Body("a").String() },
		"response.sessionToken":     func(c *Call) string { return c.SessionToken() },
		"response.redirect":         func(c *Call) string { return c.RedirectTarget() },
		"result.anything.that.is.0": func(c *Call) string { return c.Get("result.anything.that.is.0").String() },
	} {
		h := &scriptedHost{values: map[string]Value{path: String("found")}}
		if got := read(NewCall(h)); got != "found" {
			t.Errorf("%s: got %q after %q", path, got, h.asked)
		}
	}
	h := &scriptedHost{values: map[string]Value{"now.ms": Int(1735787045000), "request.serverCall": Bool(true)}}
	if c := NewCall(h); c.Now() != 1735787045000 || !c.Request().ServerCall() {
		t.Error("Now or ServerCall is wrong")
	}
}

func TestSession(t *testing.T) {
	c := NewCall(&scriptedHost{values: map[string]Value{"session": JSON(`{"session":{"id":"s1","userId":"u1","device":"tv"},"user":{"id":"u1","email":"a@example.com"},"fresh":true,"rememberMe":false}`)}})
	s := c.Session()
	if !s.Exists() || s.ID != "s1" || s.UserID != "u1" || s.User.Email != "a@example.com" || !s.Fresh || s.Remembered || s.Fields.Get("device").String() != "tv" {
		t.Errorf("got %+v", s)
	}
	if NewCall(new(scriptedHost)).Session().Exists() {
		t.Error("there is a session without one")
	}
}

func TestDelivery(t *testing.T) {
	c := NewCall(&scriptedHost{values: map[string]Value{"event": JSON(`{"name":"user.created","id":"e1","target":"crm","time":"2026-01-02T03:04:05.000Z","userId":"u1","version":3,"attempt":2}`)}})
	if got, want := c.Delivery(), (Delivery{ID: "e1", Target: "crm", Time: "2026-01-02T03:04:05.000Z", UserID: "u1", Version: 3, Attempt: 2}); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestAppointment(t *testing.T) {
	c := NewCall(&scriptedHost{values: map[string]Value{"event": JSON(`{"key":"u1","time":"2026-01-02T03:04:05.000Z","attempt":2}`)}})
	if got, want := c.Appointment(), (Appointment{Key: "u1", Time: "2026-01-02T03:04:05.000Z", Attempt: 2}); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestBearerToken(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer abc":       "abc",
		"bearer  abc ":     "abc",
		"BEARER a.b%2Bc":   "a.b+c",
		"Bearer a%2Bc":     "a%2Bc",
		"Bearer a.b%2":     "a.b%2",
		"Basic abc":        "",
		"Bearer":           "",
		"":                 "",
		"Bearerabc abcdef": "",
	} {
		c := NewCall(&scriptedHost{values: map[string]Value{"request.headers.authorization": String(header)}})
		if got := c.Request().BearerToken(); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}
