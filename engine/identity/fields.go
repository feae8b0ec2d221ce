package identity

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Field is an additional field of users or sessions, from a tenant's
// configuration or a plugin.
type Field struct {
	Name     string
	Type     store.FieldType // "" takes any value
	Required bool            // clients must send it when they sign up, unless it has a default
	Default  document.Value  // of new users; absent for none
	ReadOnly bool            // clients may not set it
	// MaxLength bounds what clients set, in bytes: a text, or the JSON of another
	// value. 0 means DefaultMaxLength.
	MaxLength int
	// Transform is what is done to a text that clients set, one after the other,
	// before Rules are asked, which may be nil.
	Transform []func(string) string
	Rules     *pluginapi.Schema // of a text or number
}

// Bounds on what users write about themselves, in bytes. Much of it is in
// every token and cookie, and browsers keep cookies of 4096 bytes.
const (
	MaxEmail         = 254  // RFC 5321 section 4.5.3.1.3
	DefaultMaxName   = 256  // see Texts
	DefaultMaxImage  = 2048 // likewise; a URL
	DefaultMaxLength = 1024 // of an additional field
)

// Texts bounds the core texts of users, in bytes. Zero means the default.
type Texts struct{ Name, Image int }

// tooLong is the answer to a text of more than most bytes, or nil.
func tooLong(field string, v document.Value, most int) error {
	size := len(v.Str())
	if k := v.Kind(); k == document.Array || k == document.ObjectKind {
		size = len(v.JSON())
	}
	if size <= most {
		return nil
	}
	return apierror.New(http.StatusBadRequest, "VALIDATION_ERROR", fmt.Sprintf("[body.%s] Too big: expected %s to have <=%d bytes", field, v.Kind(), most))
}

// check refuses texts of a user that are too long.
func (t Texts) check(user *document.Object) error {
	for _, text := range [...]struct {
		field string
		most  int
	}{{"email", MaxEmail}, {"name", cmp.Or(t.Name, DefaultMaxName)}, {"image", cmp.Or(t.Image, DefaultMaxImage)}} {
		if err := tooLong(text.field, user.Get(text.field), text.most); err != nil {
			return err
		}
	}
	return nil
}

// TakeInput copies what clients may set, and nothing else: whatever else a
// request body holds must not reach a record. Values of the wrong type, and
// values for what only the server sets, are refused with a 400
// (*apierror.Error).
func TakeInput(declared []Field, fields, input *document.Object) error {
	for _, f := range declared {
		v := input.Get(f.Name)
		if v.IsAbsent() || fields.Has(f.Name) {
			continue
		}
		if f.ReadOnly {
			if !v.IsNullish() && !v.Equal(document.Boolean(false)) && !v.Equal(document.Text("")) {
				return apierror.New(http.StatusBadRequest, "FIELD_NOT_ALLOWED", f.Name+" is not allowed to be set")
			}
			continue
		}
		v, err := f.accept(v)
		if err != nil {
			return err
		}
		fields.Set(f.Name, v)
	}
	return nil
}

// complete gives a new user the fields that nobody set. input is what a
// client sent, nil when the user comes from elsewhere.
func (s *Service) complete(fields, input *document.Object) error {
	for _, f := range s.fields {
		switch {
		case fields.Has(f.Name):
		case !f.Default.IsAbsent():
			fields.Set(f.Name, f.Default.Clone())
		case f.Required && input != nil:
			return apierror.New(http.StatusBadRequest, "MISSING_FIELD", f.Name+" is required")
		}
	}
	return nil
}

// withoutDefaults returns what a client sent, without the fields that it may
// not set but that have a default: a new user gets that, whatever was sent.
func (s *Service) withoutDefaults(input *document.Object) *document.Object {
	out, cloned := input, false
	for _, f := range s.fields {
		if !f.ReadOnly || f.Default.IsAbsent() || !input.Has(f.Name) {
			continue
		}
		if !cloned {
			out, cloned = input.Clone(), true
		}
		out.Delete(f.Name)
	}
	return out
}

// dateLayouts are the forms in which browsers and apps write dates: those of
// ECMA-262 (21.4.1.32), which are parts of ISO 8601, and of RFC 1123.
var dateLayouts = [...]string{
	time.RFC3339, "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC1123, time.RFC1123Z,
}

// parseDate reads a date. One without a zone is in UTC: whose zone else it might
// be in is not known here.
func parseDate(text string) (time.Time, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, text); err == nil && !hasUnknownZone(t) {
			return t, true
		}
	}
	return time.Time{}, false
}

// hasUnknownZone reports whether a date has the name of a zone whose offset
// nobody can tell, such as "XYZ"; time.Parse takes those for UTC.
func hasUnknownZone(t time.Time) bool {
	name, offset := t.Zone()
	return offset == 0 && name != "" && name != "UTC" && name != "GMT"
}

// accept returns a client's value in the form in which it is stored.
func (f Field) accept(v document.Value) (document.Value, error) {
	wrong := func(want string) (document.Value, error) {
		return v, apierror.New(http.StatusBadRequest, "VALIDATION_ERROR",
			fmt.Sprintf("[body.%s] Invalid input: expected %s, received %s", f.Name, want, v.Kind()))
	}
	if v.Kind() == document.Null {
		if f.Required {
			return wrong(string(f.Type))
		}
		return v, nil
	}
	ok := true
	switch f.Type {
	case store.String:
		if ok = v.Kind() == document.String; ok {
			v = f.transformed(v)
		}
	case store.Boolean:
		ok = v.Kind() == document.Bool
	case store.Number:
		_, ok = v.Float()
	case store.Date:
		t, known := parseDate(v.Str())
		if !known {
			return wrong("date")
		}
		v = document.Time(t)
	}
	if !ok {
		return wrong(string(f.Type))
	}
	if err := tooLong(f.Name, v, cmp.Or(f.MaxLength, DefaultMaxLength)); err != nil {
		return v, err
	}
	return v, f.ruled(v)
}

// transformed is a text as it is stored.
func (f Field) transformed(v document.Value) document.Value {
	text := v.Str()
	for _, change := range f.Transform {
		text = change(text)
	}
	return document.Text(text)
}

// ruled refuses a value that the rules do not take.
func (f Field) ruled(v document.Value) error {
	if f.Rules == nil {
		return nil
	}
	var faults []string
	if n, isNumber := v.Float(); isNumber {
		faults = f.Rules.NumberFaults(n)
	} else {
		faults = f.Rules.ValueFaults(v.Str())
	}
	if len(faults) == 0 {
		return nil
	}
	place := "[body." + f.Name + "] "
	return apierror.New(http.StatusBadRequest, "VALIDATION_ERROR", place+strings.Join(faults, "; "+place))
}
