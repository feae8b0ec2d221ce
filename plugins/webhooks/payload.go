package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// draft is where the payload is put together: in the host, as the arguments of
// a call that are taken away again before one is made.
const draft = "payload"

// payload returns the body of a request: type, timestamp and data as Standard
// Webhooks suggests, with documents as a Convex table has them. at is the
// object of the configuration that says what to leave out.
func payload(c *sdk.Call, at, time string) string {
	c.Arg(draft+".type", sdk.String(c.Event()))
	c.Arg(draft+".timestamp", sdk.String(time))
	c.Arg(draft+".data.tenant", c.Tenant("id"))
	model, what, _ := strings.Cut(c.Event(), ".")
	c.Arg(draft+".data.model", sdk.String(model))
	if id := userID(c, model); id != "" {
		c.Arg(draft+".data.userId", sdk.String(id))
	}
	if d := c.Delivery(); d.ID() != "" {
		c.Arg(draft+".data.version", sdk.Int(d.Version()))
	}
	document(c, at, model, "document", "record")
	if what == "updating" { // the record has only what changes
		for _, name := range c.Names("previous") {
			if c.Record(sdk.EscapeName(name)).IsAbsent() {
				field(c, at, model, "document", name, "previous.")
			}
		}
	}
	if !c.Get("previous").IsAbsent() {
		document(c, at, model, "previous", "previous")
	}
	text := c.Get("args." + draft).Text()
	c.Arg(draft, sdk.Value{})
	return text
}

// userID returns the user that the record is or belongs to.
func userID(c *sdk.Call, model string) string {
	name := "userId"
	if model == "user" {
		name = "id"
	}
	return c.Record(name).StringOr(c.Previous(name).String())
}

// document copies a record, in the shape of a row.
func document(c *sdk.Call, at, model, to, from string) {
	for _, name := range c.Names(from) {
		field(c, at, model, to, name, from+".")
	}
}

// field copies a field of a record: the id and the time of creation under the
// names that Convex gives them, too, and dates as milliseconds. What is secret
// or to be left out is not copied.
func field(c *sdk.Call, at, model, to, name, from string) {
	if secret(model, name) || lists(c, at+"omit."+model, name) {
		return
	}
	escaped := sdk.EscapeName(name)
	place := draft + ".data." + to + "."
	value := c.Get(from + escaped)
	if ms, ok := milliseconds(value.String()); ok && (isDate(name) || lists(c, "dates", name)) {
		value = sdk.Int(ms)
	}
	switch name {
	case "id":
		c.Arg(place+"_id", value)
		return
	case "createdAt":
		c.Arg(place+"_creationTime", value)
	}
	c.Arg(place+escaped, value)
}

// secret reports whether a field is as good as a password.
func secret(model, name string) bool {
	switch model {
	case "session":
		return name == "token"
	case "account":
		return name == "password" || name == "accessToken" || name == "refreshToken" || name == "idToken"
	}
	return false
}

// isDate reports whether a field of the core models is a date.
func isDate(name string) bool {
	switch name {
	case "createdAt", "updatedAt", "expiresAt", "accessTokenExpiresAt", "refreshTokenExpiresAt":
		return true
	}
	return false
}

// milliseconds reads a date as records have it, "2006-01-02T15:04:05.000Z",
// as milliseconds since 1970.
func milliseconds(s string) (int64, bool) {
	const form = "0000-00-00T00:00:00.000Z"
	if len(s) != len(form) {
		return 0, false
	}
	for i := range len(s) {
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (form[i] == '0') || !digit && s[i] != form[i] {
			return 0, false
		}
	}
	number := func(from, to int) (n int64) {
		for _, d := range []byte(s[from:to]) {
			n = n*10 + int64(d-'0')
		}
		return n
	}
	seconds := days(number(0, 4), number(5, 7), number(8, 10))*86400 + number(11, 13)*3600 + number(14, 16)*60 + number(17, 19)
	return seconds*1000 + number(20, 23), true
}

// days returns the days from 1970-01-01 to a date of the Gregorian calendar.
// Years begin in March here, so that the leap day is the last.
func days(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}
