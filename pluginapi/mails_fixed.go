package pluginapi

import (
	"fmt"
	"maps"
	"slices"
)

// fixedMails are the mails of ABI 1.0, whose modules declare none. They are
// what these modules have always sent.
var fixedMails = map[string]Mail{
	"reset-password": fixedMail("Reset your password",
		"Somebody asked to reset the password of your {{.app}} account. Use the link below to choose a new one.",
		"Choose a new password", ignoreMail+" Your password stays as it is."),
	"verify-email": fixedMail("Verify your e-mail address",
		"Please confirm that this e-mail address belongs to your {{.app}} account.", "Verify e-mail address", ignoreMail),
	"existing-user-sign-up": fixedMail("You already have an account",
		"Somebody tried to sign up to {{.app}} with this e-mail address, which has an account already. If it was you, sign in instead, or reset your password.",
		"Sign in", ignoreMail),
	"change-email-confirmation": fixedMail("Confirm the change of your e-mail address",
		"Somebody asked to change the e-mail address of your {{.app}} account to another one. The change takes effect only after you confirm it.",
		"Confirm the change", distrustMail),
	"delete-account": fixedMail("Confirm the deletion of your account",
		"Somebody asked to delete your {{.app}} account. It is deleted for good once you confirm.", "Delete the account", distrustMail),
	"password-was-reset": fixedMail("Your password was changed", "The password of your {{.app}} account was just reset.", "",
		"If that was not you, reset your password again at once, and tell us."),
	"two-factor-otp": fixedMail("Your sign-in code", "Enter this code to sign in to your {{.app}} account.", "",
		"If you are not signing in, somebody knows your password: change it."),
	"generic": {
		lenient: true, Subject: "{{.title}}", Variables: fixedVariables,
		Text: textHead + "{{if .text}}{{.text}}\n\n{{end}}" + "{{if .url}}{{if .action}}{{.action}}:\n{{end}}{{.url}}\n\n{{end}}" + textOTP + textFoot,
		HTML: htmlHead + "{{if .text}}" + fmt.Sprintf(htmlText, "{{.text}}") + "{{end}}" +
			fmt.Sprintf(htmlCode, "otp") + fmt.Sprintf(htmlLink, "url", "{{if .action}}{{.action}}{{else}}"+linkLabel+"{{end}}") + htmlFoot,
	},
}

const (
	ignoreMail   = "If you did not ask for this, you can ignore this mail."
	distrustMail = "If you did not ask for this, do not use the link, and change your password."
)

var textOTP = fmt.Sprintf(textCode, "otp", codeLabel)

// fixedMail is a mail that says some text, shows a link and a code if it has
// them, and ends with a note.
func fixedMail(subject, text, label, note string) Mail {
	line := label + ":\n"
	if label == "" {
		label, line = linkLabel, ""
	}
	return Mail{
		lenient: true, Subject: subject, Variables: fixedVariables,
		Text: textHead + text + "\n\n" + fmt.Sprintf(textLink, "url", line) + textOTP + note + "\n\n" + textFoot,
		HTML: htmlHead + fmt.Sprintf(htmlText, text) + fmt.Sprintf(htmlCode, "otp") + fmt.Sprintf(htmlLink, "url", label) + fmt.Sprintf(htmlNote, note) + htmlFoot,
	}
}

// fixedVariables are those of every mail of ABI 1.0.
var fixedVariables = map[string]MailVariable{
	"url": {Type: MailString}, "token": {Type: MailString}, "otp": {Type: MailString},
	"title": {Type: MailString}, "text": {Type: MailString}, "action": {Type: MailString},
}

// FixedMails lists the names of the mails of ABI 1.0.
func FixedMails() []string { return slices.Sorted(maps.Keys(fixedMails)) }
