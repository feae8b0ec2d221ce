package sms

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/pluginapi"
)

// Message is one text message to one phone.
type Message struct {
	// ID is the same in every attempt to send the message.
	ID     string
	Tenant string // id of the tenant
	From   string // what the recipient sees as the sender, if the operator says it
	To     string // number in the form of E.164
	Text   string
	Plugin string // id of the plugin that sends it
	Kind   string // name of the message in the plugin's manifest
	// Values are what the message shows, by variable.
	Values map[string]string
	// CreatedAt is when the message was asked for; senders fill it in if zero.
	CreatedAt time.Time
	Decoy     bool // it is not sent; see package post
	// Number counts the messages of a Catcher, from 1; others leave it at 0.
	Number int
}

// About implements postbox.Message.
func (m Message) About() postbox.About {
	return postbox.About{Plugin: m.Plugin, Name: m.Kind, At: m.CreatedAt, Decoy: m.Decoy}
}

// Check implements postbox.Message: it returns ErrNumber for a recipient that is
// not a number in the form of E.164.
func (m Message) Check() error { return checkNumber(m.To) }

// packed is a message without its methods: JSON of all members.
type packed Message

// Pack implements postbox.Message.
func (m Message) Pack() ([]byte, error) { return json.Marshal(packed(m)) }

// Unpack reads what Pack returned.
func Unpack(text []byte) (m Message, err error) {
	err = json.Unmarshal(text, (*packed)(&m))
	return m, err
}

// Sender sends messages. It is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrNumber is returned for a recipient that is not a number in the form of
// E.164.
var ErrNumber = errors.New("sms: not a phone number in the form of E.164, such as +4915112345678")

func checkNumber(number string) error {
	if !pluginapi.ValidPhoneNumber(number) {
		return ErrNumber
	}
	return nil
}

// shownDigits is how much of a number logs show: its end.
const shownDigits = 2

// Mask hides a number but for its last two digits.
func Mask(number string) string {
	return "…" + number[max(len(number)-shownDigits, 0):]
}

// MarshalJSON writes the message as the admin listener lists it in development.
func (m Message) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Channel   string            `json:"channel"`
		Tenant    string            `json:"tenant"`
		To        string            `json:"to"`
		Message   string            `json:"message"`
		Plugin    string            `json:"plugin"`
		Kind      string            `json:"kind"`
		Data      map[string]string `json:"data"`
		CreatedAt string            `json:"createdAt"`
	}{pluginapi.CapSMS, m.Tenant, m.To, m.Text, m.Plugin, m.Kind, m.Values, m.CreatedAt.UTC().Format(document.TimeLayout)})
}

// LogValue implements slog.LogValuer: logs show neither the text nor whose
// phone it is.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("tenant", m.Tenant), slog.String("plugin", m.Plugin), slog.String("kind", m.Kind), slog.String("to", Mask(m.To)), slog.String("id", m.ID))
}
