package capability

import (
	"cmp"
	"context"
	"errors"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/pluginapi"
)

// smsSend sends a text message once the unit of work is committed. Unlike a
// mail it is filled in at once: that is as quick as checking its values, and the
// plugin learns of a text that is too long.
func (h *Functions) smsSend(ctx context.Context, c *dispatch.Call, a smsSendArgs) (document.Value, error) {
	ex, plugin := c.Exchange, c.Entry.Plugin
	if !pluginapi.ValidPhoneNumber(a.To) {
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: pluginapi.CodeNumber, Message: "argument to must be a number in the form of E.164, such as +4915112345678"}
	}
	values, err := messageValues(plugin.Manifest, a)
	if err != nil {
		return document.Value{}, err
	}
	if h.SMS == nil {
		h.Logger.Debug("text message was refused: text messages are disabled", "tenant", h.Tenant, "plugin", plugin.ID, "kind", a.Kind)
		return document.Value{}, refuse(pluginapi.StatusUnavailable, "there is no provider of text messages; the operator sets one as sms.url")
	}
	message, err := h.Texts.Render(
		sms.Message{Tenant: h.Tenant, To: a.To, Plugin: plugin.ID, Kind: a.Kind, Values: values, CreatedAt: ex.Now, Decoy: a.Decoy},
		cmp.Or(a.Languages, ex.Request.Headers.Get("Accept-Language")),
	)
	if errors.Is(err, pluginapi.ErrMessageLength) {
		err = &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: pluginapi.CodeLength, Message: "message " + a.Kind + ": " + err.Error()}
	}
	if err != nil {
		return document.Value{}, err
	}
	return empty(), put(ctx, h, c, h.SMS, message)
}

// messageValues checks a text message against what the manifest says of it, and
// returns what it is to show.
func messageValues(m *pluginapi.Manifest, a smsSendArgs) (map[string]string, error) {
	var data map[string]any
	if a.Data != nil {
		var err error
		if data, err = plainObject(a.Data); err != nil {
			return nil, err
		}
	}
	values, err := m.MessageValues(a.Kind, data)
	if err != nil {
		return nil, invalid(err.Error())
	}
	return values, nil
}
