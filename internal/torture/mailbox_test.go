package main

import (
	"fmt"
	"mime/quotedprintable"
	"net/smtp"
	"strings"
	"testing"
)

// TestMailbox sends a mail of an earlier request again, between two requests of the
// same user: each request gets the token that was made for it.
func TestMailbox(t *testing.T) {
	m, err := newMailbox()
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	send := func(token, request string) {
		t.Helper()
		var text strings.Builder
		w := quotedprintable.NewWriter(&text)
		fmt.Fprintf(w, "http://localhost:3000/api/auth/reset-password/%s?callbackURL=http%%3A%%2F%%2Flocalhost%%3A3000%s\r\n",
			token, strings.ReplaceAll(resetPage(request), "/", "%2F"))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		err := smtp.SendMail(m.listener.Addr().String(), nil, "a@example.com", []string{"b@example.com"}, []byte("Subject: Reset\r\n\r\n"+text.String()))
		if err != nil {
			t.Fatal(err)
		}
	}
	send("first-token-of-twenty-four", "1001")
	send("first-token-of-twenty-four", "1001")
	send("second-token-of-24", "1002")
	for request, want := range map[string]string{"1001": "first-token-of-twenty-four", "1002": "second-token-of-24"} {
		if got, err := m.await(t.Context(), request); err != nil || got != want {
			t.Errorf("request %s got the token %q, %v; not %q", request, got, err, want)
		}
	}
}
