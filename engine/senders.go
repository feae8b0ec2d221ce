package engine

import (
	"cmp"
	"context"
	"fmt"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/sms"
)

// maxOutbox is how many mails, and how many text messages, the development outbox
// keeps.
const maxOutbox = 1000

func (e *Engine) openMail(ctx context.Context) error {
	m := e.config.Mail
	switch {
	case m.SMTP != nil:
		smtp, err := mail.NewSMTP(mail.SMTPConfig{
			Host: m.SMTP.Host, Port: m.SMTP.Port, Username: m.SMTP.Username,
			Password: m.SMTP.Password.Reveal(), TLS: m.SMTP.TLS, From: m.From,
		})
		if err != nil {
			return fmt.Errorf("mail: %w", err)
		}
		queue := mail.NewQueue(smtp, mail.QueueConfig{Logger: e.logger, Observe: e.metrics.Mail})
		e.queue = queue
		e.metrics.WatchMailQueue(queue.Len)
		e.onClose(queue.Close)
	case e.config.Server.Development:
		e.outbox = mail.NewOutbox(maxOutbox)
	}
	return nil
}

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

// tenantMail returns what sends a tenant's mails, nil if nothing does.
func (g *generation) tenantMail(t *config.Tenant, templates *mail.Templates) mail.Sender {
	r := mail.Renderer{AppName: t.AppName, From: t.Mail.From, Subjects: t.Mail.Subjects, Templates: templates}
	switch {
	case g.engine.queue != nil:
		return g.engine.queue.Rendering(r)
	case g.engine.outbox != nil:
		r.Next = g.engine.outbox
		return r
	}
	return nil
}

// tenantSMS returns what sends a tenant's text messages, nil if nothing does.
func (g *generation) tenantSMS(t *config.Tenant, templates *sms.Templates) *sms.Renderer {
	next := g.engine.messages.sender
	if next == nil {
		return nil
	}
	return &sms.Renderer{AppName: t.AppName, From: cmp.Or(t.SMS.From, g.config.SMS.From), Templates: templates, Next: next}
}
