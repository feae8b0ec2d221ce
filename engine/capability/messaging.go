package capability

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/post"
	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/pluginapi"
)

// emailSend sends a mail once the unit of work is committed.
func (h *Functions) emailSend(ctx context.Context, c *dispatch.Call, a emailSendArgs) (document.Value, error) {
	ex, manifest := c.Exchange, c.Entry.Plugin.Manifest
	record := mailRecord(a, ex.Request.Headers.Get("Accept-Language"))
	if _, err := mailValues(manifest, record); err != nil {
		return document.Value{}, err
	}
	if !a.Decoy {
		if err := ex.Mail(ctx, record); err != nil {
			return document.Value{}, err
		}
	}
	values, err := mailValues(manifest, record) // hooks may have changed them
	if err != nil {
		return document.Value{}, err
	}
	message := mail.Message{
		Tenant: h.Tenant, Plugin: c.Entry.Plugin.ID, To: record.Get("to").Str(), Subject: record.Get("subject").Str(), Template: record.Get("template").Str(),
		URL: record.Get("url").Str(), Token: record.Get("token").Str(), OTP: record.Get("otp").Str(),
		Languages: record.Get("languages").Str(), Values: values, CreatedAt: ex.Now, Decoy: a.Decoy,
	}
	if strings.ContainsAny(message.To, "\r\n\x00") {
		return document.Value{}, invalid("argument to must be one address")
	}
	if h.Mail == nil {
		// An error would tell clients which addresses are known: mails go to
		// those only.
		h.Logger.Debug("mail was dropped: mail is disabled", "tenant", h.Tenant, "template", message.Template)
		return empty(), nil
	}
	return empty(), put(ctx, h, c, h.Mail, message)
}

// put has a message sent once the unit of work of a call is committed. When as
// many wait as may, the whole unit of work fails: what is answered would not be
// true. That is so for decoys, too. A message to whom nothing can be sent is told
// in the log alone: an error would tell that somebody has the address.
func put[T postbox.Message](ctx context.Context, h *Functions, c *dispatch.Call, way post.Way[T], message T) error {
	ex := c.Exchange
	if err := ex.CountMessage(); err != nil {
		return err
	}
	err := way.Put(ctx, ex.Tx(), message)
	switch {
	case err == nil:
		return nil
	case message.Check() != nil:
		h.Logger.Error("message was not accepted", "tenant", h.Tenant, "plugin", c.Entry.Plugin.ID, "name", message.About().Name, "error", err)
		return nil
	case errors.Is(err, post.ErrFull):
		ex.FailUnit(apierror.Unavailable(err))
	}
	return err
}

// mailRecord is a mail as mail.sending hooks see and change it.
func mailRecord(a emailSendArgs, languages string) *document.Object {
	record := document.NewObject(8).Set("to", document.Text(a.To)).Set("template", document.Text(a.Template))
	if a.Languages != "" {
		languages = a.Languages
	}
	for _, m := range []struct{ name, value string }{{"subject", a.Subject}, {"url", a.URL}, {"token", a.Token}, {"otp", a.OTP}, {"languages", languages}} {
		if m.value != "" {
			record.Set(m.name, document.Text(m.value))
		}
	}
	if a.Data != nil {
		record.Set("data", object(a.Data))
	}
	return record
}

// mailValues checks a mail against what the manifest says of it, and returns
// what it is to show.
func mailValues(m *pluginapi.Manifest, record *document.Object) (map[string]string, error) {
	plain, err := plainObject(record)
	if err != nil {
		return nil, err
	}
	values, err := m.MailValues(plain)
	if err != nil {
		return nil, invalid(err.Error())
	}
	return values, nil
}

// plainObject is an object as encoding/json decodes it with UseNumber.
func plainObject(o *document.Object) (plain map[string]any, err error) {
	dec := json.NewDecoder(bytes.NewReader(object(o).JSON()))
	dec.UseNumber()
	return plain, dec.Decode(&plain)
}
