package mail

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/mail"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/pluginapi"
)

// Message is one mail to one recipient.
type Message struct {
	// ID is the same in every attempt to send the message; "" makes one up for
	// the header Message-ID.
	ID       string
	Tenant   string // id of the tenant
	From     string // sender (RFC 5322); empty: the SMTP server's default
	To       string // bare address (RFC 5321 Mailbox), without a name
	Subject  string
	Plugin   string // id of the plugin that sends it
	Template string // name of the mail in the plugin's manifest
	// Languages are those that the recipient reads, as in the header
	// Accept-Language; "" says nothing of them.
	Languages string
	URL       string // the link that the mail is about, if any
	Token     string // the token in that link
	OTP       string // the code that the mail is about, if any
	Text      string // plain text part; Render fills it in
	HTML      string // HTML part; Render fills it in
	// CreatedAt is when the mail was asked for; senders fill it in if zero.
	CreatedAt time.Time
	Decoy     bool // it is not sent; see package post
	// Values are what the mail shows, by variable, as pluginapi.Mail.Values
	// returns them; url, token and otp are among them.
	Values map[string]string
	// Number counts the messages of a Catcher, from 1; others leave it at 0.
	Number int
}

// About implements postbox.Message.
func (m Message) About() postbox.About {
	return postbox.About{Plugin: m.Plugin, Name: m.Template, At: m.CreatedAt, Decoy: m.Decoy}
}

// Check implements postbox.Message: it returns ErrAddress for a recipient that is
// not one address.
func (m Message) Check() error { return checkAddress(m.To) }

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

// ErrAddress is returned for a recipient that is not exactly one address.
var ErrAddress = errors.New("mail: not a single e-mail address")

// maxAddress is the longest address that SMTP can carry (RFC 5321 section
// 4.5.3.1.3, without the angle brackets).
const maxAddress = 254

// checkAddress refuses everything but one bare address: no display name, no
// list, no comment, no line break.
func checkAddress(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err != nil || len(address) > maxAddress || parsed.Name != "" || parsed.Address != address {
		return ErrAddress
	}
	return nil
}

// headerText makes a text safe for a header: line breaks and other control
// characters become spaces, and invalid UTF-8 is replaced.
func headerText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(s)
}

// MarshalJSON writes the message as the admin listener lists it in development: channel,
// tenant, to, subject, url, token, otp, template, createdAt. An empty url, token or
// otp is null.
func (m Message) MarshalJSON() ([]byte, error) {
	optional := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return json.Marshal(struct {
		Channel   string  `json:"channel"`
		Tenant    string  `json:"tenant"`
		To        string  `json:"to"`
		Subject   string  `json:"subject"`
		URL       *string `json:"url"`
		Token     *string `json:"token"`
		OTP       *string `json:"otp"`
		Template  string  `json:"template"`
		CreatedAt string  `json:"createdAt"`
	}{pluginapi.CapEmail, m.Tenant, m.To, m.Subject, optional(m.URL), optional(m.Token), optional(m.OTP), m.Template, m.CreatedAt.UTC().Format(document.TimeLayout)})
}

// LogValue implements slog.LogValuer: logs show neither the recipient nor
// anything that is as good as a password.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("tenant", m.Tenant), slog.String("template", m.Template))
}
