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
		w.shows(goName, "mail "+name, mail.Variables)
		w.comment("", "Send sends the mail after the commit.")
		w.line("func (m %s) Send(c *sdk.Call, to string) error {", goName)
		w.line("\treturn c.Email().Send(to, mail%s, sdk.EmailSendOptions{", exported(name))
		var data []string
		for _, v := range slices.Sorted(maps.Keys(mail.Variables)) {
			if pluginapi.MailArgument(v) {
				w.line("\t\t%s: m.%s,", exported(v), exported(v))
			} else {
				data = append(data, v)
			}
		}
		if len(data) > 0 {
			w.data(mail.Variables, data)
		}
		w.line("\t})")
		w.line("}\n")
	}
}

// data writes variables as members of the argument data.
func (w *writer) data(variables map[string]pluginapi.MailVariable, names []string) {
	w.line("\t\tData: []sdk.Field{")
	for _, v := range names {
		make := "sdk.String"
		if variables[v].Type == pluginapi.MailNumber {
			make = "sdk.Int"
		}
		w.line("\t\t\tsdk.F(%q, %s(m.%s)),", v, make, exported(v))
	}
	w.line("\t\t},")
}

// shows writes a type of what a mail or text message shows.
func (w *writer) shows(goName, what string, variables map[string]pluginapi.MailVariable) {
	w.comment("", goName+" is what the "+what+" shows.")
	w.line("type %s struct {", goName)
	for _, v := range slices.Sorted(maps.Keys(variables)) {
		w.line("\t%s %s%s", exported(v), mailTypes[variables[v].Type], requiredNote(variables[v]))
	}
	w.line("}\n")
}

// messages writes a type for each text message: its variables, and what sends it.
func (w *writer) messages(m *pluginapi.Manifest) {
	for _, name := range m.MessageNames() {
		variables := m.Messages[name].Variables
		goName := unexported(name) + "Message"
		w.shows(goName, "text message "+name, variables)
		w.comment("", "Send sends the text message to a phone after the commit.")
		w.line("func (m %s) Send(c *sdk.Call, to string) error {", goName)
		w.line("\treturn c.SMS().Send(to, message%s, sdk.SMSSendOptions{", exported(name))
		if len(variables) > 0 {
			w.data(variables, slices.Sorted(maps.Keys(variables)))
		}
		w.line("\t})")
		w.line("}\n")
	}
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
