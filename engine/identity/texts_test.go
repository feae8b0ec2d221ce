package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
)

// Whoever creates or changes a user, and for a draft, too: texts that are too
// long are refused, and say which.
func TestLongTexts(t *testing.T) {
	s := identity.New(&marked{}, identity.Field{Name: "motto", Type: store.String, MaxLength: 10}, identity.Field{Name: "prefs", Type: store.JSON}).LimitTexts(identity.Texts{Name: 20})
	text := func(n int) document.Value { return document.Text(strings.Repeat("x", n)) }
	for _, tt := range []struct {
		field  string
		value  document.Value
		refuse bool
	}{
		{"name", text(20), false}, {"name", text(21), true},
		{"image", text(identity.DefaultMaxImage), false}, {"image", text(identity.DefaultMaxImage + 1), true},
		{"email", document.Text(strings.Repeat("x", 242) + "@example.com"), false}, {"email", document.Text(strings.Repeat("x", 33_000) + "@example.com"), true},
		{"motto", text(10), false}, {"motto", text(11), true},
		{"prefs", document.List(text(1000)), false}, {"prefs", document.List(text(1100)), true},
	} {
		fields := document.NewObject(2).Set("email", document.Text("eve@example.com")).Set("name", document.Text("Ada"))
		input, additional := document.NewObject(1), tt.field == "motto" || tt.field == "prefs"
		if additional {
			input.Set(tt.field, tt.value)
		} else {
			fields.Set(tt.field, tt.value)
		}
		tx := store.Begin(tenant(t, ""))
		_, draft := s.DraftUser(identity.NewUser{Fields: fields, Input: input}, start)
		errs := map[string]error{"draft": draft}
		if !additional { // the schema here has none
			_, _, errs["create"] = s.CreateUser(t.Context(), store.Work{Tx: tx, Hooks: silent{}, Now: start}, identity.NewUser{Fields: fields})
			_, errs["update"] = s.UpdateUser(t.Context(), store.Work{Tx: tx, Hooks: silent{}, Now: start}, "ada", fields, nil)
		}
		for name, err := range errs {
			var answer *apierror.Error
			if tt.refuse != errors.As(err, &answer) || tt.refuse && (answer.Status != 400 || !strings.HasPrefix(answer.Message, "[body."+tt.field+"] Too big: ")) {
				t.Errorf("%s %s of %d: %v", name, tt.field, len(tt.value.JSON()), err)
			}
		}
	}
}
