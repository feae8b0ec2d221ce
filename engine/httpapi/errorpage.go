package httpapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// ErrorPage is how the page looks that browsers end at when something fails on
// the way and the tenant has no page of its own.
type ErrorPage struct {
	Title    string            // default defaultErrorTitle
	HomeURL  string            // where its link leads; default: the first trusted site, or the base URL
	Style    string            // CSS that comes after the page's own
	Messages map[string]string // texts, by code, in place of errorMessages; "" is for all other codes
}

const defaultErrorTitle = "That did not work"

// errorStyle is what the page looks like without a style of the tenant's.
const errorStyle = `:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto 0;padding:0 1.5rem}
h1{font-size:1.5rem}
a{display:inline-block;margin:.5rem 0;padding:.5rem 1rem;border:1px solid;border-radius:.4rem;color:inherit;text-decoration:none}
code{opacity:.7}`

var errorTemplate = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Message}}</p>
<p><a href="{{.Home}}">Back to {{.App}}</a></p>
{{with .Code}}<p><code>{{.}}</code></p>
{{end}}</main>
</body>
</html>
`))

// errorView is what the template shows. Nothing of it comes from a request: the
// code is one that the tenant or the server has a text for.
type errorView struct {
	Title, Message, App, Code string
	Home                      template.URL // checked with the configuration
	Style                     template.CSS // likewise
}

// errorPages serves /error of a tenant.
type errorPages struct {
	url    string // the tenant's own page; "": there is none
	page   ErrorPage
	view   errorView
	answer *pluginapi.Answer
}

func newErrorPages(c Config) *errorPages {
	style := errorStyle
	if c.ErrorPage.Style != "" {
		style += "\n" + c.ErrorPage.Style
	}
	sum := sha256.Sum256([]byte(style))
	return &errorPages{
		url: c.ErrorURL, page: c.ErrorPage,
		view: errorView{
			Title: cmp.Or(c.ErrorPage.Title, defaultErrorTitle), App: cmp.Or(c.Realm.AppName, "the application"),
			Home: template.URL(homeOf(c)), Style: template.CSS(style),
		},
		answer: &pluginapi.Answer{Type: "text/html", Styles: []string{"sha256-" + base64.StdEncoding.EncodeToString(sum[:])}, Images: true},
	}
}

// homeOf is where the way back leads.
func homeOf(c Config) string {
	if c.ErrorPage.HomeURL != "" {
		return c.ErrorPage.HomeURL
	}
	for _, site := range c.TrustedOrigins {
		if strings.HasPrefix(site, "http") && !strings.ContainsAny(site, "*?") {
			return site
		}
	}
	return c.Realm.BaseURL + "/"
}

var safeErrorCode = regexp.MustCompile(`^['A-Za-z0-9_-]+$`)

// serve ends what failed on the way. The tenant's own page gets the code, if it
// is of a strict form, and what is said beside it. The page of the server shows
// neither: anybody can write both into a link.
func (p *errorPages) serve(_ context.Context, ex *dispatch.Exchange) error {
	code := firstText(ex.Request.Query.Get("error"))
	ex.Response.Header().Set("Cache-Control", "no-store")
	if p.url != "" {
		p.redirect(ex, code)
		return nil
	}
	var page strings.Builder
	if err := errorTemplate.Execute(&page, p.explain(code)); err != nil {
		return fmt.Errorf("httpapi: the error page: %w", err)
	}
	ex.Response.Page, ex.Response.Body = p.answer, document.Text(page.String())
	return nil
}

func (p *errorPages) redirect(ex *dispatch.Exchange, code string) {
	if !safeErrorCode.MatchString(code) {
		code = "UNKNOWN"
	}
	query := "error=" + url.QueryEscape(code)
	if d := firstText(ex.Request.Query.Get("error_description")); d != "" {
		query += "&error_description=" + url.QueryEscape(d)
	}
	separator := "?"
	if strings.Contains(p.url, "?") {
		separator = "&"
	}
	ex.Response.Redirect = p.url + separator + query
	ex.Response.Header()["Content-Type"] = nil // as the reference sends it: none
}

// explain is the page of a code.
func (p *errorPages) explain(code string) errorView {
	v := p.view
	v.Code, v.Message = code, p.page.Messages[code]
	if v.Message == "" {
		v.Message = errorMessages[code]
	}
	if code == "" || v.Message == "" {
		v.Code, v.Message = "", cmp.Or(p.page.Messages[""], otherErrorMessage)
	}
	return v
}

// firstText returns the first value of a query parameter, which may be
// repeated.
func firstText(v document.Value) string {
	if items := v.Items(); len(items) > 0 {
		v = items[0]
	}
	return v.Str()
}
