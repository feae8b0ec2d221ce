package pluginapi

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"
	"unicode"
	"unicode/utf8"
)

// Bounds of text messages.
const (
	MaxMessages      = 50   // that a manifest declares
	MaxMessageLength = 1600 // characters of one, filled in; providers take about ten parts of 160
)

// Codes of sms.send.
const (
	CodeNumber = "number" // it is not a number in the form of E.164
	CodeLength = "length" // the text is empty, or longer than MaxMessageLength
)

// phoneNumber is the international form of a number (ITU-T E.164): at most 15
// digits, of which the first are a country's and never begin with 0.
var phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// ValidPhoneNumber reports whether a number is in the form of E.164: "+" and at
// most 15 digits, without spaces. It does not tell whether anybody has it.
func ValidPhoneNumber(number string) bool { return phoneNumber.MatchString(number) }

// messageVariables are those that the host gives to every text message.
var messageVariables = []string{MailApp, MailLang}

// TextMessage is a message for a phone that a plugin sends. The text is a
// template with the forms of MailTemplate and with variables of the types of
// mails.
type TextMessage struct {
	Text      string                  `json:"text"`
	Variables map[string]MailVariable `json:"variables,omitempty"`
}

// mail is a mail with the text and the variables.
func (m *TextMessage) mail() *Mail { return &Mail{Text: m.Text, Variables: m.Variables} }

// MessageTemplate is a text message that is ready to be filled in. It is safe
// for concurrent use.
type MessageTemplate struct {
	language string
	text     *texttemplate.Template
}

// ErrMessageLength is returned for a filled-in text message that is empty or
// has more than MaxMessageLength characters.
var ErrMessageLength = fmt.Errorf("the text must have 1 to %d characters", MaxMessageLength)

// Compile makes the text ready. language is that of the text, a tag (BCP 47);
// "" is English. The error is a *MailError.
func (m *TextMessage) Compile(language string) (*MessageTemplate, error) {
	if m.Text == "" {
		return nil, &MailError{"text", "a message needs one"}
	}
	source, err := m.mail().source("text", m.Text, messageVariables...)
	if err != nil {
		return nil, err
	}
	text, err := textTemplate("text", source)
	if err != nil {
		return nil, err
	}
	return &MessageTemplate{languageOr(language), text}, nil
}

// Render fills the message in. values are those of Manifest.MessageValues; app
// is the application's name. A line break or another control character of a
// value becomes a space, so that no value looks like a line of the text. The
// error is ErrMessageLength.
func (t *MessageTemplate) Render(app string, values map[string]string) (string, error) {
	all := make(map[string]string, len(values)+len(messageVariables))
	for name, value := range values {
		all[name] = oneLine(value)
	}
	all[MailApp], all[MailLang] = oneLine(app), t.language
	text, err := fill(t.text, all)
	if errors.Is(err, ErrMailTooLarge) {
		return "", ErrMessageLength
	}
	if err != nil {
		return "", err
	}
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > MaxMessageLength {
		return "", ErrMessageLength
	}
	return text, nil
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// MessageNames lists the text messages that the plugin can send.
func (m *Manifest) MessageNames() []string { return slices.Sorted(maps.Keys(m.Messages)) }

// MessageValues checks a text message that the plugin sends, given by its name
// and the argument data of sms.send, and returns what it is to show, by
// variable. data is as encoding/json decodes it with UseNumber. The error is
// for the plugin.
func (m *Manifest) MessageValues(kind string, data map[string]any) (map[string]string, error) {
	message, ok := m.Messages[kind]
	if !ok {
		return nil, fmt.Errorf("the manifest has no message %q; it has %q", kind, m.MessageNames())
	}
	values, err := message.mail().values(data)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", kind, err)
	}
	return values, nil
}

// validateMessages checks the text messages, with their templates.
func (m *Manifest) validateMessages(r *report) {
	if !m.validateTexts(r, "messages", CapSMS, len(m.Messages), MaxMessages) {
		return
	}
	for _, name := range m.MessageNames() {
		at, message := "messages."+name, m.Messages[name]
		r.want(at, name, wordPattern)
		validateVariables(r, at+".variables", message.Variables, messageVariables)
		var fault *MailError
		if _, err := message.Compile(""); errors.As(err, &fault) {
			r.add(at+"."+fault.At, "%s", fault.Problem)
		}
	}
}
