// Package mail writes and delivers the mails of tenants: the templates of
// plugins with what operators say instead, an SMTP sender, and a
// catcher of package postbox for development. It knows no mail by name.
//
// What comes from users is never trusted here: it cannot break out of a
// header or of HTML.
//
// Neighbours: the email capability makes Messages, package post has them wait,
// and the engine chooses the Sender. The SMTP library stays behind this package.
//
//	catcher := mail.NewCatcher(0)
//	templates := new(mail.Templates)
//	err := templates.Add("visits", manifest, nil)
//	sender := mail.Renderer{AppName: "My App", Templates: templates, Next: catcher}
//	err = sender.Send(ctx, mail.Message{To: "a@example.com", Plugin: "visits", Template: "hundredth-visit"})
//
// Decisions and their reasons: docs/rationale/messages.md.
package mail
