package mail

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/pluginapi"
)

// Override is what an operator says in place of a mail of a plugin's. Variables
// are the plugin's. Without a body and a text, those of the plugin stay, and
// so does its subject if there is none here.
type Override = postbox.Override[pluginapi.Mail]

// Templates are the mails that the plugins of a tenant send, with what the
// operator says instead. The zero value has none.
type Templates struct {
	mails map[mailKey]*postbox.Versions[translation]
}

type mailKey struct{ plugin, name string }

// translation is a mail in one language.
type translation struct {
	*pluginapi.MailTemplate
	ownSubject bool // the operator's file has a subject
}

// Add makes the mails of a plugin ready. Of the overrides, those of other names
// are left out. The error says which mail is at fault: the plugin's, or the
// override of which it is a *postbox.OverrideError.
func (t *Templates) Add(plugin string, m *pluginapi.Manifest, overrides []Override) error {
	if t.mails == nil {
		t.mails = map[mailKey]*postbox.Versions[translation]{}
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

func translate(own pluginapi.Mail, name string, overrides []Override) (*postbox.Versions[translation], error) {
	base, err := own.Compile("")
	if err != nil {
		return nil, fmt.Errorf("mail %s: %w", name, err)
	}
	return postbox.Translate(name, translation{MailTemplate: base}, overrides, func(by pluginapi.Mail, language string) (translation, error) {
		compiled, err := override(own, by).Compile(language)
		return translation{compiled, by.Subject != ""}, err
	})
}

// override puts an operator's texts over those of a mail.
func override(own, by pluginapi.Mail) *pluginapi.Mail {
	own.Subject = cmp.Or(by.Subject, own.Subject)
	if len(by.Body) > 0 || by.Text != "" || by.HTML != "" {
		own.Body, own.Text, own.HTML = by.Body, by.Text, by.HTML
	}
	return &own
}

// find returns a mail in the best of the languages, which are as in the header
// Accept-Language (RFC 9110 section 12.5.4).
func (t *Templates) find(plugin, name, languages string) (translation, error) {
	if t == nil || t.mails[mailKey{plugin, name}] == nil {
		return translation{}, fmt.Errorf("mail: the plugin %s has no mail %q", plugin, name)
	}
	return t.mails[mailKey{plugin, name}].Best(languages), nil
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
		return postbox.Final(err)
	}
	if rendered.From == "" {
		rendered.From = r.From
	}
	return r.Next.Send(ctx, rendered)
}
