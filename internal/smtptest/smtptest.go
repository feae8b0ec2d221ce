package smtptest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// Mail is a mail that was taken.
type Mail struct {
	To   string
	Text string // header and body, as they were sent
}

// Server is a mail server.
type Server struct {
	Port     int
	Received <-chan Mail

	received chan Mail
	mu       sync.Mutex
	answer   func(to string) string
}

// room is for mails that a test has not looked at.
const room = 1000

// Start starts a server that takes everything; it ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &Server{Port: l.Addr().(*net.TCPAddr).Port, received: make(chan Mail, room)}
	s.Received = s.received
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

// Config is the section "mail" of a configuration that uses the server.
func (s *Server) Config() string {
	return fmt.Sprintf("mail: {from: no-reply@app.example, smtp: {host: 127.0.0.1, port: %d, tls: none}}", s.Port)
}

// Answer sets what the server says to a recipient; "" takes the mail. It may
// block.
func (s *Server) Answer(f func(to string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func (s *Server) recipient(to string) string {
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		if said := answer(to); said != "" {
			return said
		}
	}
	return "250 ok"
}

// serve speaks just enough of RFC 5321.
func (s *Server) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 test")
	var to string
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "RCPT":
			_, to, _ = strings.Cut(rest, "<")
			to, _, _ = strings.Cut(to, ">")
			say(s.recipient(to))
		case "DATA":
			say("354 go on")
			text, err := content(in)
			if err != nil {
				return
			}
			s.received <- Mail{to, text}
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default: // EHLO, MAIL, RSET, NOOP
			say("250 ok")
		}
	}
}

// content reads a mail up to the line with nothing but a dot.
func content(in *bufio.Reader) (string, error) {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return text.String(), err
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
}
