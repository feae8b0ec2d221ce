package main

import (
	"html"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// pageStyle is all that the page of a link looks like. The manifest has its
// SHA-256, so that no other style counts; a test compares.
const pageStyle = `:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto 0;padding:0 1.5rem;overflow-wrap:anywhere}
h1{font-size:1.5rem}
button{font:inherit;padding:.5rem 1rem}`

// confirmPage is a page with one button, which sends the token of the link to the
// page's own path. It works without scripts. The texts come from the tenant and from the token; the
// target was checked by the host.
func (l link) confirmPage(c *sdk.Call, token string) string {
	app := c.Tenant("appName").String()
	title, text, button := "Verify your e-mail address", l.user.Email+" is the e-mail address of your "+app+" account.", "Verify e-mail address"
	switch l.step {
	case confirmChange:
		title, button = "Change your e-mail address", "Confirm the change"
		text = "Somebody asked to change the e-mail address of your " + app + " account from " + l.user.Email + " to " + l.updateTo + ". Confirm it only if it was you."
	case verifyChange:
		text = l.updateTo + " becomes the e-mail address of your " + app + " account."
	}
	var w strings.Builder
	write := func(before, text string) { w.WriteString(before + html.EscapeString(text)) }
	write("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>", title)
	write("</title>\n<style>"+pageStyle+"</style>\n</head>\n<body>\n<main>\n<h1>", title)
	write("</h1>\n<p>", text)
	write("</p>\n<form method=\"post\" action=\"verify-email\">\n<input type=\"hidden\" name=\"token\" value=\"", token)
	if l.page != "" {
		write("\">\n<input type=\"hidden\" name=\"callbackURL\" value=\"", l.page)
	}
	write("\">\n<button>", button)
	w.WriteString("</button>\n</form>\n</main>\n</body>\n</html>\n")
	return w.String()
}
