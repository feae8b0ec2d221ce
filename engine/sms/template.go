package sms

import (
	"fmt"
	"slices"

	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/pluginapi"
)

// Override is what an operator says in place of a text of a plugin's. Variables
// are the plugin's.
type Override = postbox.Override[string]

// Templates are the text messages that the plugins of a tenant send, with what
// the operator says instead. The zero value has none.
type Templates struct {
	messages map[messageKey]*postbox.Versions[*pluginapi.MessageTemplate]
}

type messageKey struct{ plugin, kind string }

// Add makes the messages of a plugin ready. Of the overrides, those of other
// names are left out. The error says which message is at fault: the plugin's,
// or the override of which it is a *postbox.OverrideError.
func (t *Templates) Add(plugin string, m *pluginapi.Manifest, overrides []Override) error {
	if t.messages == nil {
		t.messages = map[messageKey]*postbox.Versions[*pluginapi.MessageTemplate]{}
	}
	for _, kind := range m.MessageNames() {
		message := m.Messages[kind]
		own, err := message.Compile("")
		if err != nil {
			return fmt.Errorf("message %s: %w", kind, err)
		}
		versions, err := postbox.Translate(kind, own, overrides, func(text, language string) (*pluginapi.MessageTemplate, error) {
			by := pluginapi.TextMessage{Text: text, Variables: message.Variables}
			return by.Compile(language)
		})
		if err != nil {
			return err
		}
		t.messages[messageKey{plugin, kind}] = versions
	}
	return nil
}

// Names lists the messages, without their plugins.
func (t *Templates) Names() []string {
	var names []string
	for key := range t.messages {
		names = append(names, key.kind)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Renderer fills a tenant's messages in.
type Renderer struct {
	AppName   string // the application's name in messages
	From      string // what recipients see as the sender; empty: the provider decides
	Templates *Templates
}

// Render fills in the text and the sender of a message, in the best of some
// languages, which are as in the header Accept-Language (RFC 9110 section
// 12.5.4). The error is pluginapi.ErrMessageLength where the text is empty or
// too long.
func (r *Renderer) Render(m Message, languages string) (Message, error) {
	versions := r.Templates.messages[messageKey{m.Plugin, m.Kind}]
	if versions == nil {
		return m, fmt.Errorf("sms: the plugin %s has no message %q", m.Plugin, m.Kind)
	}
	var err error
	m.From = r.From
	m.Text, err = versions.Best(languages).Render(r.AppName, m.Values)
	return m, err
}
