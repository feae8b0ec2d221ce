package engine

import (
	"cmp"
	"context"
	"fmt"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/pluginapi"
)

// openSMS makes what sends text messages: the operator's provider behind a
// queue, or in development an outbox.
func (e *Engine) openSMS(context.Context) error {
	s := e.config.SMS
	if s.URL == "" {
		if e.config.Server.Development {
			e.messages.outbox = sms.NewOutbox(maxOutbox)
			e.messages.sender = e.messages.outbox
		}
		return nil
	}
	c := sms.WebhookConfig{URL: s.URL.Reveal(), Timeout: s.Timeout.Std(), UserAgent: "authhost/" + e.options.Version}
	for _, secret := range s.Secrets {
		c.Secrets = append(c.Secrets, secret.Reveal())
	}
	webhook, err := sms.NewWebhook(c)
	if err != nil {
		return e.config.Origin.Fault("/sms", err.Error(), "")
	}
	queue := sms.NewQueue(webhook, sms.QueueConfig{Logger: e.logger, Observe: e.metrics.SMS})
	e.messages.sender = queue
	e.metrics.WatchSMSQueue(queue.Len)
	e.onClose(func(ctx context.Context) error {
		defer webhook.Close()
		return queue.Close(ctx)
	})
	return nil
}

// messages are what sends text messages.
type messages struct {
	sender sms.Sender  // nil: nothing does
	outbox *sms.Outbox // nil unless they are kept
}

// tenantMessages makes the text messages of a tenant's plugins ready, with what
// the operator says in their place.
func tenantMessages(t *config.Tenant, manifests []*pluginapi.Manifest) (*sms.Templates, error) {
	files, err := config.ReadMessages(t.SMS.Templates)
	if err != nil {
		return nil, err
	}
	overrides, err := overridesOf(files, func(m *config.MessageText) string { return m.Text })
	if err != nil {
		return nil, err
	}
	templates := new(sms.Templates)
	if err := addTexts(t, manifests, files, "message", func(m *pluginapi.Manifest) error { return templates.Add(m.ID, m, overrides) }); err != nil {
		return nil, err
	}
	return templates, checkTextNames(t, files, "message", templates.Names())
}

// tenantSMS returns what sends a tenant's text messages, nil if nothing does.
func (g *generation) tenantSMS(t *config.Tenant, manifests []*pluginapi.Manifest) (*sms.Renderer, error) {
	templates, err := tenantMessages(t, manifests)
	if err != nil || g.messages.sender == nil {
		return nil, err
	}
	return &sms.Renderer{AppName: t.AppName, From: cmp.Or(t.SMS.From, g.config.SMS.From), Templates: templates, Next: g.messages.sender}, nil
}

// unsent says which plugins of a tenant send what nothing delivers, as far as
// the configuration shows: a warning for each.
func unsent(cfg *config.Config, t *config.Tenant, i int, m *pluginapi.Manifest) (faults []*config.Error) {
	if cfg.Server.Development {
		return nil // everything is kept
	}
	for _, way := range []struct {
		capability, what, remedy string
		there                    bool
	}{
		{pluginapi.CapEmail, "sends mails, but no mail server is configured: they are dropped", "set mail.smtp", cfg.Mail.SMTP != nil},
		{pluginapi.CapSMS, "sends text messages, but no provider is configured: it cannot send them", "set sms.url", cfg.SMS.URL != ""},
	} {
		if _, sends := m.Capability(way.capability); sends && !way.there {
			faults = append(faults, t.Origin.Fault(fmt.Sprintf("/plugins/%d", i), fmt.Sprintf("plugin %q of tenant %q %s", m.ID, t.ID, way.what), way.remedy))
		}
	}
	return faults
}
