package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authhost/authhost/plugins"
)

// Compilers other than Go's are not everywhere: "make examples" names the rest.
var languages = flag.String("languages", "go", "languages in which TestNewProject begins a plugin, with commas")

// TestNewProject begins a plugin in each language and does what its README
// says: builds and tests it, and serves it. It needs make and the compilers.
func TestNewProject(t *testing.T) {
	if testing.Short() {
		t.Skip("compiling takes seconds, and much longer under the race detector")
	}
	if _, err := plugins.Module("email-password"); err != nil {
		t.Skipf("%v: run make plugins", err)
	}
	sdk, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	for language := range strings.SplitSeq(*languages, ",") {
		t.Run(language, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: "testdata/author", RequireExplicitExec: true, Cmds: commands(),
				Condition: func(name string) (bool, error) {
					if name != "go" {
						return false, fmt.Errorf("unknown condition %q", name)
					}
					return language == name, nil
				},
				Setup: func(e *testscript.Env) error {
					// Compilers keep things at home; Go finds nothing elsewhere.
					e.Setenv("HOME", os.Getenv("HOME"))
					e.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
					e.Setenv("GOPROXY", "off")
					for _, name := range []string{"CARGO", "RUSTC", "CFLAGS"} {
						if value, ok := os.LookupEnv(name); ok {
							e.Setenv(name, value)
						}
					}
					e.Setenv("LANGUAGE", language)
					e.Setenv("SDK", sdk)
					return nil
				},
			})
		})
	}
}
