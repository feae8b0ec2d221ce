package capability

import (
	"context"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/mail"
)

// sendEmail sends a mail once the unit of work is committed.
func (h *Host) sendEmail(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	if _, err := text(args, "to"); err != nil {
		return document.Value{}, err
	}
	if !slices.Contains(mail.Templates(), args.Get("template").Str()) {
		return document.Value{}, invalid("argument template must be one of " + strings.Join(mail.Templates(), ", "))
	}
	ex := c.Exchange
	if err := ex.Mail(ctx, args); err != nil {
		return document.Value{}, err
	}
	to := args.Get("to").Str()
	if strings.ContainsAny(to, "\r\n\x00") {
		return document.Value{}, invalid("argument to must be one address")
	}
	message := mail.Message{
		Tenant: h.Tenant, To: to, Subject: args.Get("subject").Str(), Template: args.Get("template").Str(),
		URL: args.Get("url").Str(), Token: args.Get("token").Str(), OTP: args.Get("otp").Str(),
		Data: args.Get("data").Object(), CreatedAt: ex.Now,
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
