package capability

import (
	"context"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/mail"
)

// emailSend sends a mail once the unit of work is committed.
func (h *Host) emailSend(ctx context.Context, c *dispatch.Call, a emailSendArgs) (document.Value, error) {
	if !slices.Contains(mail.Templates(), a.Template) {
		return document.Value{}, invalid("argument template must be one of " + strings.Join(mail.Templates(), ", "))
	}
	ex, record := c.Exchange, mailRecord(a)
	if err := ex.Mail(ctx, record); err != nil {
		return document.Value{}, err
	}
	message := mail.Message{
		Tenant: h.Tenant, To: record.Get("to").Str(), Subject: record.Get("subject").Str(), Template: record.Get("template").Str(),
		URL: record.Get("url").Str(), Token: record.Get("token").Str(), OTP: record.Get("otp").Str(),
		Data: record.Get("data").Object(), CreatedAt: ex.Now,
	}
	if strings.ContainsAny(message.To, "\r\n\x00") {
		return document.Value{}, invalid("argument to must be one address")
	}
	logger := h.Logger
	if h.Mail == nil {
		// An error would tell clients which addresses are known: mails go to
		// those only.
		logger.Error("mail was dropped: no mail server is configured", "tenant", h.Tenant, "template", message.Template, "remedy", "set mail.smtp")
		return empty(), nil
	}
	ex.Tx().OnCommit(func() {
		// The request that asked for the mail must not end its delivery.
		if err := h.Mail.Send(context.WithoutCancel(ctx), message); err != nil {
			logger.Error("mail was not accepted", "tenant", h.Tenant, "template", message.Template, "error", err)
		}
	})
	return empty(), nil
}

// mailRecord is a mail as mail.sending hooks see and change it.
func mailRecord(a emailSendArgs) *document.Object {
	record := document.NewObject(7).Set("to", document.Text(a.To)).Set("template", document.Text(a.Template))
	for _, m := range []struct{ name, value string }{{"subject", a.Subject}, {"url", a.URL}, {"token", a.Token}, {"otp", a.OTP}} {
		if m.value != "" {
			record.Set(m.name, document.Text(m.value))
		}
	}
	if a.Data != nil {
		record.Set("data", object(a.Data))
	}
	return record
}
