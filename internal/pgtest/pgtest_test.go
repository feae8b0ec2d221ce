package pgtest_test

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/internal/pgtest"
)

// TestStart: each test has a database of its own.
func TestStart(t *testing.T) {
	for range 2 {
		conn, err := pgx.Connect(t.Context(), pgtest.Start(t))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context()) //nolint:errcheck // nothing depends on it
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (id int)"); err != nil {
			t.Error(err)
		}
	}
}

func TestStartOwn(t *testing.T) {
	var dir string
	t.Run("server", func(t *testing.T) {
		u, err := url.Parse(pgtest.StartOwn(t))
		if err != nil {
			t.Fatal(err)
		}
		dir = u.Query().Get("host")
		conn, err := net.Dial("unix", filepath.Join(dir, ".s.PGSQL.5432"))
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if dir == "" {
		t.Skip("PostgreSQL is not installed")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there after the test: %v", err)
	}
}
