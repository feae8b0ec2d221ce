package pluginapi

import (
	"errors"
	"strings"
	"testing"
)

func TestValidPhoneNumber(t *testing.T) {
	for _, good := range []string{"+12", "+4915112345678", "+123456789012345"} {
		if !ValidPhoneNumber(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{
		"", "+", "+1", "4915112345678", "004915112345678", "+0123456789", "+1234567890123456", "+49 151", "+49-151", "+49(0)151", "+4915112345678\n",
		"\n+4915112345678", "++491", "+49151x", "+٤٩١٥١", "+４９１５１", "+4915112345678,+4915112345679",
	} {
		if ValidPhoneNumber(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestMessageFaults: what is wrong with a text message is told with its place.
func TestMessageFaults(t *testing.T) {
	for name, c := range map[string]struct{ abi, capability, messages, at, problem string }{
		"none":               {"1.1", "sms", `{"m":{"text":"{{if .code}}{{.code}}{{end}} {{.app}} {{.lang}}","variables":{"code":"code","n":{"type":"number","required":true}}}}`, "", ""},
		"a variable subject": {"1.1", "sms", `{"m":{"text":"{{.subject}}","variables":{"subject":"string"}}}`, "", ""},
		"no text":            {"1.1", "sms", `{"m":{"text":""}}`, "messages.m.text", "needs one"},
		"unknown variable":   {"1.1", "sms", `{"m":{"text":"a\n{{.nope}}"}}`, "messages.m.text", "text:2:2: .nope is not one of the variables"},
		"variable of mails":  {"1.1", "sms", `{"m":{"text":"{{.subject}}"}}`, "messages.m.text", ".subject is not one"},
		"syntax":             {"1.1", "sms", `{"m":{"text":"{{if .app}}"}}`, "messages.m.text", "unexpected EOF"},
		"loop":               {"1.1", "sms", `{"m":{"text":"{{range .app}}x{{end}}"}}`, "messages.m.text", "more than a template may"},
		"type":               {"1.1", "sms", `{"m":{"text":"t","variables":{"a":"secret"}}}`, "messages.m.variables.a.type", `"secret" is not one of`},
		"name of the host's": {"1.1", "sms", `{"m":{"text":"t","variables":{"app":"string"}}}`, "messages.m.variables", "is the host's"},
		"name":               {"1.1", "sms", `{"M m":{"text":"t"}}`, "messages.M m", "does not match"},
		"no capability":      {"1.1", "email", `{"m":{"text":"t"}}`, "messages", `add {"name": "sms"}`},
		"older ABI":          {"1.0", "sms", `{"m":{"text":"t"}}`, "messages", `write "abi": "1.1"`},
		"too many":           {"1.1", "sms", `{` + manyMessages() + `}`, "messages", "51 are more than 50"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ParseManifest([]byte(`{"id":"x","version":"1.0.0","abi":"` + c.abi + `","capabilities":[{"name":"` + c.capability + `"}],
				"handlers":[{"number":1,"kind":"hook","event":"user.created"}],"messages":` + c.messages + `}`))
			if err != nil {
				t.Fatal(err)
			}
			err = m.Validate()
			var fault *ManifestError
			switch {
			case c.at == "" && err != nil, c.at != "" && !errors.As(err, &fault):
				t.Errorf("got %v", err)
			case c.at != "" && (fault.At != c.at || !strings.Contains(fault.Problem, c.problem)):
				t.Errorf("got %v, want %s: %s", err, c.at, c.problem)
			}
		})
	}
}

func manyMessages() string {
	var list []string
	for i := range MaxMessages + 1 {
		list = append(list, `"m`+strings.Repeat("x", i%40)+string(rune('a'+i/40))+`":{"text":"t"}`)
	}
	return strings.Join(list, ",")
}

func TestMessageRender(t *testing.T) {
	message := TextMessage{Text: "\n{{.code}} is your code for {{.app}}.\nHello {{.name}} ({{.lang}})\n", Variables: map[string]MailVariable{"code": {Type: MailCode}, "name": {Type: MailString}}}
	template, err := message.Compile("de")
	if err != nil {
		t.Fatal(err)
	}
	text, err := template.Render("App\r\n", map[string]string{"code": "123", "name": "<Ada>\nPay at\u2028https://evil.example\x00\u0085"})
	if want := "123 is your code for App  .\nHello <Ada> Pay at https://evil.example   (de)"; err != nil || text != want {
		t.Errorf("%q, %v; want\n%q", text, err, want)
	}
	for length, ok := range map[int]bool{MaxMessageLength - 37: true, MaxMessageLength - 36: false, MaxMailPart + 1: false} {
		if _, err := template.Render("App", map[string]string{"code": "123", "name": strings.Repeat("ü", length)}); (err == nil) != ok || !ok && !errors.Is(err, ErrMessageLength) {
			t.Errorf("%d characters: %v", length, err)
		}
	}
}

// FuzzMessage: whatever the text and its value are, a message that can be
// compiled renders to a bounded text, and a value begins no line.
func FuzzMessage(f *testing.F) {
	f.Add("{{.a}} is your code", "123\n456")
	f.Add("{{if .a}}x{{end}}", "")
	f.Fuzz(func(t *testing.T, source, value string) {
		message := TextMessage{Text: source, Variables: map[string]MailVariable{"a": {Type: MailString}}}
		template, err := message.Compile("")
		if err != nil {
			return
		}
		text, err := template.Render("App", map[string]string{"a": value})
		if err != nil && !errors.Is(err, ErrMessageLength) {
			t.Errorf("%q: %v", source, err)
		}
		if len([]rune(text)) > MaxMessageLength || strings.Count(text, "\n") > strings.Count(source, "\n") {
			t.Errorf("%q with %q is %q", source, value, text)
		}
	})
}
