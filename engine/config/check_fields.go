package config

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/authhost/authhost/engine/document"
)

// Names that additional fields cannot have: those of the protocol.
var (
	userFields    = []string{"id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"}
	accountFields = []string{"id", "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", "scope", "password", "createdAt", "updatedAt", "scopes", "hasPassword"}
	sessionFields = []string{"id", "token", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId"}
)

var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,62}$`)

// additionalFields checks the fields that a tenant adds to records. Whether
// one is a plugin's already is known when those are loaded.
func (c *checker) additionalFields(t *Tenant) {
	seen := map[string]bool{}
	for i, f := range t.User.AdditionalFields {
		pointer := fmt.Sprintf("/user/additionalFields/%d", i)
		c.fieldName(t, pointer, f.Name, userFields, seen)
		c.fieldDefault(t, pointer, f.Type, f.Default)
		c.validator(t, pointer, f.Type, f.Validator, f.Transform, f.Default)
		if f.Required && !f.Input && f.Default == "" {
			c.at(t.Origin, pointer+"/required", fmt.Sprintf("nobody can send the required field %q: input is false", f.Name), "give it a default, or write required: false")
		}
	}
	seen = map[string]bool{}
	for i, f := range t.Session.AdditionalFields {
		pointer := fmt.Sprintf("/session/additionalFields/%d", i)
		c.fieldName(t, pointer, f.Name, sessionFields, seen)
		c.fieldDefault(t, pointer, f.Type, f.Default)
		c.validator(t, pointer, f.Type, f.Validator, f.Transform, f.Default)
	}
	seen = map[string]bool{}
	for i, f := range t.Account.AdditionalFields {
		pointer := fmt.Sprintf("/account/additionalFields/%d", i)
		c.fieldName(t, pointer, f.Name, accountFields, seen)
		c.fieldDefault(t, pointer, f.Type, f.Default)
	}
}

func (c *checker) fieldName(t *Tenant, pointer, name string, taken []string, seen map[string]bool) {
	pointer += "/name"
	switch {
	case !fieldName.MatchString(name):
		c.at(t.Origin, pointer, fmt.Sprintf("%q cannot be the name of a field", name), "use letters, digits and _, with a letter first")
	case slices.Contains(taken, name):
		c.at(t.Origin, pointer, fmt.Sprintf("there is a field %q in any case", name), "choose another name")
	case seen[name]:
		c.at(t.Origin, pointer, fmt.Sprintf("the field %q is declared twice", name), "keep one of them")
	}
	seen[name] = true
}

func (c *checker) fieldDefault(t *Tenant, pointer, kind string, text Scalar) {
	if _, ok := DefaultValue(kind, text); !ok {
		c.at(t.Origin, pointer+"/default", fmt.Sprintf("%q is not a %s", text, kind), "write a value of that type, or leave default out")
	}
}

// DefaultValue returns the default of an additional field as it is stored,
// absent where there is none. ok is false when the text is not of the type.
func DefaultValue(kind string, text Scalar) (v document.Value, ok bool) {
	switch {
	case text == "":
		return document.Value{}, true
	case kind == TypeString:
		return document.Text(string(text)), true
	case kind == TypeDate:
		at, err := time.Parse(time.RFC3339, string(text))
		return document.Time(at), err == nil
	}
	v, err := document.Parse([]byte(text), 0)
	switch kind {
	case TypeNumber:
		return v, err == nil && v.Kind() == document.Number
	case TypeBoolean:
		return v, err == nil && v.Kind() == document.Bool
	}
	return v, err == nil
}
