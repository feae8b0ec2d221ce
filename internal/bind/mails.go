package bind

import (
	"maps"
	"slices"

	"github.com/authhost/authhost/pluginapi"
)

// mails writes a type for each mail: its variables, and what sends it.
func (w *writer) mails(m *pluginapi.Manifest) {
	for _, name := range slices.Sorted(maps.Keys(m.Mails)) {
		mail := m.Mails[name]
		goName := unexported(name) + "Mail"
		w.comment("", goName+" is what the mail "+name+" shows.")
		w.line("type %s struct {", goName)
		variables := slices.Sorted(maps.Keys(mail.Variables))
		for _, v := range variables {
			w.line("\t%s %s%s", exported(v), mailTypes[mail.Variables[v].Type], requiredNote(mail.Variables[v]))
		}
		w.line("}\n")
		w.comment("", "Send sends the mail after the commit.")
		w.line("func (m %s) Send(c *sdk.Call, to string) error {", goName)
		w.line("\treturn c.Email().Send(to, mail%s, sdk.EmailSendOptions{", exported(name))
		data := false
		for _, v := range variables {
			if pluginapi.MailArgument(v) {
				w.line("\t\t%s: m.%s,", exported(v), exported(v))
			} else {
				data = true
			}
		}
		if data {
			w.mailData(mail, variables)
		}
		w.line("\t})")
		w.line("}\n")
	}
}

// mailData writes the variables that are no arguments by themselves.
func (w *writer) mailData(mail pluginapi.Mail, variables []string) {
	w.line("\t\tData: []sdk.Field{")
	for _, v := range variables {
		if !pluginapi.MailArgument(v) {
			make := "sdk.String"
			if mail.Variables[v].Type == pluginapi.MailNumber {
				make = "sdk.Int"
			}
			w.line("\t\t\tsdk.F(%q, %s(m.%s)),", v, make, exported(v))
		}
	}
	w.line("\t\t},")
}

// mailTypes are the types of variables in Go.
var mailTypes = map[string]string{
	pluginapi.MailString: "string", pluginapi.MailURL: "string", pluginapi.MailCode: "string", pluginapi.MailDate: "string", pluginapi.MailNumber: "int64",
}

func requiredNote(v pluginapi.MailVariable) string {
	if v.Required {
		return " // required"
	}
	return ""
}
