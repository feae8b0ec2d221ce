//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/authhost/authhost/internal/testcache"
	"github.com/authhost/authhost/plugins"
)

// service is the program with sockets that outlive it, as systemd has them.
type service struct {
	t       *testing.T
	dir     string
	cache   string // see testcache
	public  net.Listener
	admin   net.Listener
	sockets []*os.File
	within  string // a command that runs the program; "" for none
	process *exec.Cmd
	out     output
}

// output is what a process has printed.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) count(text string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Count(o.text.String(), text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func newService(t *testing.T) *service {
	cache, err := testcache.Dir()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, dir: t.TempDir(), cache: cache}
	for _, l := range []*net.Listener{&s.public, &s.admin} {
		var err error
		if *l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		f, err := (*l).(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		s.sockets = append(s.sockets, f)
		t.Cleanup(func() { (*l).Close(); f.Close() })
	}
	text := fmt.Sprintf(`server: {listen: %q, admin: %q, dataDir: data, development: true, drainTime: 500ms}
tenants:
  - id: main
    baseURL: http://%s
    rateLimit: {enabled: false}
    plugins:
      - id: email-password
      - id: convex
        config: {algorithm: ES256}
`, s.public.Addr(), s.admin.Addr(), s.public.Addr())
	if err := os.WriteFile(filepath.Join(s.dir, "authhost.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// start starts the program and waits until it serves.
func (s *service) start() {
	s.t.Helper()
	s.process = exec.Command("sh", "-c", "LISTEN_PID=$$ exec "+s.within+" authhost serve")
	s.process.Dir, s.process.ExtraFiles = s.dir, s.sockets
	s.process.Env = append(os.Environ(), "LISTEN_FDS=2", testcache.EnvDir+"="+s.cache)
	s.process.Stdout, s.process.Stderr = &s.out, &s.out
	before := s.out.count("ready in ")
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.until("ready in ", before+1)
}

// until waits until the program has printed a text so many times.
func (s *service) until(text string, times int) {
	s.t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(startTimeout)
	defer tick.Stop()
	for s.out.count(text) < times {
		select {
		case <-tick.C:
		case <-late:
			s.t.Fatalf("no %q in:\n%s", text, s.out.String())
		}
	}
}

// stop ends the program as service managers do. Before it is gone, it says that
// it is not ready.
func (s *service) stop() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	res, err := http.Get("http://" + s.admin.Addr().String() + "/readyz")
	for err == nil && res.StatusCode == http.StatusOK {
		res.Body.Close()
		res, err = http.Get("http://" + s.admin.Addr().String() + "/readyz")
	}
	if err != nil || res.StatusCode != http.StatusServiceUnavailable {
		s.t.Errorf("while it stops, /readyz says %v, %v", res, err)
	}
	if err := s.process.Wait(); err != nil {
		s.t.Errorf("it ended with %v:\n%s", err, s.out.String())
	}
}

// client asks over one connection for as long as the server keeps it.
type client struct {
	addr, cookie string
	conn         net.Conn
	in           *bufio.Reader
}

func (c *client) get(path string) (body string, err error) {
	if c.conn == nil {
		if c.conn, err = net.Dial("tcp", c.addr); err != nil {
			return "", err
		}
		c.in = bufio.NewReader(c.conn)
	}
	if err := c.conn.SetDeadline(time.Now().Add(startTimeout)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", path, c.addr, c.cookie); err != nil {
		return "", err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.Close {
		c.conn.Close()
		c.conn = nil
	}
	if res.StatusCode != http.StatusOK || string(text) == "null" {
		err = fmt.Errorf("%s %s", res.Status, text)
	}
	return string(text), err
}

// TestRestartUnderLoad reloads and restarts the server while clients with
// keep-alive ask for their session and for tokens. None of them sees a
// connection refused or reset, an error of the server's, or a session that is
// gone.
func TestRestartUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("it is a load of seconds; SHORT= runs it")
	}
	if _, err := plugins.Module("convex"); err != nil {
		t.Skipf("%v: run make plugins", err)
	}
	s := newService(t)
	s.start()
	addr := s.public.Addr().String()
	res, err := http.Post("http://"+addr+"/api/auth/sign-up/email", "application/json", strings.NewReader(`{"name":"Ada","email":"ada@example.com","password":"correct-horse-1"}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	var cookies []string
	for _, c := range res.Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	var done atomic.Bool
	var answers atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			c := &client{addr: addr, cookie: strings.Join(cookies, "; ")}
			for i := 0; !done.Load(); i++ {
				path := []string{"/api/auth/get-session", "/api/auth/convex/token"}[i%2]
				if _, err := c.get(path); err != nil {
					t.Errorf("%s: %v", path, err)
					return
				}
				answers.Add(1)
			}
		})
	}
	for round := 1; round <= 2; round++ {
		if err := s.process.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		s.until("configuration reloaded", round)
		s.stop()
		s.start()
	}
	done.Store(true)
	clients.Wait()
	s.stop()
	t.Logf("%d answers", answers.Load())
}
