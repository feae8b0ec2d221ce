package main

import (
	"html"
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// style is all that the page looks like. The manifest has its SHA-256, so that
// no other style counts; a test compares.
const style = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
summary{cursor:pointer;padding:.3rem 0}
code,pre{font:14px/1.4 ui-monospace,monospace}
pre{overflow:auto;padding:.5rem;border:1px solid;border-radius:.3rem;opacity:.85}
details>div{padding:0 0 1rem 1.2rem}
b{display:inline-block;min-width:3.5rem}
dt{font-weight:600}
dd{margin:0 0 .4rem 1.2rem}`

// methods in the order in which the page shows them.
var methods = [...]string{"get", "post"}

// operation is one of the document.
type operation struct {
	method, path string
	sdk.Value
}

// page is HTML in the making.
type page struct{ strings.Builder }

// raw writes markup.
func (w *page) raw(markup string) { w.WriteString(markup) }

// text writes text between two pieces of markup.
func (w *page) text(before, text, after string) {
	w.raw(before)
	w.raw(html.EscapeString(text))
	w.raw(after)
}

// render makes the page of a document.
func render(doc sdk.Value) string {
	w := new(page)
	title := doc.At("info.title").String()
	w.text("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>", title, "</title>\n")
	w.text("<style>"+style+"</style>\n</head>\n<body>\n<h1>", title, "</h1>\n")
	w.text("<p>", doc.At("info.description").String(), "</p>\n")
	w.text("<p>All paths are below <code>", doc.At("servers.0.url").String(), "</code>. Tools read this at <code>/open-api/generate-schema</code>.</p>\n")
	tags, byTag := operations(doc)
	for _, tag := range tags {
		w.text("<h2>", tag, "</h2>\n")
		for _, op := range byTag[tag] {
			w.operation(op)
		}
	}
	w.raw("<h2>Schemas</h2>\n")
	for name, schema := range doc.At("components.schemas").Members() {
		w.text("<details><summary><code>", name, "</code></summary><div>")
		w.schema(schema)
		w.raw("</div></details>\n")
	}
	w.raw("</body>\n</html>\n")
	return w.String()
}

// operations lists what there is by the first tag of each.
func operations(doc sdk.Value) (tags []string, byTag map[string][]operation) {
	byTag = map[string][]operation{}
	for path, item := range doc.Get("paths").Members() {
		for _, method := range methods {
			op := item.Get(method)
			if op.IsAbsent() {
				continue
			}
			tag := op.At("tags.0").String()
			if !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
			byTag[tag] = append(byTag[tag], operation{method, path, op})
		}
	}
	return tags, byTag
}

func (w *page) operation(op operation) {
	w.text("<details><summary><b>"+strings.ToUpper(op.method)+"</b> <code>", op.path, "</code> ")
	w.text("", op.Get("summary").String(), "</summary><div>\n")
	if text := op.Get("description").String(); text != "" {
		w.text("<p>", text, "</p>\n")
	}
	w.parameters(op.Get("parameters"))
	for media, content := range op.At("requestBody.content").Members() {
		w.text("<p>Body, <code>", media, "</code></p>\n")
		w.schema(content.Get("schema"))
	}
	w.raw("<p>Answers</p>\n<dl>\n")
	for status, answer := range op.Get("responses").Members() {
		w.text("<dt>", status, "</dt>")
		w.text("<dd>", answer.Get("description").String(), "</dd>\n")
		if body := answer.Get("content").Get("application/json").Get("schema"); status < "3" && !body.IsAbsent() {
			w.raw("<dd>")
			w.schema(body)
			w.raw("</dd>\n")
		}
	}
	w.raw("</dl></div></details>\n")
}

func (w *page) parameters(list sdk.Value) {
	opened := false
	for p := range list.Items() {
		if !opened {
			w.raw("<p>Parameters</p>\n<dl>\n")
			opened = true
		}
		w.text("<dt><code>", p.Get("name").String(), "</code>, ")
		w.text("", p.Get("in").String(), "")
		if p.Get("required").IsTrue() {
			w.raw(", required")
		}
		w.text("</dt><dd>", p.Get("description").String(), "</dd>\n")
	}
	if opened {
		w.raw("</dl>\n")
	}
}

func (w *page) schema(v sdk.Value) { w.text("<pre>", indent(v, "\n"), "</pre>") }

// indent writes a value as JSON in lines; newline begins one at its depth.
func indent(v sdk.Value, newline string) string {
	inner := newline + "  "
	var parts []string
	for name, member := range v.Members() {
		parts = append(parts, sdk.String(name).JSONText()+": "+indent(member, inner))
	}
	open, end := "{", "}"
	for item := range v.Items() {
		open, end = "[", "]"
		parts = append(parts, indent(item, inner))
	}
	if len(parts) == 0 {
		return v.JSONText()
	}
	return open + inner + strings.Join(parts, ","+inner) + newline + end
}
