package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// ErrNotInstalled says that PostgreSQL's server binaries are not there.
var ErrNotInstalled = errors.New("PostgreSQL is not installed: apt-get install postgresql-15")

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
	// socketName is the socket's name for PostgreSQL's default port, which
	// is only a part of the name here.
	socketName = ".s.PGSQL.5432"
)

// Server is a running PostgreSQL.
type Server struct {
	dir   string
	guard *exec.Cmd
	stdin io.Closer
	log   bytes.Buffer
}

// Start starts a server for one test and returns its URL; it stops when the
// test ends. The test is skipped when PostgreSQL is not installed.
func Start(t testing.TB) string {
	t.Helper()
	s, err := New()
	if errors.Is(err, ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s.URL()
}

// New makes a cluster in a temporary folder and starts it.
func New() (*Server, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: the path of a unix socket has at most 107 bytes.
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.start(bin); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// URL returns the address for clients: superuser "postgres", no password,
// database "postgres".
func (s *Server) URL() string {
	return "postgres://postgres@/postgres?host=" + url.QueryEscape(s.dir)
}

// findBinaries returns the folder of the newest installed server.
func findBinaries() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(initdb), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", ErrNotInstalled
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// guardScript runs the server in the background and stops it when its own
// standard input ends: on Stop, or because this process is gone.
const guardScript = `"$0" "$@" & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid`

func (s *Server) start(bin string) error {
	account, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	if err := newCluster(bin, data, account); err != nil {
		return err
	}
	// Tests do not outlive the machine: nothing needs to reach the disk.
	s.guard = exec.Command("sh", "-c", guardScript, filepath.Join(bin, "postgres"), "-D", data, "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	account.apply(s.guard)
	s.guard.Dir = s.dir
	s.guard.Stdout, s.guard.Stderr = &s.log, &s.log
	if s.stdin, err = s.guard.StdinPipe(); err != nil {
		return err
	}
	if err := s.guard.Start(); err != nil {
		return err
	}
	return s.awaitReady(bin, account)
}

// awaitReady asks the server until it takes connections.
func (s *Server) awaitReady(bin string, account account) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ready := exec.CommandContext(ctx, filepath.Join(bin, "pg_isready"), "-q", "-h", s.dir)
		account.apply(ready)
		if ready.Run() == nil {
			conn, err := net.Dial("unix", filepath.Join(s.dir, socketName))
			if err == nil {
				return conn.Close()
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not become ready within %v", startTimeout)
		case <-tick.C:
		}
	}
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	var err error
	if s.guard != nil && s.guard.Process != nil {
		late := time.AfterFunc(stopTimeout, func() { _ = s.guard.Process.Kill() })
		defer late.Stop()
		_ = s.stdin.Close()
		// The exit status is that of a server that was interrupted.
		var exit *exec.ExitError
		if err = s.guard.Wait(); errors.As(err, &exit) {
			err = nil
		}
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// account is the user that the server runs as; PostgreSQL refuses to run as
// root.
type account struct {
	switchUser bool
	uid, gid   uint32
}

// unprivileged returns the account to use and gives it the folder.
func unprivileged(dir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return account{}, err
		}
		return account{true, uint32(uid), uint32(gid)}, os.Chown(dir, int(uid), int(gid))
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}
