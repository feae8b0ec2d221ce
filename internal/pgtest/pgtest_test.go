package pgtest_test

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/authhost/authhost/internal/pgtest"
)

func TestStart(t *testing.T) {
	var dir string
	t.Run("server", func(t *testing.T) {
		u, err := url.Parse(pgtest.Start(t))
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
