package pluginapi

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html"
	htmltemplate "html/template"
	"io"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"
	"text/template/parse"
)

// MailTemplate is a mail that is ready to be filled in. It is safe for
// concurrent use.
//
// Templates have two forms besides text, in the syntax of text/template:
// {{.name}} shows a variable, and {{if .name}} … {{else}} … {{end}} tells
// whether it is there. There is nothing that calls, repeats or includes, so
// that filling one in takes no longer than writing its result, which is
// bounded. In HTML, package html/template escapes each value for its place.
type MailTemplate struct {
	language      string
	subject, text *texttemplate.Template
	html          *htmltemplate.Template // nil: the mail has a text alone
}

// RenderedMail is a mail that is filled in. HTML is "" if it has a text alone.
type RenderedMail struct{ Subject, Text, HTML string }

// MailError is what is wrong with a mail.
type MailError struct {
	At      string // a member, such as "body[1].link"
	Problem string
}

func (e *MailError) Error() string { return e.At + ": " + e.Problem }

// ErrMailTooLarge is returned where a filled-in part has more than MaxMailPart.
var ErrMailTooLarge = errors.New("a part of the mail is larger than its bound")

// Compile makes a mail's templates ready. language is that of the mail, a tag
// (BCP 47); "" is English. The error is a *MailError.
func (m *Mail) Compile(language string) (*MailTemplate, error) {
	text, markup, err := m.parts()
	if err != nil {
		return nil, err
	}
	t := &MailTemplate{language: languageOr(language)}
	subject, err := m.source("subject", m.Subject, MailApp, MailLang)
	if err == nil {
		t.subject, err = textTemplate("subject", subject)
	}
	if err == nil {
		t.text, err = textTemplate("text", text)
	}
	if err == nil && markup != "" {
		t.html, err = htmlTemplate(markup)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// languageOr is a language, or that of plugins.
func languageOr(language string) string { return cmp.Or(language, "en") }

// parts returns the sources of text and HTML.
func (m *Mail) parts() (text, markup string, err error) {
	switch {
	case m.Subject == "":
		return "", "", &MailError{"subject", "a mail needs one"}
	case len(m.Body) > 0 && (m.Text != "" || m.HTML != ""):
		return "", "", &MailError{"body", "a mail has either a body, or text and html"}
	case len(m.Body) > 0:
		return m.layOut()
	case m.Text == "":
		return "", "", &MailError{"text", "a mail needs a body, or a text"}
	}
	if text, err = m.source("text", m.Text, hostVariable...); err == nil && m.HTML != "" {
		markup, err = m.source("html", m.HTML, hostVariable...)
	}
	return text, markup, err
}

// source checks a template: its size, its form, and that it shows nothing but
// the mail's variables and those of the host.
func (m *Mail) source(at, text string, host ...string) (string, error) {
	_, err := m.tree(at, text, host...)
	return text, err
}

func (m *Mail) tree(at, text string, host ...string) (*parse.ListNode, error) {
	if len(text) > MaxMailSource {
		return nil, &MailError{at, fmt.Sprintf("%d bytes are more than %d", len(text), MaxMailSource)}
	}
	trees, err := parse.Parse(at, text, "", "")
	if err != nil {
		return nil, &MailError{at, "not a template: " + strings.TrimPrefix(err.Error(), "template: ")}
	}
	root := trees[at]
	if len(trees) > 1 || root == nil {
		return nil, &MailError{at, "templates cannot define others"}
	}
	if fault := m.checkNode(root.Root, host); fault != nil {
		place, _ := root.ErrorContext(fault.node)
		return nil, &MailError{at, place + ": " + fault.problem}
	}
	return root.Root, nil
}

// nodeError is what is wrong at a place of a template.
type nodeError struct {
	node    parse.Node
	problem string
}

func (m *Mail) checkNode(n parse.Node, host []string) *nodeError {
	switch n := n.(type) {
	case *parse.TextNode:
	case *parse.ActionNode:
		return m.checkPipe(n.Pipe, host)
	case *parse.IfNode:
		err := m.checkPipe(n.Pipe, host)
		for _, list := range []*parse.ListNode{n.List, n.ElseList} {
			if err == nil && list != nil {
				err = m.checkNode(list, host)
			}
		}
		return err
	case *parse.ListNode:
		for _, child := range n.Nodes {
			if err := m.checkNode(child, host); err != nil {
				return err
			}
		}
	default:
		return &nodeError{n, n.String() + " is more than a template may; there are {{.name}} and {{if .name}} … {{else}} … {{end}}"}
	}
	return nil
}

// checkPipe takes the name of one variable.
func (m *Mail) checkPipe(p *parse.PipeNode, host []string) *nodeError {
	if len(p.Decl) == 0 && len(p.Cmds) == 1 && len(p.Cmds[0].Args) == 1 {
		if field, ok := p.Cmds[0].Args[0].(*parse.FieldNode); ok && len(field.Ident) == 1 {
			name := field.Ident[0]
			if _, declared := m.Variables[name]; declared || slices.Contains(host, name) {
				return nil
			}
			return &nodeError{p, "." + name + " is not one of the variables; add it to them"}
		}
	}
	return &nodeError{p, p.String() + " is not the name of a variable, such as .name"}
}

func textTemplate(at, source string) (*texttemplate.Template, error) {
	t, err := texttemplate.New(at).Option("missingkey=zero").Parse(source)
	if err != nil {
		return nil, &MailError{at, err.Error()}
	}
	return t, nil
}

// htmlTemplate also tries the template: html/template finds places where no
// value can be escaped when it is first filled in.
func htmlTemplate(source string) (*htmltemplate.Template, error) {
	t, err := htmltemplate.New("html").Option("missingkey=zero").Parse(source)
	if err == nil {
		err = t.Execute(io.Discard, map[string]string{})
	}
	if err != nil {
		return nil, &MailError{"html", strings.TrimPrefix(err.Error(), "html/template:")}
	}
	return t, nil
}

// Render fills the mail in. values are those of Mail.Values; app is the
// application's name. The error is ErrMailTooLarge, or wraps it.
func (t *MailTemplate) Render(app string, values map[string]string) (RenderedMail, error) {
	all := make(map[string]string, len(values)+len(hostVariable))
	maps.Copy(all, values)
	all[MailApp], all[MailLang] = app, t.language
	var out RenderedMail
	var err error
	if out.Subject, err = fill(t.subject, all); err != nil {
		return out, err
	}
	all[MailSubject] = out.Subject
	if out.Text, err = fill(t.text, all); err == nil && t.html != nil {
		out.HTML, err = fill(t.html, all)
	}
	return out, err
}

// fill executes a template of either kind within the bound.
func fill(t interface{ Execute(io.Writer, any) error }, values map[string]string) (string, error) {
	w := new(boundedWriter)
	if err := t.Execute(w, values); err != nil {
		return "", err
	}
	return w.String(), nil
}

type boundedWriter struct{ bytes.Buffer }

func (w *boundedWriter) Write(p []byte) (int, error) {
	if w.Len()+len(p) > MaxMailPart {
		return 0, ErrMailTooLarge
	}
	return w.Buffer.Write(p)
}

// escapeText makes the text of a template fit for HTML, and leaves its
// variables alone.
func escapeText(list *parse.ListNode) string {
	var out strings.Builder
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			out.WriteString(html.EscapeString(string(n.Text)))
		case *parse.IfNode:
			out.WriteString("{{if " + n.Pipe.String() + "}}" + escapeText(n.List))
			if n.ElseList != nil {
				out.WriteString("{{else}}" + escapeText(n.ElseList))
			}
			out.WriteString("{{end}}")
		default:
			out.WriteString(n.String())
		}
	}
	return out.String()
}
