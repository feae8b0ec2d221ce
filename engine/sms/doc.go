// Package sms writes text messages to phones and hands them to the operator's
// provider: the texts of plugins with what operators say instead, the request
// to the provider's webhook, signed as Standard Webhooks has it, and a catcher
// of package postbox for development. It knows no message by name.
//
// Neighbours: the sms capability makes Messages, package post has them wait, and
// the engine chooses the Sender.
//
//	templates := new(sms.Templates)
//	err := templates.Add("phone-code", manifest, nil)
//	webhook, err := sms.NewWebhook(sms.WebhookConfig{URL: url, Secrets: secrets})
//	r := sms.Renderer{AppName: "My App", Templates: templates}
//	m, err := r.Render(sms.Message{To: "+4915112345678", Plugin: "phone-code", Kind: "code", Values: values}, "de")
//	err = webhook.Send(ctx, m)
//
// Decisions and their reasons: docs/rationale/messages.md.
package sms
