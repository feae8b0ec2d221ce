package main

import (
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// payload returns the body of a request: type, timestamp and data as Standard
// Webhooks suggests, with documents as a Convex table has them. omit is the
// setting that says what to leave out.
func payload(c *sdk.Call, time string, omit sdk.Value) string {
	model, what, _ := strings.Cut(c.Event(), ".")
	record, previous := c.Get("record"), c.Get("previous")
	row := rows{model: model, omit: omit.Get(model).Texts(), dates: configOf(c).Dates()}
	now := row.fields(record)
	if what == "updating" { // the record has only what changes
		now = append(now, row.fields(without(previous, record))...)
	}
	data := []sdk.Field{sdk.F("tenant", c.Tenant("id")), sdk.F("model", sdk.String(model)), sdk.F("userId", userID(model, record, previous))}
	if d := c.Delivery(); d.ID != "" {
		data = append(data, sdk.F("version", sdk.Int(d.Version)))
	}
	data = append(data, sdk.F("document", sdk.Object(now...)))
	if !previous.IsAbsent() {
		data = append(data, sdk.F("previous", sdk.Object(row.fields(previous)...)))
	}
	return sdk.Object(sdk.F("type", sdk.String(c.Event())), sdk.F("timestamp", sdk.String(time)), sdk.F("data", sdk.Object(data...))).Text()
}

// userID is the user that a record is or belongs to, absent if there is none.
func userID(model string, states ...sdk.Value) sdk.Value {
	name := "userId"
	if model == "user" {
		name = "id"
	}
	for _, state := range states {
		if id := state.Get(name); id.Kind() == sdk.KindString && id.String() != "" {
			return id
		}
	}
	return sdk.Value{}
}

// without returns the members of an object that another does not have.
func without(object, other sdk.Value) sdk.Value {
	var rest []sdk.Field
	for name, value := range object.Members() {
		if other.Get(name).IsAbsent() {
			rest = append(rest, sdk.F(name, value))
		}
	}
	return sdk.Object(rest...)
}

// rows makes rows of the records of a model.
type rows struct {
	model       string
	omit, dates []string // further fields that are left out, and that are dates
}

// fields are those of a record: the id and the time of creation under the names
// that Convex gives them, too, and dates as milliseconds. What is secret or to
// be left out is not there.
func (r rows) fields(record sdk.Value) []sdk.Field {
	var row []sdk.Field
	for name, value := range record.Members() {
		if slices.Contains(secrets[r.model], name) || slices.Contains(r.omit, name) {
			continue
		}
		if ms, ok := sdk.ParseDate(value.String()); ok && (slices.Contains(coreDates, name) || slices.Contains(r.dates, name)) {
			value = sdk.Int(ms)
		}
		switch name {
		case "id":
			name = "_id"
		case "createdAt":
			row = append(row, sdk.F("_creationTime", value))
		}
		row = append(row, sdk.F(name, value))
	}
	return row
}

// secrets are fields that are as good as a password, by model.
var secrets = map[string][]string{"session": {"token"}, "account": {"password", "accessToken", "refreshToken", "idToken"}}

// coreDates are the dates of the core models.
var coreDates = []string{"createdAt", "updatedAt", "expiresAt", "accessTokenExpiresAt", "refreshTokenExpiresAt"}
