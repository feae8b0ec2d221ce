package redistest

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const startTimeout = 30 * time.Second

// Server is a running Redis.
type Server struct {
	// URL is where it listens.
	URL string

	t      testing.TB
	socket string
	cmd    *exec.Cmd
}

// Start starts a server for one test; it stops when the test ends. The test
// is skipped where Redis is not installed.
func Start(t testing.TB) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("Redis is not installed: apt-get install redis-server")
	}
	s := &Server{t: t, socket: filepath.Join(t.TempDir(), "redis.sock")}
	s.URL = "unix://" + s.socket
	s.cmd = exec.Command(binary, "--port", "0", "--unixsocket", s.socket, "--save", "", "--appendonly", "no", "--dir", filepath.Dir(s.socket))
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	for end := time.Now().Add(startTimeout); ; {
		if answer := s.ask("PING"); strings.HasPrefix(answer, "+PONG") {
			return s
		}
		if time.Now().After(end) {
			t.Fatal("Redis does not answer")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ask sends one command and returns the first line of the answer, "" if there
// is none.
func (s *Server) ask(command string) string {
	conn, err := net.DialTimeout("unix", s.socket, time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		return ""
	}
	buf := make([]byte, 64)
	n, _ := conn.Read(buf)
	return string(buf[:n])
}

// Stop ends the server; what it had is gone.
func (s *Server) Stop() {
	if s.cmd.Process != nil && s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// Flush empties it.
func (s *Server) Flush() {
	s.t.Helper()
	if answer := s.ask("FLUSHALL"); !strings.HasPrefix(answer, "+OK") {
		s.t.Fatalf("FLUSHALL: %q", answer)
	}
}
