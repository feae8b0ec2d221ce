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

// mailbox is a mail server that keeps the tokens of reset mails.
type mailbox struct {
	listener net.Listener
	mu       sync.Mutex
	tokens   map[string]chan string // by address
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

func (m *mailbox) of(address string) chan string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens[address] == nil {
		m.tokens[address] = make(chan string, 100)
	}
	return m.tokens[address]
}

// await returns the next token that was mailed to an address.
func (m *mailbox) await(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	select {
	case token := <-m.of(address):
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

// resetLink finds the token in a mail, whose lines may be wrapped as
// quoted-printable.
var resetLink = regexp.MustCompile(`/reset-password/([A-Za-z0-9_-]+)`)

// serve speaks as much of SMTP (RFC 5321) as the server asks for.
func (m *mailbox) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 torture")
	var to string
	for lines.Scan() {
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		switch strings.ToUpper(verb) {
		case "RCPT":
			_, address, _ := strings.Cut(rest, "<")
			to, _, _ = strings.Cut(address, ">")
			say("250 ok")
		case "DATA":
			say("354 go")
			m.keep(to, lines)
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// keep reads a mail.
func (m *mailbox) keep(to string, lines *bufio.Scanner) {
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
		case m.of(to) <- found[1]:
		default: // nobody reads that many
		}
	}
}
