package pluginapi

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// mailManifest is a manifest with one mail, "m".
func mailManifest(mail string) string {
	return `{"id":"x","version":"1.0.0","abi":"1.1","capabilities":[{"name":"email"}],
		"handlers":[{"handler":"x","kind":"hook","event":"user.created"}],"mails":{"m":` + mail + `}}`
}

// TestMailFaults: what is wrong with a mail is told with its place.
func TestMailFaults(t *testing.T) {
	many := `{"subject":"s","body":[` + strings.Repeat(`{"text":"t"},`, MaxMailBlocks) + `{"text":"t"}]}`
	for name, c := range map[string]struct{ mail, at, problem string }{
		"none":                {`{"subject":"Hello","text":"Hello"}`, "", ""},
		"all forms":           {`{"subject":"{{.a}}","body":[{"text":"{{if .a}}{{.a}}{{else}}{{.app}} {{.lang}}{{end}}"},{"link":"u","label":"{{.a}}"},{"code":"a","label":"c"},{"note":"n"}],"variables":{"a":"string","u":{"type":"url","required":true}}}`, "", ""},
		"text and HTML":       {`{"subject":"s","text":"{{.subject}}","html":"<p style=\"color:red\">{{.d}}</p>","variables":{"d":"date"}}`, "", ""},
		"comments, trimming":  {`{"subject":"s","text":"a {{- /* c */ -}} b"}`, "", ""},
		"no subject":          {`{"text":"t"}`, "mails.m.subject", "needs one"},
		"nothing":             {`{"subject":"s"}`, "mails.m.text", "needs a body, or a text"},
		"HTML alone":          {`{"subject":"s","html":"h"}`, "mails.m.text", "needs a body, or a text"},
		"body and text":       {`{"subject":"s","body":[{"text":"t"}],"text":"t"}`, "mails.m.body", "either a body"},
		"unknown in subject":  {`{"subject":"{{.nope}}","text":"t"}`, "mails.m.subject", ".nope is not one of the variables"},
		"subject in subject":  {`{"subject":"{{.subject}}","text":"t"}`, "mails.m.subject", ".subject is not one"},
		"unknown in body":     {`{"subject":"s","body":[{"text":"t"},{"note":"x {{.nope}}"}]}`, "mails.m.body[1].note", "body[1].note:1:4"},
		"unknown in a branch": {`{"subject":"s","text":"{{if .app}}{{else}}\n{{.nope}}{{end}}"}`, "mails.m.text", "text:2:2"},
		"unknown link":        {`{"subject":"s","body":[{"link":"nope"}]}`, "mails.m.body[0].link", "not one of the variables"},
		"link to a text":      {`{"subject":"s","body":[{"link":"a"}],"variables":{"a":"string"}}`, "mails.m.body[0].link", `has the type "string", not url`},
		"unknown code":        {`{"subject":"s","body":[{"code":"nope"}]}`, "mails.m.body[0].code", "not one of the variables"},
		"two in a block":      {`{"subject":"s","body":[{"text":"t","note":"n"}]}`, "mails.m.body[0]", "a block is one of"},
		"empty block":         {`{"subject":"s","body":[{}]}`, "mails.m.body[0]", "a block is one of"},
		"label of a text":     {`{"subject":"s","body":[{"text":"t","label":"l"}]}`, "mails.m.body[0]", "a block is one of"},
		"bad label":           {`{"subject":"s","body":[{"link":"u","label":"{{.x}}"}],"variables":{"u":"url"}}`, "mails.m.body[0].label", ".x is not one"},
		"too many blocks":     {many, "mails.m.body", "blocks are more than"},
		"syntax":              {`{"subject":"s","text":"{{if .app}}"}`, "mails.m.text", "unexpected EOF"},
		"function":            {`{"subject":"s","text":"{{printf \"%1000000d\" .app}}"}`, "mails.m.text", `function "printf" not defined`},
		"pipe":                {`{"subject":"s","text":"{{.app | .app}}"}`, "mails.m.text", "not the name of a variable"},
		"loop":                {`{"subject":"s","text":"{{range .app}}x{{end}}"}`, "mails.m.text", "more than a template may"},
		"with":                {`{"subject":"s","text":"{{with .app}}x{{end}}"}`, "mails.m.text", "more than a template may"},
		"include":             {`{"subject":"s","text":"{{template \"text\"}}"}`, "mails.m.text", "more than a template may"},
		"define":              {`{"subject":"s","text":"{{define \"a\"}}x{{end}}{{.app}}"}`, "mails.m.text", "cannot define others"},
		"assignment":          {`{"subject":"s","text":"{{$a := .app}}"}`, "mails.m.text", "not the name of a variable"},
		"everything":          {`{"subject":"s","text":"{{.}}"}`, "mails.m.text", "not the name of a variable"},
		"member of a member":  {`{"subject":"s","text":"{{.app.x}}"}`, "mails.m.text", "not the name of a variable"},
		"open attribute":      {`{"subject":"s","text":"t","html":"<a href=\"{{if .app}}\">{{else}}'>{{end}}"}`, "mails.m.html", "end in different contexts"},
		"too large":           {`{"subject":"s","text":"` + strings.Repeat("x", MaxMailSource+1) + `"}`, "mails.m.text", "are more than"},
		"type":                {`{"subject":"s","text":"t","variables":{"a":"secret"}}`, "mails.m.variables.a.type", `"secret" is not one of`},
		"name of the host's":  {`{"subject":"s","text":"t","variables":{"app":"string"}}`, "mails.m.variables", "is the host's"},
		"name":                {`{"subject":"s","text":"t","variables":{"a b":"string"}}`, "mails.m.variables", "does not match"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ParseManifest([]byte(mailManifest(c.mail)))
			if err != nil {
				t.Fatal(err)
			}
			err = m.Validate()
			var fault *ManifestError
			switch {
			case c.at == "" && err != nil:
				t.Error(err)
			case c.at != "" && (!errors.As(err, &fault) || fault.At != c.at || !strings.Contains(fault.Problem, c.problem)):
				t.Errorf("got %v, want %s: …%s…", err, c.at, c.problem)
			}
		})
	}
}

// TestMailsNeed: mails are of ABI 1.1, and of plugins that send them.
func TestMailsNeed(t *testing.T) {
	good := mailManifest(`{"subject":"s","text":"t"}`)
	for _, bad := range []string{
		strings.Replace(good, `"capabilities":[{"name":"email"}],`, "", 1),
		strings.Replace(strings.Replace(good, `"1.1"`, `"1.0"`, 1), `"handler":"x"`, `"number":0`, 1),
		strings.Replace(good, `"m":`, `"Not A Name":`, 1),
	} {
		m, err := ParseManifest([]byte(bad))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), "mails") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := ParseManifest([]byte(mailManifest(`{"subject":"s","text":"t","variables":{"a":{"type":"string","max":1}}}`))); err == nil {
		t.Error("an unknown member of a variable: no error")
	}
}

func TestMailValues(t *testing.T) {
	m, err := ParseManifest([]byte(mailManifest(`{"subject":"{{.name}}","text":"{{.n}} {{.until}} {{.url}} {{.otp}}","variables":{
		"name":{"type":"string","required":true},"n":"number","until":"date","url":"url","otp":"code"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{`{"template":"m","data":{"name":"Ada"}}`, `{"name":"Ada"}`},
		{`{"template":"m","data":{"name":"Ada","n":1.5,"until":"2026-01-02T04:04:05+01:00"},"url":"https://a.example","otp":"1-a"}`,
			`{"n":"1.5","name":"Ada","otp":"1-a","until":"2026-01-02 03:04 UTC","url":"https://a.example"}`},
		{`{"template":"m","data":{"name":"Ada","n":null},"otp":null,"url":""}`, `{"name":"Ada"}`},
		{`{"template":"m"}`, "variable name must be given"},
		{`{"template":"m","data":{"name":""}}`, "variable name must be given"},
		{`{"template":"x"}`, `the manifest has no mail "x"; it has ["m"]`},
		{`{"template":"m","data":{"name":1}}`, "variable name must be a text of at most 10000 bytes"},
		{`{"template":"m","data":{"name":"a","n":"1"}}`, "variable n must be a number"},
		{`{"template":"m","data":{"name":"a","x":1}}`, "there is no variable x"},
		{`{"template":"m","data":{"name":"a"},"token":"t"}`, "there is no variable token"},
		{`{"template":"m","data":{"name":"a","url":"https://a"}}`, "url is an argument by itself"},
		{`{"template":"m","data":{"name":"a"},"url":"ftp://a"}`, "variable url must be an absolute URL with http or https"},
	} {
		got, err := m.MailValues(decoded(t, c.args))
		text, _ := json.Marshal(got)
		if err == nil && string(text) != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s, %v; want %s", c.args, text, err, c.want)
		}
	}
	old := &Manifest{ABI: "1.0", Capabilities: []Capability{{Name: CapEmail}}}
	got, err := old.MailValues(decoded(t, `{"template":"generic","url":"x","data":{"title":"T","n":1,"url":"y"}}`))
	if err != nil || len(got) != 2 || got["title"] != "T" || got["url"] != "x" {
		t.Errorf("of ABI 1.0: %v, %v", got, err)
	}
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestMailWithoutEmptyBlocks: a paragraph that comes out empty is left out of
// both parts.
func TestMailWithoutEmptyBlocks(t *testing.T) {
	for _, c := range []struct{ block, a, b, want string }{
		{"{{if .a}}Note: {{.a}}{{end}}", "", "", ""},
		{"{{if .a}}Note: {{.a}}{{end}}", "x", "", "Note: x"},
		{"{{.a}}", "", "", ""},
		{"{{.a}} {{.b}}", "", "y", " y"},
		{"{{.a}} {{.b}}", "", "", ""},
		{"{{if .a}}{{else}}none{{end}}", "", "", "none"},
		{"{{if .a}}{{else}}none{{end}}", "x", "", ""},
		{"{{if .a}}{{if .b}}both{{end}}{{else if .b}}{{.b}}{{end}}", "x", "", ""},
		{"{{if .a}}{{if .b}}both{{end}}{{else if .b}}{{.b}}{{end}}", "x", "y", "both"},
		{"{{if .a}}{{if .b}}both{{end}}{{else if .b}}{{.b}}{{end}}", "", "y", "y"},
		{"{{if .a}}one{{else}}none{{end}}", "x", "", "one"},
		{"{{if .a}}one{{else}}none{{end}}", "", "", "none"},
		{" {{/* nothing */}} ", "x", "y", ""},
	} {
		for name, b := range map[string]MailBlock{"text": {Text: c.block}, "note": {Note: c.block}} {
			m := Mail{Subject: "s", Body: []MailBlock{b}, Variables: map[string]MailVariable{"a": {Type: MailString}, "b": {Type: MailString}}}
			template, err := m.Compile("")
			if err != nil {
				t.Fatalf("%s: %v", c.block, err)
			}
			out, err := template.Render("App", map[string]string{"a": c.a, "b": c.b})
			if err != nil {
				t.Fatalf("%s: %v", c.block, err)
			}
			text, paragraphs := "s\n\n-- \nApp\n", 1 // that of the application's name
			if c.want != "" {
				text, paragraphs = "s\n\n"+c.want+"\n\n-- \nApp\n", 2
			}
			if out.Text != text || strings.Count(out.HTML, "<p") != paragraphs || !strings.Contains(out.HTML, c.want) {
				t.Errorf("%s %q with %q, %q:\n%q, want %q; HTML\n%s", name, c.block, c.a, c.b, out.Text, text, out.HTML)
			}
		}
	}
}

// TestMailBound: values cannot make a mail of any size.
func TestMailBound(t *testing.T) {
	m := Mail{Subject: "s", Text: strings.Repeat("{{.a}}", 1000), Variables: map[string]MailVariable{"a": {Type: MailString}}}
	template, err := m.Compile("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Render("App", map[string]string{"a": strings.Repeat("x", MaxMailText)}); !errors.Is(err, ErrMailTooLarge) {
		t.Errorf("got %v", err)
	}
}

// FuzzMail: a mail that compiles can be filled in, within its bound, and its
// values do not become markup.
func FuzzMail(f *testing.F) {
	f.Add("{{.a}}", "{{if .a}}{{.a}}{{else}}{{.u}}{{end}}", `<a href="{{.u}}" onclick="f('{{.a}}')">{{.a}}</a>`, "{{/* c */}}")
	f.Add("{{.app}}", "{{- .a -}}", `<style>p{color:{{.a}}}</style><script>var a = {{.a}}</script>`, "<{{.a}}>")
	f.Fuzz(func(t *testing.T, subject, text, markup, block string) {
		variables := map[string]MailVariable{"a": {Type: MailString}, "u": {Type: MailURL}}
		for _, m := range []Mail{
			{Subject: subject, Text: text, HTML: markup, Variables: variables},
			{Subject: subject, Body: []MailBlock{{Text: block}, {Link: "u", Label: text}}, Variables: variables},
		} {
			template, err := m.Compile("")
			if err != nil {
				var fault *MailError
				if !errors.As(err, &fault) || fault.At == "" {
					t.Errorf("a fault without a place: %v", err)
				}
				continue
			}
			out, err := template.Render("App", map[string]string{"a": "<i-am-markup>", "u": "https://a.example"})
			if err != nil && !errors.Is(err, ErrMailTooLarge) {
				t.Errorf("compiled, but: %v", err)
			}
			if len(m.Body) > 0 && strings.Contains(out.HTML, "<i-am-markup>") {
				t.Errorf("a value became markup:\n%s", out.HTML)
			}
		}
	})
}
