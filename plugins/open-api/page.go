package main

import (
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// style is all that the page looks like. The policy names its hash, so that no
// other style counts.
const style = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
summary{cursor:pointer;padding:.3rem 0}
code,pre{font:14px/1.4 ui-monospace,monospace}
pre{overflow:auto;padding:.5rem;border:1px solid;border-radius:.3rem;opacity:.85}
details>div{padding:0 0 1rem 1.2rem}
b{display:inline-block;min-width:3.5rem}
dt{font-weight:600}
dd{margin:0 0 .4rem 1.2rem}`

// contentSecurityPolicy lets the page have its style and nothing else: what is
// in the descriptions is text, and stays text even if this plugin failed to
// escape it (Content Security Policy Level 3).
const contentSecurityPolicy = "default-src 'none'; style-src 'sha256-" + styleHash + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// styleHash is the SHA-256 of style, in base64. A test compares.
const styleHash = "2SYoM85P/WCsMx7qdl1+g3I7SCmGqbeoRmJlrRi1xso="

// methods in the order in which the page shows them.
var methods = [...]string{"get", "post"}

// operation is where one is in the document.
type operation struct{ method, path, at string }

// render makes the page of the document at result.
func render(c *sdk.Call) string {
	var w strings.Builder
	title := c.Result("info.title").String()
	w.WriteString("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
	escape(&w, title)
	w.WriteString("</title>\n<style>" + style + "</style>\n</head>\n<body>\n<h1>")
	escape(&w, title)
	w.WriteString("</h1>\n<p>")
	escape(&w, c.Result("info.description").String())
	w.WriteString("</p>\n<p>All paths are below <code>")
	escape(&w, c.Result("servers.0.url").String())
	w.WriteString("</code>. Tools read this at <code>/open-api/generate-schema</code>.</p>\n")
	tags, byTag := operations(c)
	for _, tag := range tags {
		w.WriteString("<h2>")
		escape(&w, tag)
		w.WriteString("</h2>\n")
		for _, op := range byTag[tag] {
			show(c, &w, op)
		}
	}
	w.WriteString("<h2>Schemas</h2>\n")
	for _, name := range c.Names("result.components.schemas") {
		w.WriteString("<details><summary><code>")
		escape(&w, name)
		w.WriteString("</code></summary><div>")
		schema(c, &w, member("result.components.schemas", name))
		w.WriteString("</div></details>\n")
	}
	w.WriteString("</body>\n</html>\n")
	return w.String()
}

// operations lists what there is by the first tag of each.
func operations(c *sdk.Call) (tags []string, byTag map[string][]operation) {
	byTag = map[string][]operation{}
	for _, path := range c.Names("result.paths") {
		for _, method := range methods {
			at := member("result.paths", path) + "." + method
			if c.Get(at).IsAbsent() {
				continue
			}
			tag := c.Get(at + ".tags.0").String()
			if !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
			byTag[tag] = append(byTag[tag], operation{method, path, at})
		}
	}
	return tags, byTag
}

// member is the path of a member whose name may have dots in it.
func member(path, name string) string {
	return path + "." + strings.NewReplacer(`\`, `\\`, ".", `\.`).Replace(name)
}

func show(c *sdk.Call, w *strings.Builder, op operation) {
	w.WriteString("<details><summary><b>" + strings.ToUpper(op.method) + "</b> <code>")
	escape(w, op.path)
	w.WriteString("</code> ")
	escape(w, c.Get(op.at+".summary").String())
	w.WriteString("</summary><div>\n")
	if text := c.Get(op.at + ".description").String(); text != "" {
		w.WriteString("<p>")
		escape(w, text)
		w.WriteString("</p>\n")
	}
	parameters(c, w, op.at+".parameters")
	for _, media := range c.Names(op.at + ".requestBody.content") {
		w.WriteString("<p>Body, <code>")
		escape(w, media)
		w.WriteString("</code></p>\n")
		schema(c, w, member(op.at+".requestBody.content", media)+".schema")
	}
	w.WriteString("<p>Answers</p>\n<dl>\n")
	for _, status := range c.Names(op.at + ".responses") {
		at := member(op.at+".responses", status)
		w.WriteString("<dt>")
		escape(w, status)
		w.WriteString("</dt><dd>")
		escape(w, c.Get(at+".description").String())
		w.WriteString("</dd>\n")
		if body := at + `.content.application/json.schema`; status < "3" && !c.Get(body).IsAbsent() {
			w.WriteString("<dd>")
			schema(c, w, body)
			w.WriteString("</dd>\n")
		}
	}
	w.WriteString("</dl></div></details>\n")
}

func parameters(c *sdk.Call, w *strings.Builder, at string) {
	if c.Get(at + ".0").IsAbsent() {
		return
	}
	w.WriteString("<p>Parameters</p>\n<dl>\n")
	for i := int64(0); ; i++ {
		p := at + "." + sdk.Int(i).Text()
		if c.Get(p).IsAbsent() {
			break
		}
		w.WriteString("<dt><code>")
		escape(w, c.Get(p+".name").String())
		w.WriteString("</code>, ")
		escape(w, c.Get(p+".in").String())
		if c.Get(p + ".required").IsTrue() {
			w.WriteString(", required")
		}
		w.WriteString("</dt><dd>")
		escape(w, c.Get(p+".description").String())
		w.WriteString("</dd>\n")
	}
	w.WriteString("</dl>\n")
}

func schema(c *sdk.Call, w *strings.Builder, at string) {
	w.WriteString("<pre>")
	escape(w, indent(c.Get(at).Text()))
	w.WriteString("</pre>")
}

// escape writes text so that it is text in HTML, attributes included.
func escape(w *strings.Builder, text string) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '<':
			w.WriteString("&lt;")
		case '>':
			w.WriteString("&gt;")
		case '&':
			w.WriteString("&amp;")
		case '"':
			w.WriteString("&#34;")
		case '\'':
			w.WriteString("&#39;")
		default:
			w.WriteByte(text[i])
		}
	}
}

// indent breaks compact JSON into lines.
func indent(text string) string {
	var w strings.Builder
	depth, quoted := 0, false
	line := func() {
		w.WriteByte('\n')
		w.WriteString(strings.Repeat("  ", depth))
	}
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case quoted && b == '\\':
			w.WriteByte(b)
			if i++; i < len(text) {
				w.WriteByte(text[i])
			}
			continue
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if i+1 < len(text) && text[i+1] == b+2 { // empty: "}" and "]" are two further
				w.WriteByte(b)
				i++
				b = text[i]
				break
			}
			w.WriteByte(b)
			depth++
			line()
			continue
		case b == '}' || b == ']':
			depth--
			line()
		case b == ',':
			w.WriteByte(b)
			line()
			continue
		case b == ':':
			w.WriteString(": ")
			continue
		}
		w.WriteByte(b)
	}
	return w.String()
}
