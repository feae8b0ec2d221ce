package outbox

import (
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Models of this package.
const (
	Model      = "outbox"
	LeaseModel = "lease"
)

// States of an entry.
const (
	StateDue     = "due"     // the first of its lane: to be delivered at its time
	StateWaiting = "waiting" // behind another one
	StateDead    = "dead"    // given up
	StateDone    = "done"    // delivered, and kept to be replayed
)

// States lists the states in which entries are, as long as they are kept.
func States() []string { return []string{StateDue, StateWaiting, StateDead, StateDone} }

// Indexes of Model.
const (
	byLane    = "lane+number"
	byChannel = "channel+state+dueAt"
)

// Schema returns the models of this package.
func Schema() store.Schema {
	text := func(name string) store.Field { return store.Field{Name: name, Type: store.String} }
	date := func(name string) store.Field { return store.Field{Name: name, Type: store.Date} }
	number := func(name string) store.Field { return store.Field{Name: name, Type: store.Number} }
	return store.Schema{Models: []store.Model{
		{Name: Model, Fields: []store.Field{
			text("plugin"), number("handler"), text("hook"), text("target"), text("schedule"), text("message"), text("key"), text("channel"), text("lane"), number("number"),
			text("event"), text("subject"), number("version"),
			{Name: "record", Type: store.JSON}, {Name: "previous", Type: store.JSON},
			text("state"), date("dueAt"), date("createdAt"), date("queuedAt"), number("attempts"), text("lastError"),
		}, Indexes: []store.Index{{Fields: []string{"lane", "number"}}, {Fields: []string{"channel", "state", "dueAt"}}}},
		{Name: LeaseModel, Fields: []store.Field{text("holder"), date("until")}},
	}}
}

// Event is what happened to a record, for one handler of one plugin; with a
// Schedule, what a plugin wants to be done at a time; or with a Message, what a
// plugin wants to be sent.
type Event struct {
	Plugin  string
	Handler int32  // number of the handler, for handlers without a name
	Hook    string // name of the handler
	Target  string // which of the plugin's targets; "" if it has none
	Name    string // of the event: "user.created"; of a message, its name in the manifest
	Subject string // id of the user whose events are in order
	Version uint64 // of the record, counted from 1: later is greater
	Record  *document.Object
	// Previous is the record before an update; else nil.
	Previous *document.Object
	Time     time.Time // when it happened; of an appointment, when it is due
	// Message is the kind of a message, such as "email", and Record its content;
	// "" for all else. It is the one entry of its lane, and Key is its id.
	Message string
	// Schedule and Key name an appointment, and Record is its input; "" for
	// events. It is the one entry of its lane.
	Schedule, Key string
}

// These separate the parts of names: ids of plugins have neither.
const (
	separator = "/"
	scheduled = "@"
)

// Channel names the plugin, and the target or the schedule if there is one; of
// messages, "@" and their kind.
func (e *Event) Channel() string {
	switch {
	case e.Message != "":
		return scheduled + e.Message
	case e.Schedule != "":
		return e.Plugin + scheduled + e.Schedule
	case e.Target != "":
		return e.Plugin + separator + e.Target
	}
	return e.Plugin
}

// isMessages reports whether a channel is that of messages: all others begin
// with the id of a plugin.
func isMessages(channel string) bool { return strings.HasPrefix(channel, scheduled) }

func (e *Event) lane() string {
	if e.Schedule != "" || e.Message != "" {
		return e.Channel() + separator + e.Key
	}
	return e.Plugin + separator + e.Target + separator + e.Subject
}

// Entry is an event on its way.
type Entry struct {
	ID string
	Event
	State     string
	Attempts  int       // that have failed
	Due       time.Time // of StateDue: not before; of StateDead and StateDone: since
	LastError string

	queued  time.Time // when it was written, or last replayed
	number  int64
	version uint64 // of the store's record
}

// fields is the stored form of an event that is at a place in its lane.
func (e *Event) fields(state string, number int64, now time.Time) *document.Object {
	return document.NewObject(21).
		Set("plugin", document.Text(e.Plugin)).
		Set("schedule", document.Text(e.Schedule)).
		Set("message", document.Text(e.Message)).
		Set("key", document.Text(e.Key)).
		Set("handler", document.Int(int64(e.Handler))).
		Set("hook", document.Text(e.Hook)).
		Set("target", document.Text(e.Target)).
		Set("channel", document.Text(e.Channel())).
		Set("lane", document.Text(e.lane())).
		Set("number", document.Int(number)).
		Set("event", document.Text(e.Name)).
		Set("subject", document.Text(e.Subject)).
		Set("version", document.Int(int64(e.Version))).
		Set("record", orNull(e.Record)).
		Set("previous", orNull(e.Previous)).
		Set("state", document.Text(state)).
		Set("dueAt", document.Time(now)).
		Set("createdAt", document.Time(e.Time)).
		Set("queuedAt", document.Time(now)).
		Set("attempts", document.Int(0)).
		Set("lastError", document.NullValue())
}

func orNull(o *document.Object) document.Value {
	if o == nil {
		return document.NullValue()
	}
	return document.Obj(o)
}

// entry reads the stored form.
func entry(r *store.Record) *Entry {
	e := &Entry{ID: r.ID, State: r.Str("state"), LastError: r.Str("lastError"), version: r.Version}
	integer := func(name string) int64 { n, _ := r.Int(name); return n }
	date := func(name string) time.Time { t, _ := r.Time(name); return t }
	e.Event = Event{
		Plugin: r.Str("plugin"), Handler: int32(integer("handler")), Hook: r.Str("hook"), Target: r.Str("target"), Name: r.Str("event"),
		Subject: r.Str("subject"), Version: uint64(integer("version")), Time: date("createdAt"),
		Record: r.Get("record").Object(), Previous: r.Get("previous").Object(), Schedule: r.Str("schedule"), Message: r.Str("message"), Key: r.Str("key"),
	}
	e.Attempts, e.number = int(integer("attempts")), integer("number")
	e.Due, e.queued = date("dueAt"), date("queuedAt")
	return e
}
