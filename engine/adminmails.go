package engine

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
)

//go:embed mails.html
var mailsSource string

var mailsPage = template.Must(template.New("mails").Parse(mailsSource))

// Policies of the pages with mails. What plugins and users wrote runs nothing
// and loads nothing: the HTML of a mail is in a frame with neither scripts nor
// the origin of the listener.
const (
	mailsPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	mailPolicy  = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
)

// adminMails shows the mails of the development outbox, the newest first.
func (e *Engine) adminMails(w http.ResponseWriter, r *http.Request) {
	list := e.mails(r.URL.Query().Get("tenant"))
	slices.Reverse(list)
	var page bytes.Buffer
	if err := mailsPage.Execute(&page, list); err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	writePage(w, mailsPolicy, page.Bytes())
}

// adminMail shows the HTML part of a mail as its recipient sees it.
func (e *Engine) adminMail(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("number"))
	if err == nil && e.outbox != nil {
		if m, ok := e.outbox.Find(number); ok && m.HTML != "" {
			writePage(w, mailPolicy, []byte(m.HTML))
			return
		}
	}
	answer(w, http.StatusNotFound, map[string]string{"error": "no such mail, or it has no HTML"})
}

func writePage(w http.ResponseWriter, policy string, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(page)
}
