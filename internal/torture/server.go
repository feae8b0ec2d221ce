package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout bounds a start; the first one compiles the plugins.
	startTimeout = 3 * time.Minute
	// pollEvery is how often a starting server is asked whether it is up.
	pollEvery = 10 * time.Millisecond
)

// server is the binary with a configuration and data of its own.
type server struct {
	binary, dir string
	base        string // URL of the tenant's endpoints
	origin      string
	database    *database // nil: the embedded store
	mails       *mailbox
	took        time.Duration // of the last start

	process *exec.Cmd
	exited  chan struct{}
	output  bytes.Buffer
}

// configure writes a configuration for a free port.
func (s *server) configure() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, see crypto/rand
	s.origin = "http://" + address
	s.base = s.origin + "/api/auth"
	text := s.database.section() + s.mails.section() + fmt.Sprintf(`server:
  listen: %s
  admin: ""
  dataDir: ./data
tenants:
  - id: torture
    baseURL: %s
    secret: %s
    rateLimit: {enabled: false}
    plugins:
      - id: email-password
        config: {sendResetPassword: true}
      - id: account
      - id: two-factor
      - id: one-time-token
`, address, s.origin, hex.EncodeToString(secret))
	return os.WriteFile(s.config(), []byte(text), 0o600)
}

func (s *server) config() string { return filepath.Join(s.dir, "authhost.yaml") }

// data returns the folder of the store's files.
func (s *server) data() string { return filepath.Join(s.dir, "data") }

// ours reports whether a file has what the server must not lose.
func (s *server) ours(path string) bool {
	return strings.HasPrefix(path, filepath.Join(s.data(), "tenants")+"/") || path == filepath.Join(s.data(), "tenants.json")
}

// start starts the server and waits until it answers.
func (s *server) start(ctx context.Context) error { return s.run(ctx, s.binary) }

// run starts a command that is followed by the server's arguments, and waits until
// the server answers.
func (s *server) run(ctx context.Context, command ...string) error {
	begin := time.Now()
	s.output.Reset()
	command = append(command, "serve", "--config", s.config())
	s.process = exec.Command(command[0], command[1:]...)
	s.process.Stdout, s.process.Stderr = &s.output, &s.output
	if err := s.process.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func(p *exec.Cmd, exited chan struct{}) {
		_ = p.Wait() // it is killed; its status tells nothing
		close(exited)
	}(s.process, s.exited)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !s.answers(ctx) {
		select {
		case <-tick.C:
		case <-s.exited:
			return fmt.Errorf("the server did not start: %s", s.output.String())
		case <-ctx.Done():
			s.kill()
			return fmt.Errorf("the server did not answer in time: %s", s.output.String())
		}
	}
	s.took = time.Since(begin)
	return nil
}

// answers reports whether the server takes requests.
func (s *server) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/ok", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return true // a tenant whose file is damaged answers 503
}

// kill ends the server as a crash does, and waits until it is gone.
func (s *server) kill() {
	_ = s.process.Process.Kill()
	<-s.exited
}

// stop ends the server as an operator does.
func (s *server) stop(ctx context.Context) error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	s.awaitExit(ctx)
	return ctx.Err()
}

// awaitExit waits until the server is gone, at most as long as a request may
// take.
func (s *server) awaitExit(ctx context.Context) {
	select {
	case <-s.exited:
	case <-time.After(requestTimeout):
	case <-ctx.Done():
	}
}

// check runs the store check on what the killed server left, and returns the
// number of damaged files.
func (s *server) check(ctx context.Context) (bad int, err error) {
	if s.database != nil {
		return 0, nil // the database was not killed
	}
	out, err := exec.CommandContext(ctx, s.binary, "store", "check", s.data()).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, ".db: ") && !strings.HasSuffix(line, ".db: ok\n") {
			bad++
		}
	}
	if err != nil && bad == 0 {
		return 0, fmt.Errorf("store check: %s", out)
	}
	if bad > 0 {
		fmt.Fprintf(os.Stderr, "%s", out)
	}
	return bad, nil
}
