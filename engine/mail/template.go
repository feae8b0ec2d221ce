package mail

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/authhost/authhost/pluginapi"
)

// maxLanguages bounds what is read of Message.Languages, in bytes.
const maxLanguages = 256

// Override is what an operator says in place of a mail of a plugin's. Variables
// are the plugin's. Without a body and a text, those of the plugin stay, and
// so does its subject if there is none here.
type Override struct {
	Name     string       // of the mail
	Language language.Tag // Und: for all languages that have no other
	Mail     pluginapi.Mail
}

// Templates are the mails that the plugins of a tenant send, with what the
// operator says instead. The zero value has none.
type Templates struct {
	mails map[mailKey]*translations
}

type mailKey struct{ plugin, name string }

// translations are the languages of one mail; the first is for all others.
type translations struct {
	texts   []translation
	matcher language.Matcher
}

type translation struct {
	*pluginapi.MailTemplate
	ownSubject bool // the operator's file has a subject
}

// Add makes the mails of a plugin ready. Of the overrides, those of other names
// are left out. The error says which mail is at fault: the plugin's, or the
// override of which it is an *OverrideError.
func (t *Templates) Add(plugin string, m *pluginapi.Manifest, overrides []Override) error {
	if t.mails == nil {
		t.mails = map[mailKey]*translations{}
	}
	for _, name := range m.MailNames() {
		own, _ := m.Mail(name)
		made, err := translate(own, name, overrides)
		if err != nil {
			return err
		}
		t.mails[mailKey{plugin, name}] = made
	}
	return nil
}

// OverrideError is a fault of an operator's override.
type OverrideError struct {
	Override Override
	Err      error
}

func (e *OverrideError) Error() string { return e.Err.Error() }
func (e *OverrideError) Unwrap() error { return e.Err }

func translate(own pluginapi.Mail, name string, overrides []Override) (*translations, error) {
	base, err := own.Compile("")
	if err != nil {
		return nil, fmt.Errorf("mail %s: %w", name, err)
	}
	made, tags := &translations{texts: []translation{{MailTemplate: base}}}, []language.Tag{language.English}
	for _, o := range overrides {
		if o.Name != name {
			continue
		}
		compiled, err := override(own, o.Mail).Compile(languageName(o.Language))
		if err != nil {
			return nil, &OverrideError{o, err}
		}
		text := translation{compiled, o.Mail.Subject != ""}
		if o.Language == language.Und {
			made.texts[0] = text
			continue
		}
		made.texts, tags = append(made.texts, text), append(tags, o.Language)
	}
	made.matcher = language.NewMatcher(tags)
	return made, nil
}

// override puts an operator's texts over those of a mail.
func override(own, by pluginapi.Mail) *pluginapi.Mail {
	own.Subject = cmp.Or(by.Subject, own.Subject)
	if len(by.Body) > 0 || by.Text != "" || by.HTML != "" {
		own.Body, own.Text, own.HTML = by.Body, by.Text, by.HTML
	}
	return &own
}

func languageName(tag language.Tag) string {
	if tag == language.Und {
		return ""
	}
	return tag.String()
}

// find returns a mail in the best of the languages, which are as in the header
// Accept-Language (RFC 9110 section 12.5.4).
func (t *Templates) find(plugin, name, languages string) (translation, error) {
	if t == nil || t.mails[mailKey{plugin, name}] == nil {
		return translation{}, fmt.Errorf("mail: the plugin %s has no mail %q", plugin, name)
	}
	all := t.mails[mailKey{plugin, name}]
	wanted, _, err := language.ParseAcceptLanguage(languages[:min(len(languages), maxLanguages)])
	if len(all.texts) == 1 || err != nil || len(wanted) == 0 {
		return all.texts[0], nil
	}
	_, best, sure := all.matcher.Match(wanted...)
	if sure == language.No {
		best = 0
	}
	return all.texts[best], nil
}

// Names lists the mails, without their plugins.
func (t *Templates) Names() []string {
	var names []string
	for key := range t.mails {
		names = append(names, key.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Renderer is a Sender that renders a tenant's messages and passes them on.
type Renderer struct {
	AppName   string            // the application's name in mails
	From      string            // sender of this tenant's mails; empty: the next Sender's
	Subjects  map[string]string // overrides, by the mail's name
	Templates *Templates
	Next      Sender
}

// Render fills in the subject and both parts of a message. The subject is the
// operator's, or the message's own, or the plugin's, or the application's name.
func (r *Renderer) Render(m Message) (Message, error) {
	if err := checkAddress(m.To); err != nil {
		return m, err
	}
	text, err := r.Templates.find(m.Plugin, m.Template, m.Languages)
	if err != nil {
		return m, err
	}
	made, err := text.Render(r.AppName, m.Values)
	if err != nil {
		return m, fmt.Errorf("mail: %s of the plugin %s: %w", m.Template, m.Plugin, err)
	}
	m.Text, m.HTML = made.Text, made.HTML
	own, theirs := "", headerText(made.Subject)
	if text.ownSubject {
		own = theirs
	}
	m.Subject = cmp.Or(own, headerText(r.Subjects[m.Template]), headerText(m.Subject), theirs, headerText(r.AppName))
	return m, nil
}

// Send renders the message and passes it on. One that cannot be rendered is not
// tried again.
func (r Renderer) Send(ctx context.Context, m Message) error {
	rendered, err := r.Render(m)
	if err != nil {
		return &permanentError{err}
	}
	if rendered.From == "" {
		rendered.From = r.From
	}
	return r.Next.Send(ctx, rendered)
}

// ParseLanguage reads the name of a language, such as "de" or "pt-BR"; "" is
// Und. It is lenient with case alone.
func ParseLanguage(name string) (language.Tag, error) {
	if name == "" {
		return language.Und, nil
	}
	tag, err := language.Parse(name)
	if err != nil || !strings.EqualFold(tag.String(), name) {
		return language.Und, fmt.Errorf("%q is not the tag of a language, such as de or pt-BR", name)
	}
	return tag, nil
}
