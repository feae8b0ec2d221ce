//go:build !wasip1

package sdk

import (
	"errors"
	"slices"
	"testing"
)

// TestArguments: what crosses to the host for calls of the typed methods.
func TestArguments(t *testing.T) {
	for name, tt := range map[string]struct {
		call func(*Call) error
		want []string
	}{
		"no arguments": {
			func(c *Call) error { _, err := c.Random().UUID(); return err },
			[]string{"random.uuid "},
		},
		"plain values": {
			func(c *Call) error {
				_, err := c.Identity().FindUser(FindUserOptions{Email: "a\"@example.com"})
				return err
			},
			[]string{`identity.findUser {"email":"a\"@example.com"}`},
		},
		"what is left out": {
			func(c *Call) error { return c.Email().Send("", "generic", EmailSendOptions{}) },
			[]string{`email.send {"to":"","template":"generic"}`},
		},
		"a required number that is 0": {
			func(c *Call) error { _, err := c.Random().String(0, RandomStringOptions{}); return err },
			[]string{`random.string {"length":0}`},
		},
		"a required object without members": {
			func(c *Call) error { _, err := c.Storage("m").Insert(nil); return err },
			[]string{`storage.insert {"model":"m","record":{}}`},
		},
		"arrays and flags": {
			func(c *Call) error {
				_, err := c.Keys().Sign("use", 60, KeySignOptions{Omit: []string{"a", "b"}, ID: true, Claims: []Field{F("x.y", List(Int(1)))}})
				return err
			},
			[]string{`keys.sign {"use":"use","expiresIn":60,"claims":{"x.y":[1]},"omit":["a","b"],"id":true}`},
		},
		"a copy": {
			func(c *Call) error { return c.Identity().SetPassword("u1", Copy("request.body.password")) },
			[]string{
				`set args {"userId":"u1","password":null}`,
				`set args.password from request.body.password`,
				`identity.setPassword `,
			},
		},
		"copies in nested objects, between other members": {
			func(c *Call) error {
				_, err := c.Identity().CreateUser(NewUser{
					Email: "a@example.com", Name: Copy("request.body.name"), EmailVerified: true, Fields: []Field{F("a.b", Copy("request.body.x")), F("c", Int(1))},
				}, CreateUserOptions{Input: Copy("request.body"), Account: NewAccount{ProviderID: "credential", Password: Copy("request.body.password")}})
				return err
			},
			[]string{
				`set args {"user":{"email":"a@example.com","name":null,"emailVerified":true,"a.b":null,"c":1},"input":null,"account":{"providerId":"credential","password":null}}`,
				`set args.user.name from request.body.name`,
				`set args.user.a\.b from request.body.x`,
				`set args.input from request.body`,
				`set args.account.password from request.body.password`,
				`identity.createUser `,
			},
		},
		"arrays of objects": {
			func(c *Call) error {
				_, err := c.Storage("m").Write([]Write{
					{Op: "insert", Record: []Field{F("name", String("a")), F("n", Int(1))}},
					{Op: "update", ID: "x", Set: []Field{F("n", Int(2))}, If: []Field{F("n", Null)}, Version: 3},
					{Op: "delete", ID: "y"},
				})
				return err
			},
			[]string{`storage.write {"model":"m","writes":[{"op":"insert","record":{"name":"a","n":1}},{"op":"update","id":"x","set":{"n":2},"if":{"n":null},"version":3},{"op":"delete","id":"y"}]}`},
		},
		"a required array without objects": {
			func(c *Call) error { _, err := c.Storage("m").Write(nil); return err },
			[]string{`storage.write {"model":"m","writes":[]}`},
		},
		"copies in an array of objects": {
			func(c *Call) error {
				_, err := c.Identity().ListUsers(ListUsersOptions{
					Where: []Condition{{Field: "role", Value: String("admin")}, {Field: "name", Operator: "contains", Value: Copy("request.query.q")}}, Sort: "name", Desc: true,
				})
				return err
			},
			[]string{
				`set args {"where":[{"field":"role","value":"admin"},{"field":"name","operator":"contains","value":null}],"sort":"name","desc":true}`,
				`set args.where.1.value from request.query.q`,
				`identity.listUsers `,
			},
		},
		"secrets": {
			func(c *Call) error {
				_, err := c.HTTP().Request("https://a.example", HTTPRequestOptions{
					Headers: []Field{F("x.key", Secret("apiKey"))}, Auth: HTTPAuth{Username: String("me"), Password: Secret("keys.0")},
				})
				return err
			},
			[]string{`http.request {"url":"https://a.example","headers":{},"auth":{"username":"me"},"secrets":{"headers.x\\.key":"apiKey","auth.password":"keys.0"}}`},
		},
		"secrets beside a copy": {
			func(c *Call) error {
				_, err := c.HTTP().Request("https://a.example", HTTPRequestOptions{Form: []Field{F("code", Copy("request.query.code")), F("secret", Secret("s"))}})
				return err
			},
			[]string{
				`set args {"url":"https://a.example","form":{"code":null},"secrets":{"form.secret":"s"}}`,
				`set args.form.code from request.query.code`,
				`http.request `,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := new(scriptedHost)
			if err := tt.call(NewCall(h)); err != nil {
				t.Error(err)
			}
			if !slices.Equal(h.asked, tt.want) {
				t.Errorf("got\n%q, want\n%q", h.asked, tt.want)
			}
		})
	}
}

// TestArgumentsAlone: the arguments of one call are not those of the next.
func TestArgumentsAlone(t *testing.T) {
	h := new(scriptedHost)
	c := NewCall(h)
	for range 2 {
		if err := c.Identity().SetPassword("u1", Copy("request.body.password")); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(h.asked[:3], h.asked[3:]) {
		t.Errorf("got %q", h.asked)
	}
}

// TestArgumentNotWritten: a call whose arguments could not be written is not
// made, and leaves no arguments behind.
func TestArgumentNotWritten(t *testing.T) {
	for _, path := range []string{"args", "args.account.password"} {
		h := &scriptedHost{refused: map[string]Status{path: Limit}}
		c := NewCall(h)
		_, err := c.Identity().CreateUser(NewUser{Email: "a@example.com"}, CreateUserOptions{
			Account: NewAccount{ProviderID: "credential", Password: Copy("request.body.password")}, Input: Copy("request.body"),
		})
		var refused *HostError
		if !errors.As(err, &refused) || refused.Status != Limit || refused.Function != "set "+path {
			t.Errorf("%s: got %v", path, err)
		}
		if last := h.asked[len(h.asked)-1]; last != "delete args" || slices.Contains(h.asked, "identity.createUser ") {
			t.Errorf("%s: got %q", path, h.asked)
		}
		if c.Err() != nil {
			t.Errorf("%s: %v counts as a write of the handler's own", path, c.Err())
		}
	}
}

func TestResults(t *testing.T) {
	h := &scriptedHost{result: `{"valid":true,"user":{"id":"u1","email":"a@example.com","emailVerified":true,"image":null,"plan":"pro"}}`}
	got, err := NewCall(h).Identity().VerifyPassword(String("x"), VerifyPasswordOptions{Email: "a@example.com"})
	if err != nil || !got.Valid || got.User.ID != "u1" || !got.User.EmailVerified || got.User.Image != "" || got.User.Fields.Get("plan").String() != "pro" {
		t.Errorf("got %+v, %v", got, err)
	}
	h.result = `{"records":[{"id":"r1","version":3},{"id":"r2","version":1}],"cursor":"c"}`
	list, err := NewCall(h).Storage("m").List(StorageListOptions{})
	if err != nil || len(list.Records) != 2 || list.Records[0].Version != 3 || list.Records[1].ID != "r2" || list.Cursor != "c" {
		t.Errorf("got %+v, %v", list, err)
	}
}

func TestRefusedCall(t *testing.T) {
	h := &scriptedHost{refused: map[string]Status{"crypto.verifyToken": Invalid}, result: `{"code":"expired","message":"the token has expired"}`}
	claims, err := NewCall(h).Crypto().VerifyToken("p", String("t"))
	if !claims.IsAbsent() || !errors.Is(err, Invalid) || CodeOf(err) != "expired" || err.Error() != "crypto.verifyToken: invalid: the token has expired" {
		t.Errorf("got %q, %v", claims.Text(), err)
	}
}
