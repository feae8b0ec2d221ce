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
	"runtime"
	"strconv"
	"time"

	"github.com/authhost/authhost/internal/testcache"
)

const (
	// remindEvery is how often a run says that it goes on.
	remindEvery = 10 * time.Second
	// perProcessor is how many packages are tested at the same time, for each
	// processor. Some of them wait for the disk or for a time to pass.
	perProcessor = 2
	// oneThread runs the compiler and the linker with one thread each. Several of them
	// run at the same time, and threads that look for work cost a sixth of what they do.
	oneThread = "env GOMAXPROCS=1"
)

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
	packages := strconv.Itoa(perProcessor * runtime.NumCPU())
	command := exec.Command("go", append([]string{"test", "-json", "-p", packages, "-toolexec", oneThread}, args...)...)
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
