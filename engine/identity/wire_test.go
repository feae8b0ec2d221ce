package identity_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
)

// TestUpdateOfCoreFields: what no user can have is refused with a code.
func TestUpdateOfCoreFields(t *testing.T) {
	s := identity.New(&marked{})
	for set, message := range map[string]string{
		`{"name":null}`:  "[body.name] Invalid input: expected string, received null",
		`{"name":1}`:     "[body.name] Invalid input: expected string, received number",
		`{"image":true}`: "[body.image] Invalid input: expected string, received boolean",
		`{"image":null}`: "",
		`{"name":""}`:    "",
	} {
		_, err := s.UpdateUser(t.Context(), store.Work{Tx: store.Begin(tenant(t, "")), Hooks: silent{}, Now: start}, "ada", parse(t, set), nil)
		if message == "" {
			if err != nil {
				t.Errorf("%s: %v", set, err)
			}
			continue
		}
		if e := apierror.From(err); e.Status != 400 || e.Code != "VALIDATION_ERROR" || e.Message != message {
			t.Errorf("%s: %v", set, err)
		}
	}
}

// TestImageIsNull: a user without a picture has null for one.
func TestImageIsNull(t *testing.T) {
	tx := store.Begin(tenant(t, ""))
	user, _, err := identity.New(&marked{}).CreateUser(t.Context(), store.Work{Tx: tx, Hooks: silent{}, Now: start}, identity.NewUser{Fields: parse(t, `{"name":"B","email":"b@example.com"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if v := user.Fields.Get("image"); v.IsAbsent() || !v.IsNullish() {
		t.Errorf("image %s", v.JSON())
	}
}

// TestAccountsInOrder: accounts are listed in the order in which they were
// linked, whatever their providers are called.
func TestAccountsInOrder(t *testing.T) {
	tx, s := store.Begin(tenant(t, "")), identity.New(&marked{})
	providers := []string{"twitch", "apple", "github", "discord"}
	for i, p := range providers {
		_, err := s.CreateAccount(t.Context(), store.Work{Tx: tx, Hooks: silent{}, Now: start.Add(time.Duration(i) * time.Second)}, identity.NewAccount{UserID: "ada", ProviderID: p, AccountID: strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.ListAccounts(t.Context(), tx, "ada")
	var got []string
	for _, a := range list {
		got = append(got, a.Str("providerId"))
	}
	if err != nil || !slices.Equal(got, providers) {
		t.Errorf("%v, %v", got, err)
	}
}
