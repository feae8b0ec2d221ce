// Command cmd starts a throwaway PostgreSQL, prints its URL, and stops it when
// standard input ends. Exit status 3 means that PostgreSQL is not installed.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/authhost/authhost/internal/pgtest"
)

const exitNotInstalled = 3

func main() {
	s, err := pgtest.New()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, pgtest.ErrNotInstalled) {
			os.Exit(exitNotInstalled)
		}
		os.Exit(1)
	}
	fmt.Println(s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
