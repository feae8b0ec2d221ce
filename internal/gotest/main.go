// Command gotest runs "go test" and says how far it is: a line for each package
// that is done, with the time since the beginning, and every ten seconds which
// packages are under way. Of a package that fails it prints what the failed tests
// have printed.
//
//	go run ./internal/gotest -short ./...
//
// Before that, it keeps the folder of internal/testcache small.
//
// The arguments are those of "go test"; the last one is the pattern of packages. The
// exit status is that of "go test".
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/authhost/authhost/internal/testcache"
)

// remindEvery is how often a run says that it goes on.
const remindEvery = 10 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			os.Exit(exit.ExitCode())
		}
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("the usage is gotest [flags of go test] PACKAGES")
	}
	if err := testcache.Bound(testcache.Limit); err != nil {
		return err
	}
	command := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	p := newProgress(os.Stdout, time.Now)
	fmt.Println("compiling and testing; the first run on a machine compiles everything and takes longest")
	if err := command.Start(); err != nil {
		return err
	}
	stop := make(chan struct{})
	go func() {
		tick := time.NewTicker(remindEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.remind()
			case <-stop:
				return
			}
		}
	}()
	read := p.read(out)
	close(stop)
	p.end()
	return errors.Join(command.Wait(), read)
}
