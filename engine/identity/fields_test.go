package identity_test

import (
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
)

func parse(t *testing.T, text string) *document.Object {
	t.Helper()
	if text == "" {
		return nil
	}
	v, err := document.Parse([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v.Object()
}

// TestInput: what clients may put into additional fields when they sign up.
func TestInput(t *testing.T) {
	service := identity.New(nil,
		identity.Field{Name: "nick", Type: store.String},
		identity.Field{Name: "age", Type: store.Number, Required: true},
		identity.Field{Name: "plan", Type: store.String, Default: document.Text("free"), ReadOnly: true},
		identity.Field{Name: "role", Type: store.String, ReadOnly: true},
		identity.Field{Name: "news", Type: store.Boolean, Default: document.Boolean(true)},
		identity.Field{Name: "born", Type: store.Date},
		identity.Field{Name: "tags", Type: store.JSON},
	)
	const invalid = "VALIDATION_ERROR"
	tests := []struct{ name, input, want, code, message string }{
		{name: "from elsewhere, nothing is asked for", want: `{"plan":"free","news":true}`},
		{name: "required alone", input: `{"age":1}`, want: `{"age":1,"plan":"free","news":true}`},
		{name: "required is missing", input: `{}`, code: "MISSING_FIELD", message: "age is required"},
		{name: "required is null", input: `{"age":null}`, code: invalid, message: "[body.age] Invalid input: expected number, received null"},
		{name: "everything, in the order of declaration", input: `{"tags":[1],"born":"2001-02-03T04:05:06+01:00","news":false,"age":1.5,"nick":"x","unknown":1}`,
			want: `{"nick":"x","age":1.5,"news":false,"born":"2001-02-03T03:05:06.000Z","tags":[1],"plan":"free"}`},
		{name: "null", input: `{"age":1,"nick":null}`, want: `{"nick":null,"age":1,"plan":"free","news":true}`},
		{name: "read only, with a default", input: `{"age":1,"plan":"pro"}`, want: `{"age":1,"plan":"free","news":true}`},
		{name: "read only", input: `{"age":1,"role":"admin"}`, code: "FIELD_NOT_ALLOWED", message: "role is not allowed to be set"},
		{name: "read only, but empty", input: `{"age":1,"role":""}`, want: `{"age":1,"plan":"free","news":true}`},
		{name: "text for a number", input: `{"age":"31"}`, code: invalid, message: "[body.age] Invalid input: expected number, received string"},
		{name: "text for a boolean", input: `{"age":1,"news":"yes"}`, code: invalid, message: "[body.news] Invalid input: expected boolean, received string"},
		{name: "number for a text", input: `{"age":1,"nick":1}`, code: invalid, message: "[body.nick] Invalid input: expected string, received number"},
		{name: "no date", input: `{"age":1,"born":"yesterday"}`, code: invalid, message: "[body.born] Invalid input: expected date, received string"},
		{name: "date with an unknown zone", input: `{"age":1,"born":"Sat, 03 Feb 2024 04:05:06 XYZ"}`, code: invalid, message: "[body.born] Invalid input: expected date, received string"},
		{name: "no day", input: `{"age":1,"born":"2024-02-30"}`, code: invalid, message: "[body.born] Invalid input: expected date, received string"},
		{name: "a day", input: `{"age":1,"born":"2024-02-03"}`, want: `{"age":1,"born":"2024-02-03T00:00:00.000Z","plan":"free","news":true}`},
		{name: "a minute", input: `{"age":1,"born":"2024-02-03T04:05"}`, want: `{"age":1,"born":"2024-02-03T04:05:00.000Z","plan":"free","news":true}`},
		{name: "a minute with a zone", input: `{"age":1,"born":"2024-02-03T04:05+01:00"}`, want: `{"age":1,"born":"2024-02-03T03:05:00.000Z","plan":"free","news":true}`},
		{name: "a second", input: `{"age":1,"born":"2024-02-03T04:05:06.789"}`, want: `{"age":1,"born":"2024-02-03T04:05:06.789Z","plan":"free","news":true}`},
		{name: "RFC 1123", input: `{"age":1,"born":"Sat, 03 Feb 2024 04:05:06 GMT"}`, want: `{"age":1,"born":"2024-02-03T04:05:06.000Z","plan":"free","news":true}`},
		{name: "RFC 1123 with an offset", input: `{"age":1,"born":"Sat, 03 Feb 2024 04:05:06 +0100"}`, want: `{"age":1,"born":"2024-02-03T03:05:06.000Z","plan":"free","news":true}`},
		{name: "number for a date", input: `{"age":1,"born":1}`, code: invalid, message: "[body.born] Invalid input: expected date, received number"},
		{name: "core fields", input: `{"age":1,"id":"x","emailVerified":true,"createdAt":"x"}`, want: `{"age":1,"plan":"free","news":true}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			user, err := service.DraftUser(identity.NewUser{
				Fields: parse(t, `{"email":"ada@example.com","name":"Ada"}`), Input: parse(t, tt.input),
			}, time.Unix(0, 0))
			if tt.code != "" {
				if e := apierror.From(err); err == nil || e.Status != 400 || e.Code != tt.code || e.Message != tt.message {
					t.Errorf("got %v, want %s %s", err, tt.code, tt.message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, core := range [...]string{"name", "email", "emailVerified", "image", "createdAt", "updatedAt", "id"} {
				user.Fields.Delete(core)
			}
			if got := string(document.Obj(user.Fields).JSON()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestDraftIsOwn: a default that is an object is not shared by users.
func TestDraftIsOwn(t *testing.T) {
	value := document.Obj(document.NewObject(0))
	service := identity.New(nil, identity.Field{Name: "prefs", Type: store.JSON, Default: value})
	user, err := service.DraftUser(identity.NewUser{Fields: parse(t, `{"email":"a@b.co"}`)}, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	user.Fields.Get("prefs").Object().Set("x", document.Boolean(true))
	if value.Object().Len() != 0 {
		t.Error("the default has changed")
	}
}
