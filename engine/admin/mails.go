package admin

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/sms"
)

//go:embed mails.html
var mailsSource string

var mailsTemplate = template.Must(template.New("mails").Parse(mailsSource))

// Policies of the pages with mails. What plugins and users wrote runs nothing
// and loads nothing: the HTML of a mail is in a frame with neither scripts nor
// the origin of the listener.
const (
	mailsPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	mailPolicy  = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
)

// sent is a mail or a text message of the caught mails and text messages: one of both.
type sent struct {
	Mail *mail.Message
	SMS  *sms.Message
}

// at is when it was asked for.
func (s sent) at() time.Time {
	if s.SMS != nil {
		return s.SMS.CreatedAt
	}
	return s.Mail.CreatedAt
}

// MarshalJSON writes what it is.
func (s sent) MarshalJSON() ([]byte, error) {
	if s.SMS != nil {
		return json.Marshal(s.SMS)
	}
	return json.Marshal(s.Mail)
}

// sent lists the mails and text messages of a tenant that were caught, or with ""
// all, oldest first.
func (l *listener) sent(tenant string) []sent {
	list := []sent{}
	if l.Mails != nil {
		for _, m := range l.Mails.List() {
			if tenant == "" || m.Tenant == tenant {
				list = append(list, sent{Mail: &m})
			}
		}
	}
	if l.Messages != nil {
		for _, m := range l.Messages.List() {
			if tenant == "" || m.Tenant == tenant {
				list = append(list, sent{SMS: &m})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b sent) int { return a.at().Compare(b.at()) })
	return list
}

// clearSent forgets what a tenant sent, or with "" everything.
func (l *listener) clearSent(tenant string) {
	if l.Mails != nil {
		l.Mails.Clear(tenant)
	}
	if l.Messages != nil {
		l.Messages.Clear(tenant)
	}
}

// listSent lists the caught mails and text messages, the oldest first.
func (l *listener) listSent(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, l.sent(r.URL.Query().Get("tenant")))
}

func (l *listener) forgetSent(w http.ResponseWriter, r *http.Request) {
	l.clearSent(r.URL.Query().Get("tenant"))
	w.WriteHeader(http.StatusNoContent)
}

// mailsPage shows the caught mails and text messages as a page, the newest first.
func (l *listener) mailsPage(w http.ResponseWriter, r *http.Request) {
	list := l.sent(r.URL.Query().Get("tenant"))
	slices.Reverse(list)
	var page bytes.Buffer
	if err := mailsTemplate.Execute(&page, list); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	writePage(w, mailsPolicy, page.Bytes())
}

// mailPage shows the HTML part of a mail as its recipient sees it.
func (l *listener) mailPage(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("number"))
	if err == nil && l.Mails != nil {
		if m, ok := l.Mails.Find(number); ok && m.HTML != "" {
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
