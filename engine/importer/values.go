package importer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// convert brings a column's value to a field's type. Databases and exports have
// different forms of the same: numbers as texts, booleans as 0 and 1, times as
// texts or numbers, JSON as text. The error says what was found, not the value.
func convert(v document.Value, t store.FieldType, zone *time.Location) (document.Value, error) {
	if v.IsNullish() {
		return document.NullValue(), nil
	}
	var out document.Value
	switch t {
	case store.String:
		out = asText(v)
	case store.Number:
		out = asNumber(v)
	case store.Boolean:
		out = asBoolean(v)
	case store.Date:
		out = asTime(v, zone)
	case store.JSON:
		out = asJSON(v)
	}
	if out.IsAbsent() {
		return out, fmt.Errorf("%s is no %s", article(v.Kind()), t)
	}
	return out, nil
}

func article(k document.Kind) string {
	if k == document.Array || k == document.ObjectKind {
		return "an " + k.String()
	}
	return "a " + k.String()
}

func asText(v document.Value) document.Value {
	switch v.Kind() {
	case document.String:
		return v
	case document.Number:
		return document.Text(v.NumberText()) // ids that count
	}
	return document.Value{}
}

func asNumber(v document.Value) document.Value {
	if v.Kind() == document.String {
		v, _ = document.Parse([]byte(strings.TrimSpace(v.Str())), 0)
	}
	if _, ok := v.Float(); !ok {
		return document.Value{} // no number, or beyond what a float can hold
	}
	return v
}

func asBoolean(v document.Value) document.Value {
	text := v.NumberText() + strings.ToLower(v.Str())
	switch {
	case v.Kind() == document.Bool:
		return v
	case text == "1" || text == "true" || text == "t":
		return document.Boolean(true)
	case text == "0" || text == "false" || text == "f":
		return document.Boolean(false)
	}
	return document.Value{}
}

// Times as databases and exports write them; a comma or point and digits may
// follow the seconds.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02T15:04:05Z07", "2006-01-02 15:04:05 MST",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02",
}

// secondsBelow tells counts of seconds from counts of milliseconds: it is 1973
// in one, and the year 5138 in the other.
const secondsBelow = 1e11

// asTime reads a time. A text without a zone is of the given one. Numbers are
// milliseconds or seconds since 1970.
func asTime(v document.Value, zone *time.Location) document.Value {
	if n, ok := asNumber(v).Float(); ok {
		if n > -secondsBelow && n < secondsBelow {
			n *= 1000
		}
		if n < -1e15 || n > 1e15 {
			return document.Value{}
		}
		return storedTime(time.UnixMilli(int64(n)))
	}
	text := strings.TrimSpace(v.Str())
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return storedTime(t)
		}
	}
	return document.Value{}
}

// storedTime is a time as records have it, absent outside of the years that
// have four digits.
func storedTime(t time.Time) document.Value {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return document.Value{}
	}
	return document.Time(t)
}

// asJSON takes any value; of a text, what it says, if it is JSON.
func asJSON(v document.Value) document.Value {
	if v.Kind() == document.String {
		if parsed, err := document.Parse([]byte(v.Str()), 0); err == nil {
			return parsed
		}
	}
	return v
}

// typeOf guesses the type of a column from a value.
func typeOf(v document.Value) store.FieldType {
	switch v.Kind() {
	case document.Bool:
		return store.Boolean
	case document.Number:
		return store.Number
	case document.Array, document.ObjectKind:
		return store.JSON
	}
	if len(v.Str()) >= len("2006-01-02T15:04:05") && !asTime(v, time.UTC).IsAbsent() && strings.ContainsAny(v.Str(), ":") {
		return store.Date
	}
	return store.String
}

// joined makes one text of a JSON array of texts.
func joined(v document.Value, separator string) (string, error) {
	list := asJSON(v)
	if list.Kind() != document.Array {
		return "", errors.New("not a JSON array of texts")
	}
	var parts []string
	for _, item := range list.Items() {
		if item.Kind() != document.String {
			return "", errors.New("not a JSON array of texts")
		}
		parts = append(parts, item.Str())
	}
	return strings.Join(parts, separator), nil
}
