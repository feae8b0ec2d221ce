package pluginapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// Bounds of mails.
const (
	MaxMails         = 50        // that a manifest declares
	MaxMailBlocks    = 20        // of a body
	MaxMailVariables = 50        // of a mail
	MaxMailSource    = 64 << 10  // bytes of one template
	MaxMailPart      = 256 << 10 // bytes of one part, filled in
	MaxMailText      = 10_000    // bytes of a variable of type "string"
	MaxMailURL       = 4096      // bytes of a variable of type "url"
	MaxMailCode      = 64        // characters of a variable of type "code"
)

// mailDateLayout is how mails show a time.
const mailDateLayout = "2006-01-02 15:04 UTC"

// Types of a mail's variables.
const (
	MailString = "string"
	MailURL    = "url"  // absolute, http or https
	MailCode   = "code" // letters, digits and hyphens, for somebody to type
	MailNumber = "number"
	MailDate   = "date" // RFC 3339; mails show it in UTC, to the minute
)

// Variables that the host gives to every mail.
const (
	MailApp     = "app"     // the application's name
	MailSubject = "subject" // the subject as the mail has it; not in the subject itself
	MailLang    = "lang"    // the language, as a tag (BCP 47)
)

var (
	mailTypes    = []string{MailString, MailURL, MailCode, MailNumber, MailDate}
	hostVariable = []string{MailApp, MailSubject, MailLang}
	codeText     = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9-]{1,%d}$`, MaxMailCode))
	// mailArguments are the variables that are arguments of email.send by
	// themselves; all others are members of its argument data.
	mailArguments = []string{"url", "token", "otp"}
)

// MailArgument reports whether a variable is an argument of email.send by
// itself, and not a member of its argument data.
func MailArgument(name string) bool { return slices.Contains(mailArguments, name) }

// Mail is a mail that a plugin sends. It has a body, which the host lays out,
// or else its parts as they are. Subject, text and HTML are templates: see
// MailTemplate.
type Mail struct {
	Subject   string                  `json:"subject"`
	Body      []MailBlock             `json:"body,omitempty"`
	Text      string                  `json:"text,omitempty"`
	HTML      string                  `json:"html,omitempty"` // without it, the mail has a text alone
	Variables map[string]MailVariable `json:"variables,omitempty"`

	// lenient is for the mails of ABI 1.0, which knew no types: what does not
	// fit is left out.
	lenient bool
}

// MailBlock is a part of a body: a text, a note, a link or a code. Of a block
// whose variable is absent there is nothing, and nothing of a text or a note that
// comes out empty.
type MailBlock struct {
	Text  string `json:"text,omitempty"`  // a paragraph; a template
	Note  string `json:"note,omitempty"`  // a paragraph in small print; a template
	Link  string `json:"link,omitempty"`  // name of a variable of type "url"
	Code  string `json:"code,omitempty"`  // name of a variable
	Label string `json:"label,omitempty"` // a template; default "Continue" of a link, "Your code" of a code, which HTML shows without
}

// MailVariable is a value that a mail shows. In a manifest it is an object, or
// the type alone.
type MailVariable struct {
	Type     string `json:"type"` // string, url, code, number or date
	Required bool   `json:"required,omitempty"`
}

// UnmarshalJSON reads an object, or a type.
func (d *MailVariable) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &d.Type)
	}
	type plain MailVariable
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode((*plain)(d))
}

// Mail returns a mail of the manifest, and whether there is one of that name.
// Modules of ABI 1.0 declare none: theirs are FixedMails.
func (m *Manifest) Mail(name string) (Mail, bool) {
	if before(m.ABI, 1, 1) {
		mail, ok := fixedMails[name]
		return mail, ok
	}
	mail, ok := m.Mails[name]
	return mail, ok
}

// MailNames lists the mails that the plugin can send.
func (m *Manifest) MailNames() []string {
	if before(m.ABI, 1, 1) {
		if _, sends := m.Capability(CapEmail); sends {
			return FixedMails()
		}
	}
	return slices.Sorted(maps.Keys(m.Mails))
}

// MailValues checks a mail that the plugin sends, given as the arguments of
// email.send, and returns what it is to show, by variable. Arguments are as
// encoding/json decodes them with UseNumber. The error is for the plugin.
func (m *Manifest) MailValues(args map[string]any) (map[string]string, error) {
	name, _ := args["template"].(string)
	mail, ok := m.Mail(name)
	if !ok {
		return nil, fmt.Errorf("the manifest has no mail %q; it has %q", name, m.MailNames())
	}
	given := map[string]any{}
	data, _ := args["data"].(map[string]any)
	for _, name := range sortedNames(data) {
		switch own := slices.Contains(mailArguments, name); {
		case !own:
			given[name] = data[name]
		case !mail.lenient:
			return nil, fmt.Errorf("%s is an argument by itself, not a member of data", name)
		}
	}
	for _, name := range mailArguments {
		given[name] = args[name]
	}
	values, err := mail.values(given)
	if err != nil {
		return nil, fmt.Errorf("mail %s: %w", name, err)
	}
	return values, nil
}

// values checks variables one by one.
func (m *Mail) values(given map[string]any) (map[string]string, error) {
	values := make(map[string]string, len(given))
	for _, name := range sortedNames(given) {
		if given[name] == nil || given[name] == "" {
			continue // as good as absent
		}
		declared, ok := m.Variables[name]
		if !ok && !m.lenient {
			return nil, fmt.Errorf("there is no variable %s", name)
		}
		text, err := declared.show(given[name])
		switch {
		case err == nil:
			values[name] = text
		case !m.lenient:
			return nil, fmt.Errorf("variable %s must be %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Variables)) {
		if m.Variables[name].Required && values[name] == "" {
			return nil, fmt.Errorf("variable %s must be given", name)
		}
	}
	return values, nil
}

// show returns a value as templates show it. The error says what it must be.
func (d MailVariable) show(v any) (string, error) {
	text, isText := v.(string)
	switch d.Type {
	case MailNumber:
		if n, ok := v.(json.Number); ok {
			return n.String(), nil
		}
		return "", errors.New("a number")
	case MailURL:
		if u, err := url.Parse(text); err == nil && len(text) <= MaxMailURL && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
			return text, nil
		}
		return "", fmt.Errorf("an absolute URL with http or https of at most %d bytes", MaxMailURL)
	case MailCode:
		if codeText.MatchString(text) {
			return text, nil
		}
		return "", fmt.Errorf("a code of at most %d letters, digits and hyphens", MaxMailCode)
	case MailDate:
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at.UTC().Format(mailDateLayout), nil
		}
		return "", errors.New("a time such as 2026-01-02T03:04:05.678Z")
	default:
		if isText && len(text) <= MaxMailText && utf8.ValidString(text) {
			return text, nil
		}
		return "", fmt.Errorf("a text of at most %d bytes", MaxMailText)
	}
}

// validateTexts checks what holds for all that a plugin sends: n of the member at,
// of which there may be most, with a capability. It reports whether each is to be
// checked.
func (m *Manifest) validateTexts(r *report, at, capability string, n, most int) bool {
	if n == 0 {
		return false
	}
	if before(m.ABI, 1, 1) {
		r.add(at, `the ABI has them since 1.1; write "abi": "1.1"`)
		return false
	}
	if _, asked := m.Capability(capability); !asked {
		r.add(at, `only a plugin with the capability %[1]q sends them; add {"name": %[1]q} to "capabilities"`, capability)
	}
	if n > most {
		r.add(at, "%d are more than %d", n, most)
	}
	return true
}

// validateMails checks the mails, with their templates.
func (m *Manifest) validateMails(r *report) {
	if !m.validateTexts(r, "mails", CapEmail, len(m.Mails), MaxMails) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m.Mails)) {
		at, mail := "mails."+name, m.Mails[name]
		r.want(at, name, wordPattern)
		validateVariables(r, at+".variables", mail.Variables, hostVariable)
		var fault *MailError
		if _, err := mail.Compile(""); errors.As(err, &fault) {
			r.add(at+"."+fault.At, "%s", fault.Problem)
		}
	}
}

// validateVariables checks the variables of a mail or text message. host are
// those that the host gives it.
func validateVariables(r *report, at string, variables map[string]MailVariable, host []string) {
	if len(variables) > MaxMailVariables {
		r.add(at, "%d are more than %d", len(variables), MaxMailVariables)
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		r.want(at, name, memberPattern)
		if slices.Contains(host, name) {
			r.add(at, "%q is the host's, and always there", name)
		}
		r.oneOf(at+"."+name+".type", variables[name].Type, mailTypes...)
	}
}
