package mail

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"
	texttemplate "text/template"
)

// The built-in templates.
const (
	ResetPassword           = "reset-password"
	VerifyEmail             = "verify-email"
	ExistingUserSignUp      = "existing-user-sign-up"
	ChangeEmailConfirmation = "change-email-confirmation"
	DeleteAccount           = "delete-account"
	PasswordWasReset        = "password-was-reset"
	TwoFactorOTP            = "two-factor-otp"
	// Generic shows Data's title, text and action (the label of the link), and
	// takes Message.Subject or else the title as its subject.
	Generic = "generic"
)

// Templates lists the names of the built-in templates.
func Templates() []string {
	return []string{ResetPassword, VerifyEmail, ExistingUserSignUp, ChangeEmailConfirmation, DeleteAccount, PasswordWasReset, TwoFactorOTP, Generic}
}

//go:embed templates
var templateFiles embed.FS

// content is what a template says. {app} stands for the application's name.
type content struct {
	Subject string // also the heading
	Intro   string
	Action  string // label of the link
	Note    string // what to do if the mail is unexpected
}

func builtin(name string) (content, bool) {
	const ignore = "If you did not ask for this, you can ignore this mail."
	switch name {
	case ResetPassword:
		return content{"Reset your password", "Somebody asked to reset the password of your {app} account. Use the link below to choose a new one.", "Choose a new password", ignore + " Your password stays as it is."}, true
	case VerifyEmail:
		return content{"Verify your e-mail address", "Please confirm that this e-mail address belongs to your {app} account.", "Verify e-mail address", ignore}, true
	case ExistingUserSignUp:
		return content{"You already have an account", "Somebody tried to sign up to {app} with this e-mail address, which has an account already. If it was you, sign in instead, or reset your password.", "Sign in", ignore}, true
	case ChangeEmailConfirmation:
		return content{"Confirm the change of your e-mail address", "Somebody asked to change the e-mail address of your {app} account to another one. The change takes effect only after you confirm it.", "Confirm the change", "If you did not ask for this, do not use the link, and change your password."}, true
	case DeleteAccount:
		return content{"Confirm the deletion of your account", "Somebody asked to delete your {app} account. It is deleted for good once you confirm.", "Delete the account", "If you did not ask for this, do not use the link, and change your password."}, true
	case PasswordWasReset:
		return content{"Your password was changed", "The password of your {app} account was just reset.", "", "If that was not you, reset your password again at once, and tell us."}, true
	case TwoFactorOTP:
		return content{"Your sign-in code", "Enter this code to sign in to your {app} account.", "", "If you are not signing in, somebody knows your password: change it."}, true
	case Generic:
		return content{}, true
	default:
		return content{}, false
	}
}

// Render fills in the subject and both parts of a message from its template.
// tenantName is the application's name. subjects overrides subjects by
// template name; it may be nil. The subject is the override, or the message's
// own, or the template's. Texts that the message has already are kept.
func Render(tenantName string, subjects map[string]string, m Message) (Message, error) {
	if err := checkAddress(m.To); err != nil {
		return m, err
	}
	c, ok := builtin(m.Template)
	if !ok {
		return m, fmt.Errorf("mail: unknown template %q; known: %s", m.Template, strings.Join(slices.Sorted(slices.Values(Templates())), ", "))
	}
	if m.Template == Generic {
		c = content{Subject: m.Data.Get("title").Str(), Intro: m.Data.Get("text").Str(), Action: m.Data.Get("action").Str()}
	} else {
		c.Intro = strings.ReplaceAll(c.Intro, "{app}", tenantName)
	}
	view := struct {
		content
		App, URL, OTP string
	}{c, tenantName, m.URL, m.OTP}
	m.Subject = cmp.Or(headerText(subjects[m.Template]), headerText(m.Subject), headerText(c.Subject), headerText(tenantName))
	if m.Text != "" || m.HTML != "" {
		return m, nil
	}
	var err error
	if m.Text, err = renderText(view); err == nil {
		m.HTML, err = renderHTML(view)
	}
	return m, err
}

func renderText(view any) (string, error) {
	t, err := texttemplate.ParseFS(templateFiles, "templates/mail.txt")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, view)
	return b.String(), err
}

func renderHTML(view any) (string, error) {
	t, err := htmltemplate.ParseFS(templateFiles, "templates/mail.html")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, view)
	return b.String(), err
}

// Renderer is a Sender that renders a tenant's messages and passes them on.
type Renderer struct {
	AppName  string            // the application's name in mails
	From     string            // sender of this tenant's mails; empty: the next Sender's
	Subjects map[string]string // overrides, by template name
	Next     Sender
}

// Send renders the message and passes it on.
func (r Renderer) Send(ctx context.Context, m Message) error {
	rendered, err := Render(r.AppName, r.Subjects, m)
	if err != nil {
		return err
	}
	if rendered.From == "" {
		rendered.From = r.From
	}
	return r.Next.Send(ctx, rendered)
}
