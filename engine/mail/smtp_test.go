package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/postbox"
)

// smtpServer is a mail server for one connection after the other. It speaks
// as much of RFC 5321 as a client needs.
type smtpServer struct {
	listener net.Listener
	tls      *tls.Config // for STARTTLS and implicit TLS
	implicit bool
	startTLS bool
	rcpt     string // answer to RCPT; default 250
	received chan smtpMail
}

type smtpMail struct {
	from, to, auth, data string
	encrypted            bool
}

func startSMTP(t *testing.T, s *smtpServer) (port int, roots *x509.CertPool) {
	t.Helper()
	web := httptest.NewUnstartedServer(nil) // for its certificate
	web.StartTLS()
	t.Cleanup(web.Close)
	roots = x509.NewCertPool()
	roots.AddCert(web.Certificate())
	s.tls = &tls.Config{Certificates: web.TLS.Certificates}
	s.received = make(chan smtpMail, 10)
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.listener.Close() })
	go func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s.listener.Addr().(*net.TCPAddr).Port, roots
}

func (s *smtpServer) serve(conn net.Conn) {
	defer conn.Close()
	var m smtpMail
	if s.implicit {
		conn, m.encrypted = tls.Server(conn, s.tls), true
	}
	r := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 test")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-test")
			if s.startTLS && !m.encrypted {
				say("250-STARTTLS")
			}
			say("250-AUTH PLAIN")
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go")
			conn, m.encrypted = tls.Server(conn, s.tls), true
			r = bufio.NewReader(conn)
		case "AUTH":
			m.auth = rest
			say("235 welcome")
		case "MAIL":
			m.from = rest
			say("250 ok")
		case "RCPT":
			m.to = rest
			if s.rcpt != "" {
				say(s.rcpt)
			} else {
				say("250 ok")
			}
		case "DATA":
			say("354 go")
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				m.data += line
			}
			say("250 ok")
			s.received <- m
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestSMTP(t *testing.T) {
	for _, mode := range []string{NoTLS, StartTLS, ImplicitTLS} {
		t.Run(mode, func(t *testing.T) {
			server := &smtpServer{implicit: mode == ImplicitTLS, startTLS: mode == StartTLS}
			port, roots := startSMTP(t, server)
			c := SMTPConfig{Host: "127.0.0.1", Port: port, TLS: mode, From: "App <app@example.com>"}
			if mode != NoTLS {
				c.TLSConfig = &tls.Config{RootCAs: roots, ServerName: "example.com"}
				c.Username, c.Password = "user", "pass"
			}
			sender, err := NewSMTP(c)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			if err := sender.Send(t.Context(), Message{To: "a@example.com", Subject: "Grüße\r\nBcc: evil@example.com", Text: "Hello\n.\nQUIT\n", HTML: "<p>Hello</p>", CreatedAt: at}); err != nil {
				t.Fatal(err)
			}
			checkMail(t, <-server.received, mode)
		})
	}
}

func checkMail(t *testing.T, got smtpMail, mode string) {
	t.Helper()
	if want := mode != NoTLS; got.encrypted != want {
		t.Errorf("encrypted: %v", got.encrypted)
	}
	if mode != NoTLS && got.auth != "PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00user\x00pass")) {
		t.Errorf("auth: %q", got.auth)
	}
	if !strings.HasPrefix(got.from, "FROM:<app@example.com>") || !strings.HasPrefix(got.to, "TO:<a@example.com>") {
		t.Errorf("from %q to %q", got.from, got.to)
	}
	m, err := netmail.ReadMessage(strings.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Grüße  Bcc: evil@example.com" || m.Header.Get("Bcc") != "" {
		t.Errorf("subject %q, %v; Bcc %q", subject, err, m.Header.Get("Bcc"))
	}
	if m.Header.Get("Date") != "Fri, 02 Jan 2026 03:04:05 +0000" || m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Message-ID") == "" {
		t.Errorf("headers: %v", m.Header)
	}
	body, err := io.ReadAll(m.Body)
	if err != nil || !strings.Contains(string(body), "QUIT") || !strings.Contains(string(body), "<p>Hello</p>") {
		t.Errorf("body %q, %v", body, err)
	}
}

func TestSMTPFaults(t *testing.T) {
	for name, c := range map[string]struct {
		server    *smtpServer
		message   Message
		tls       string
		permanent bool
	}{
		"no STARTTLS":            {&smtpServer{}, Message{To: "a@example.com"}, StartTLS, false},
		"certificate of another": {&smtpServer{startTLS: true}, Message{To: "a@example.com"}, StartTLS, false},
		"unknown recipient":      {&smtpServer{rcpt: "550 no such user"}, Message{To: "a@example.com"}, NoTLS, true},
		"mailbox busy":           {&smtpServer{rcpt: "450 busy"}, Message{To: "a@example.com"}, NoTLS, false},
		"two addresses":          {&smtpServer{}, Message{To: "a@example.com, b@example.com"}, NoTLS, true},
		"bad sender":             {&smtpServer{}, Message{To: "a@example.com", From: "x\r\ny"}, NoTLS, true},
	} {
		t.Run(name, func(t *testing.T) {
			port, _ := startSMTP(t, c.server)
			sender, err := NewSMTP(SMTPConfig{Host: "127.0.0.1", Port: port, TLS: c.tls, From: "app@example.com", Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			if err := sender.Send(t.Context(), c.message); err == nil || postbox.IsFinal(err) != c.permanent {
				t.Errorf("%v, final: %v", err, postbox.IsFinal(err))
			}
			if len(c.server.received) > 0 {
				t.Error("a mail was sent")
			}
		})
	}
}

func TestSMTPObeysContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	sender, err := NewSMTP(SMTPConfig{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, TLS: NoTLS, From: "app@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := sender.Send(ctx, Message{To: "a@example.com"}); !errors.Is(err, context.DeadlineExceeded) || postbox.IsFinal(err) {
		t.Errorf("got %v", err)
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	for name, c := range map[string]SMTPConfig{
		"no sender":  {Host: "h"},
		"bad sender": {Host: "h", From: "nobody"},
		"no host":    {From: "a@example.com"},
		"TLS mode":   {Host: "h", From: "a@example.com", TLS: "maybe"},
		"port":       {Host: "h", From: "a@example.com", Port: 70000},
	} {
		if _, err := NewSMTP(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
