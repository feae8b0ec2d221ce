package pgtest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Message is a message of PostgreSQL's protocol, version 3, on its way through
// a Proxy.
type Message struct {
	// FromServer tells the direction.
	FromServer bool
	// Type is the message's type byte, 0 for the first one of a connection.
	Type byte
	// Body is what follows the length.
	Body []byte
}

// Proxy stands between clients and a server. It hands every message to a
// function, which decides whether the message arrives; one that does not takes
// its connection with it, on both sides. It is safe for concurrent use.
type Proxy struct {
	dir      string
	upstream string // the server's socket
	listener net.Listener

	mu      sync.Mutex
	pass    func(Message) bool
	stalled chan struct{} // closed when messages flow again; nil while they do
	conns   map[net.Conn]bool
	closed  bool
	running sync.WaitGroup
}

// maxMessage bounds the messages that a Proxy reads, in bytes.
const maxMessage = 64 << 20

var errLost = errors.New("pgtest: the message was lost")

// StartProxy puts a proxy before a server that Start has started, for one test.
func StartProxy(t testing.TB, serverURL string) *Proxy {
	t.Helper()
	p, err := NewProxy(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// NewProxy puts a proxy before a server whose URL names a folder of sockets. At
// first it passes everything on.
func NewProxy(serverURL string) (*Proxy, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgproxy-")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", filepath.Join(dir, socketName))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p := &Proxy{dir: dir, upstream: filepath.Join(u.Query().Get("host"), socketName), listener: l, conns: map[net.Conn]bool{}}
	p.running.Go(p.accept)
	return p, nil
}

// URL returns serverURL with the proxy in place of the server.
func (p *Proxy) URL(serverURL string) string {
	u, err := url.Parse(serverURL)
	if err != nil {
		return serverURL
	}
	q := u.Query()
	q.Set("host", p.dir)
	u.RawQuery = q.Encode()
	return u.String()
}

// Decide sets the function that says whether a message arrives; nil lets all of
// them. It is called for one message at a time.
func (p *Proxy) Decide(pass func(Message) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass = pass
}

// Stall keeps all messages back, as a server does that no longer answers, until
// Resume. Connections stay open, and new ones are accepted.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled == nil {
		p.stalled = make(chan struct{})
	}
}

// Resume ends Stall.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled != nil {
		close(p.stalled)
		p.stalled = nil
	}
}

// Close ends every connection and removes the socket.
func (p *Proxy) Close() error {
	p.Resume()
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
	return errors.Join(err, os.RemoveAll(p.dir))
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("unix", p.upstream)
		if err != nil {
			_ = client.Close()
			continue
		}
		if !p.keep(client, server) {
			return
		}
		p.running.Go(func() { p.relay(server, client, false) })
		p.running.Go(func() { p.relay(client, server, true) })
	}
}

// keep notes connections that Close has to end; it reports whether there is
// still something to do.
func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
		if p.closed {
			_ = c.Close()
		}
	}
	return !p.closed
}

// relay passes messages on until one is lost or a side is gone, and then ends
// both.
func (p *Proxy) relay(to, from net.Conn, fromServer bool) {
	m, err := Message{FromServer: fromServer}, error(nil)
	for first := !fromServer; err == nil; first = false {
		var raw []byte
		if raw, err = m.read(from, first); err == nil {
			err = p.forward(to, m, raw)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range []net.Conn{to, from} {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// read reads one message and returns all of its bytes.
func (m *Message) read(from io.Reader, first bool) ([]byte, error) {
	head := make([]byte, 5)
	if first {
		head = head[1:] // no type
	}
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	m.Type = 0
	if !first {
		m.Type = head[0]
	}
	size := binary.BigEndian.Uint32(head[len(head)-4:])
	if size < 4 || size > maxMessage {
		return nil, errors.New("pgtest: this is not PostgreSQL's protocol")
	}
	raw := append(head, make([]byte, size-4)...)
	m.Body = raw[len(head):]
	_, err := io.ReadFull(from, m.Body)
	return raw, err
}

func (p *Proxy) forward(to io.Writer, m Message, raw []byte) error {
	p.mu.Lock()
	stalled := p.stalled
	p.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	p.mu.Lock()
	lost := p.pass != nil && !p.pass(m)
	p.mu.Unlock()
	if lost {
		return errLost
	}
	_, err := to.Write(raw)
	return err
}
