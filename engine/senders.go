package engine

import (
	"cmp"
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/post"
	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/engine/workers"
	"github.com/authhost/authhost/pluginapi"
)

const (
	// maxCaught is how many mails, and how many text messages, are kept in
	// development.
	maxCaught = 1000
	// messageSlots is how many mails, and how many text messages, are sent at the
	// same time for all tenants.
	messageSlots = 4 * outbox.MessageConcurrency
	// smsID precedes the id of an entry in that of a text message.
	smsID = "msg_"
)

// messages are what sends the mails and text messages of all tenants, or
// catches them.
type messages struct {
	mail        mail.Sender // nil: nothing does
	sms         sms.Sender
	caughtMails *mail.Catcher // nil unless they are caught
	caughtTexts *sms.Catcher
	mailSlots   *semaphore.Weighted
	smsSlots    *semaphore.Weighted
}

// openMail makes what sends mails: the operator's mail server, or in development
// what catches them.
func (e *Engine) openMail(context.Context) error {
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
		e.messages.mail, e.messages.mailSlots = smtp, semaphore.NewWeighted(messageSlots)
	case e.config.Server.Development:
		e.messages.caughtMails = mail.NewCatcher(maxCaught)
	}
	return nil
}

// openSMS makes what sends text messages: the operator's provider, or in
// development what catches them.
func (e *Engine) openSMS(context.Context) error {
	s := e.config.SMS
	if s.URL == "" {
		if e.config.Server.Development {
			e.messages.caughtTexts = sms.NewCatcher(maxCaught)
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
	e.messages.sms, e.messages.smsSlots = webhook, semaphore.NewWeighted(messageSlots)
	e.onClose(func(context.Context) error { webhook.Close(); return nil })
	return nil
}

// ways are how the mails and text messages of a tenant leave.
type ways struct {
	mail   post.Way[mail.Message] // nil: not at all
	sms    post.Way[sms.Message]
	texts  *sms.Renderer
	outbox map[string]workers.Way // those through the outbox, by kind
}

// tenantWays returns what sends the messages of a tenant's plugins.
func (g *generation) tenantWays(r *realm, plan *blueprint.Tenant, secrets *secret.Secrets) *ways {
	t, e := r.config, g.engine
	out := &ways{outbox: map[string]workers.Way{}}
	renderer := mail.Renderer{AppName: t.AppName, From: t.Mail.From, Subjects: t.Mail.Subjects, Templates: plan.Mails}
	switch m := &e.messages; {
	case m.mail != nil:
		renderer.Next = m.mail
		way := wayOf(e, r, pluginapi.CapEmail, secrets, m.mailSlots, mail.Unpack, func(ctx context.Context, id string, m mail.Message) error {
			m.ID = id
			return renderer.Send(ctx, m)
		}, e.metrics.Mail)
		out.mail, out.outbox[pluginapi.CapEmail] = way, way
	case m.caughtMails != nil:
		renderer.Next = m.caughtMails
		out.mail = &post.Catcher[mail.Message]{Catch: renderer.Send, Logger: e.logger}
	}
	out.texts = &sms.Renderer{AppName: t.AppName, From: cmp.Or(t.SMS.From, g.config.SMS.From), Templates: plan.Messages}
	switch m := &e.messages; {
	case m.sms != nil:
		way := wayOf(e, r, pluginapi.CapSMS, secrets, m.smsSlots, sms.Unpack, func(ctx context.Context, id string, text sms.Message) error {
			text.ID = smsID + id
			return m.sms.Send(ctx, text)
		}, e.metrics.SMS)
		out.sms, out.outbox[pluginapi.CapSMS] = way, way
	case m.caughtTexts != nil:
		out.sms = &post.Catcher[sms.Message]{Catch: m.caughtTexts.Send, Logger: e.logger}
	}
	return out
}

// wayOf returns the way of messages of a kind through a tenant's outbox.
func wayOf[T postbox.Message](
	e *Engine, r *realm, kind string, secrets *secret.Secrets, slots *semaphore.Weighted,
	unpack func([]byte) (T, error), send func(context.Context, string, T) error, count func(outcome string),
) *post.Outbox[T] {
	told := e.workers.Announce(r.config.ID)
	return post.New(post.Config[T]{
		Kind: kind, Store: r.store, Secrets: secrets, Unpack: unpack, Send: send, Slots: slots, Committed: func() { told.Committed(nil) },
		Sent: func() { count(workers.OutcomeSent) }, Refused: func() { count(workers.OutcomeRefused) },
	})
}
