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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
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

// shared is the server of the tests of this process. Nobody stops it: its guard does
// when the process ends.
var shared = sync.OnceValues(New)

// databases counts those of shared.
var databases atomic.Int64

// Start makes an empty database for one test, in a server that the tests of the
// process share, and returns its URL. The test is skipped when PostgreSQL is not
// installed.
func Start(t testing.TB) string {
	t.Helper()
	s := need(t, shared)
	name := fmt.Sprintf("test%d", databases.Add(1))
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing depends on it
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.databaseURL(name)
}

// StartOwn starts a server for a test that changes its settings, and returns its
// URL; it stops when the test ends. The test is skipped when PostgreSQL is not
// installed.
func StartOwn(t testing.TB) string {
	t.Helper()
	s := need(t, New)
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s.URL()
}

func need(t testing.TB, start func() (*Server, error)) *Server {
	t.Helper()
	s, err := start()
	if errors.Is(err, ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
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
func (s *Server) URL() string { return s.databaseURL("postgres") }

func (s *Server) databaseURL(name string) string {
	return "postgres://postgres@/" + name + "?host=" + url.QueryEscape(s.dir)
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

// guardScript runs the server in the background. When the script's standard input
// ends, by Stop or because this process is gone, it stops the server and removes the
// server's folder, its first argument.
const guardScript = `dir=$0; "$@" & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid; status=$?; rm -rf "$dir"; exit $status`

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
	s.guard = exec.Command("sh", "-c", guardScript, s.dir, filepath.Join(bin, "postgres"), "-D", data, "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	account.apply(s.guard)
	s.guard.Dir = filepath.Dir(s.dir)
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
