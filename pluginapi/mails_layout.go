package pluginapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// What the host puts around and into a body. Styles are in the elements:
// programs that read mail leave out most others.
const (
	htmlHead = `<!doctype html>
<html lang="{{.lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.subject}}</title>
</head>
<body style="margin:0;padding:24px;background:#f4f4f5;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;color:#18181b">
<div style="max-width:480px;margin:0 auto;padding:32px;background:#fff;border-radius:8px">
<p style="margin:0 0 16px;color:#71717a">{{.app}}</p>
{{if .subject}}<h1 style="margin:0 0 16px;font-size:20px">{{.subject}}</h1>
{{end}}`
	htmlFoot = `</div>
</body>
</html>
`
	htmlText = `<p style="margin:0 0 24px;line-height:1.5">%s</p>
`
	htmlNote = `<p style="margin:0;font-size:13px;color:#71717a">%s</p>
`
	htmlCode = `{{if .%[1]s}}<p style="margin:0 0 24px;font-size:28px;letter-spacing:4px;font-family:monospace">{{.%[1]s}}</p>
{{end}}`
	htmlLink = `{{if .%[1]s}}<p style="margin:0 0 24px"><a href="{{.%[1]s}}" style="display:inline-block;padding:12px 20px;background:#18181b;color:#fff;border-radius:6px;text-decoration:none">%[2]s</a></p>
<p style="margin:0 0 24px;font-size:13px;color:#71717a;word-break:break-all">{{.%[1]s}}</p>
{{end}}`

	textHead = "{{if .subject}}{{.subject}}\n\n{{end}}"
	textFoot = "-- \n{{.app}}\n"
	textCode = "{{if .%[1]s}}%[2]s: {{.%[1]s}}\n\n{{end}}"
	textLink = "{{if .%[1]s}}%[2]s{{.%[1]s}}\n\n{{end}}"

	linkLabel = "Continue"
	codeLabel = "Your code"
)

// layOut makes the sources of both parts from the body.
func (m *Mail) layOut() (text, markup string, err error) {
	if len(m.Body) > MaxMailBlocks {
		return "", "", &MailError{"body", fmt.Sprintf("%d blocks are more than %d", len(m.Body), MaxMailBlocks)}
	}
	text, markup = textHead, htmlHead
	for i, b := range m.Body {
		inText, inHTML, err := m.block(fmt.Sprintf("body[%d]", i), b)
		if err != nil {
			return "", "", err
		}
		text, markup = text+inText, markup+inHTML
	}
	return text + textFoot, markup + htmlFoot, nil
}

// block makes the sources of one block.
func (m *Mail) block(at string, b MailBlock) (text, markup string, err error) {
	given := 0
	for _, s := range []string{b.Text, b.Note, b.Link, b.Code} {
		if s != "" {
			given++
		}
	}
	if given != 1 || b.Label != "" && b.Link == "" && b.Code == "" {
		return "", "", &MailError{at, `a block is one of {"text": …}, {"note": …}, {"code": VARIABLE, "label": …} and {"link": VARIABLE, "label": …}`}
	}
	switch {
	case b.Text != "":
		return m.paragraph(at+".text", b.Text, htmlText)
	case b.Note != "":
		return m.paragraph(at+".note", b.Note, htmlNote)
	case b.Code != "":
		if err := m.needs(at+".code", b.Code, mailTypes...); err != nil {
			return "", "", err
		}
		label, _, err := m.label(at, b, codeLabel)
		return fmt.Sprintf(textCode, b.Code, label), fmt.Sprintf(htmlCode, b.Code), err
	}
	if err := m.needs(at+".link", b.Link, MailURL); err != nil {
		return "", "", err
	}
	line := ""
	if b.Label != "" {
		line = b.Label + ":\n"
	}
	_, label, err := m.label(at, b, linkLabel)
	return fmt.Sprintf(textLink, b.Link, line), fmt.Sprintf(htmlLink, b.Link, label), err
}

// paragraph makes the sources of a template's block, of which there is nothing
// where the template shows nothing.
func (m *Mail) paragraph(at, source, frame string) (text, markup string, err error) {
	list, err := m.tree(at, source, hostVariable...)
	if err != nil {
		return "", "", err
	}
	text, markup = source+"\n\n", fmt.Sprintf(frame, escapeText(list))
	if when := shown(list); when != always {
		begin := "{{if " + when + "}}"
		text, markup = begin+text+"{{end}}", begin+markup+"{{end}}"
	}
	return text, markup, nil
}

// label returns a block's label, or a default, for text and for HTML.
func (m *Mail) label(at string, b MailBlock, fallback string) (text, markup string, err error) {
	text = cmp.Or(b.Label, fallback)
	list, err := m.tree(at+".label", text, hostVariable...)
	if err != nil {
		return "", "", err
	}
	return text, escapeText(list), nil
}

// needs checks that a block's variable is declared, with one of some types.
func (m *Mail) needs(at, name string, types ...string) error {
	v, declared := m.Variables[name]
	switch {
	case !declared:
		return &MailError{at, fmt.Sprintf("%q is not one of the variables; add it to them", name)}
	case !slices.Contains(types, v.Type):
		return &MailError{at, fmt.Sprintf("the variable %q has the type %q, not %s", name, v.Type, strings.Join(types, " or "))}
	}
	return nil
}
