package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"
)

// mailTimeout bounds the wait for a mail.
const mailTimeout = 10 * time.Second

// mailbox is a mail server that keeps the tokens of reset mails. It tells mails
// apart by the request that asked for them: a server that was killed, or whose disk
// was set back, sends a mail again, perhaps when the user has asked for another.
type mailbox struct {
	listener net.Listener
	mu       sync.Mutex
	tokens   map[string]chan string // by number of the request
}

func newMailbox() (*mailbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &mailbox{listener: l, tokens: map[string]chan string{}}
	go m.accept()
	return m, nil
}

func (m *mailbox) close() error { return m.listener.Close() }

// section is the configuration of mail.
func (m *mailbox) section() string {
	return fmt.Sprintf("mail: {from: torture@example.com, smtp: {host: 127.0.0.1, port: %d, tls: none}}\n", m.listener.Addr().(*net.TCPAddr).Port)
}

// of returns where the token goes that a request asked for.
func (m *mailbox) of(request string) chan string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens[request] == nil {
		m.tokens[request] = make(chan string, 1)
	}
	return m.tokens[request]
}

// await returns the token that was mailed because of a request.
func (m *mailbox) await(ctx context.Context, request string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	select {
	case token := <-m.of(request):
		return token, nil
	case <-ctx.Done():
		return "", fmt.Errorf("%w: no mail came", errGone)
	}
}

func (m *mailbox) accept() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return // closed
		}
		go m.serve(conn)
	}
}

// resetLink finds the token in a mail, and the number of the request in the address
// that the link leads to (see resetPage).
var resetLink = regexp.MustCompile(`/reset-password/([A-Za-z0-9_-]+)\?\S*reset-([0-9]+)`)

// resetPage is the path of the page that a reset link of a request leads to.
func resetPage(request string) string { return "/reset-" + request }

// serve speaks as much of SMTP (RFC 5321) as the server asks for.
func (m *mailbox) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 torture")
	for lines.Scan() {
		verb, _, _ := strings.Cut(lines.Text(), " ")
		switch strings.ToUpper(verb) {
		case "DATA":
			say("354 go")
			m.keep(lines)
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// keep reads a mail, whose lines may be wrapped as quoted-printable.
func (m *mailbox) keep(lines *bufio.Scanner) {
	var text strings.Builder
	for lines.Scan() && lines.Text() != "." {
		line, soft := strings.CutSuffix(lines.Text(), "=")
		text.WriteString(line)
		if !soft {
			text.WriteByte('\n')
		}
	}
	if found := resetLink.FindStringSubmatch(text.String()); found != nil {
		select {
		case m.of(found[2]) <- found[1]:
		default: // the same mail again
		}
	}
}
